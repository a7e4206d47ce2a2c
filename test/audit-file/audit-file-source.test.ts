import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AuditFileOptions,
  AuditFileSource,
  type AuditStatus,
} from '../../agent/sources/audit-file/audit-file-source.ts';
import type { AuditCheckpoint } from '../../agent/sources/audit-file/checkpoint.ts';
import type { AuditBatch } from '../../agent/sources/audit-file/log-reader.ts';
import { CountingDeadLetters, Lab, numberOf, range, silent, useLine } from './lab.ts';

let lab: Lab;
let sources: AuditFileSource[];
let batches: AuditBatch[];
let statuses: AuditStatus[];

beforeEach(() => {
  lab = new Lab();
  sources = [];
  batches = [];
  statuses = [];
});

afterEach(async () => {
  await Promise.all(sources.map((source) => source.stop()));
  lab.remove();
});

function newSource(options: Partial<AuditFileOptions> = {}): AuditFileSource {
  const source = new AuditFileSource({
    path: lab.path,
    // what isn't woken by the kernel would not be seen within a test's time
    pollMs: 600_000,
    settleMs: 1,
    deadLetter: new CountingDeadLetters(),
    onBatch: async (batch) => {
      batches.push(batch);
    },
    onStatus: (status) => statuses.push(status),
    logger: silent,
    ...options,
  });
  sources.push(source);
  return source;
}

const numbers = (): number[] => batches.flatMap((batch) => batch.lines.map(numberOf));
const reasons = (): string[] => statuses.map((status) => status.reason);
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe('AuditFileSource', () => {
  it('is woken by what is appended and by rotation, without polling', async () => {
    lab.appendUses(0, 2);
    await newSource().start();
    lab.appendUses(2, 4);
    await until(() => expect(numbers()).toEqual([2, 3]));
    lab.rotate();
    lab.appendUses(4, 6);
    await until(() => expect(numbers()).toEqual([2, 3, 4, 5]));
    lab.appendUses(6, 8);
    await until(() => expect(numbers()).toEqual(range(2, 8)));
    lab.copy();
    lab.truncate();
    lab.appendUses(8, 9);
    await until(() => expect(numbers()).toEqual(range(2, 9)));
    expect(reasons()).toEqual(['reading']);
  });

  it('polls as a safety net', async () => {
    const folder = join(lab.folder, 'later');
    await newSource({ path: join(folder, 'audit.log'), pollMs: 20 }).start();
    await until(() => expect(reasons()).toEqual(['file-missing']));
    mkdirSync(folder);
    writeFileSync(join(folder, 'audit.log'), `${useLine(0)}\n`);
    await until(() => expect(numbers()).toEqual([0]));
    expect(reasons()).toEqual(['file-missing', 'reading']);
  });

  it('waits for a file that is not there yet, and says that it is blind', async () => {
    const source = newSource();
    await source.start();
    await until(() => expect(reasons()).toEqual(['file-missing']));
    expect(source.status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('file-missing') });
    lab.appendUses(0, 2);
    await until(() => expect(numbers()).toEqual([0, 1]));
    expect(source.status()).toEqual({ state: 'running' });
  });

  it('watches a folder that is replaced', async () => {
    const folder = join(lab.folder, 'logs');
    const path = join(folder, 'audit.log');
    mkdirSync(folder);
    writeFileSync(path, `${useLine(0)}\n`);
    await newSource({ path, fromBeginning: true, pollMs: 50 }).start();
    await until(() => expect(numbers()).toEqual([0]));
    renameSync(folder, join(lab.folder, 'old'));
    mkdirSync(folder);
    writeFileSync(path, `${useLine(1)}\n`);
    await until(() => expect(numbers()).toEqual([0, 1]));
  });

  it('gives the position of a first start at once, and resumes there', async () => {
    lab.appendUses(0, 2);
    const first = newSource();
    await first.start();
    await until(() => expect(batches).toHaveLength(1));
    expect(batches[0]).toMatchObject({ lines: [], linesRead: 0, bytesRead: 0 });
    await first.stop();
    lab.appendUses(2, 4);
    await newSource({ resume: batches[0]?.checkpoint }).start();
    await until(() => expect(numbers()).toEqual([2, 3]));
  });

  it('resumes whatever it had acknowledged, and prefers that to the beginning', async () => {
    lab.appendUses(0, 2);
    const first = newSource({ fromBeginning: true });
    await first.start();
    await until(() => expect(numbers()).toEqual([0, 1]));
    await first.stop();
    lab.appendUses(2, 3);
    lab.compress(lab.rotate());
    lab.appendUses(3, 4);
    await newSource({ fromBeginning: true, resume: batches.at(-1)?.checkpoint }).start();
    await until(() => expect(numbers()).toEqual(range(0, 4)));
  });

  it('has one batch in flight, and reads no further before it is taken', async () => {
    lab.append(
      range(0, 200)
        .map((n) => `${useLine(n)}\n`)
        .join(''),
    );
    let inFlight = 0;
    let most = 0;
    let release: (() => void)[] = [];
    await newSource({
      fromBeginning: true,
      readBytes: 1000,
      onBatch: async (batch) => {
        most = Math.max(most, ++inFlight);
        await new Promise<void>((resolve) => release.push(resolve));
        inFlight--;
        batches.push(batch);
      },
    }).start();
    await until(() => {
      for (const done of release) done();
      release = [];
      expect(numbers()).toEqual(range(0, 200));
    });
    expect(most).toBe(1);
    expect(batches.length).toBeGreaterThan(50);
    for (const batch of batches) expect(batch.bytesRead).toBeLessThan(2000);
  });

  it('stops reading when a batch is refused, and says so', async () => {
    lab.appendUses(0, 100);
    let calls = 0;
    const source = newSource({
      fromBeginning: true,
      readBytes: 2000,
      onBatch: async () => {
        if (++calls === 3) throw new Error('the spool is full');
      },
    });
    await source.start();
    await until(() =>
      expect(statuses.at(-1)).toMatchObject({ reason: 'delivery-refused', detail: 'the spool is full' }),
    );
    expect(source.status().state).toBe('degraded');
    await source.stop();
    expect(calls).toBe(3);
  });

  it('starts and stops idempotently, also at once and without a start', async () => {
    const source = newSource();
    await Promise.all([source.start(), source.start()]);
    await Promise.all([source.stop(), source.stop()]);
    expect(source.status()).toEqual({ state: 'stopped' });
    await newSource().stop();
  });

  it('waits, when it stops, for the batch in flight', async () => {
    lab.appendUses(0, 2);
    const order: string[] = [];
    let take: (() => void) | undefined;
    const source = newSource({
      resume: { version: 1, after: null, file: null },
      onBatch: async () => {
        await new Promise<void>((resolve) => {
          take = resolve;
        });
        order.push('taken');
      },
    });
    await source.start();
    await until(() => expect(take).toBeDefined());
    const stopped = source.stop().then(() => order.push('stopped'));
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(order).toEqual([]);
    take?.();
    await stopped;
    expect(order).toEqual(['taken', 'stopped']);
  });

  it('tells of a gap', async () => {
    lab.appendUses(0, 2);
    const first = newSource({ fromBeginning: true });
    await first.start();
    await until(() => expect(numbers()).toEqual([0, 1]));
    await first.stop();
    rmSync(lab.rotate());
    lab.appendUses(4, 6);
    await newSource({ resume: batches.at(-1)?.checkpoint }).start();
    await until(() => expect(numbers()).toEqual([0, 1, 4, 5]));
    expect(reasons()).toContain('remembered-file-gone');
  });

  it('loses and doubles nothing while the log is written, rotated and compressed, and it is restarted, all at once', async () => {
    const total = 3000;
    let resume: AuditCheckpoint | undefined;
    const taken: number[] = [];
    const startOne = async (): Promise<AuditFileSource> => {
      const source = newSource({
        fromBeginning: true,
        resume,
        readBytes: 5000,
        pollMs: 20,
        onBatch: async (batch) => {
          // durable together, or not at all
          taken.push(...batch.lines.map(numberOf));
          resume = batch.checkpoint;
          await new Promise(setImmediate);
        },
      });
      await source.start();
      return source;
    };

    const write = async (): Promise<void> => {
      const rotated: string[] = [];
      for (let n = 0; n < total; n++) {
        lab.append(`${useLine(n)}\n`);
        if (n % 70 === 69) rotated.push(lab.rotate());
        if (n % 110 === 109) rotated.splice(0, 1).forEach((path) => lab.compress(path));
        if (n % 500 === 499) {
          lab.copy();
          lab.truncate();
        }
        if (n % 5 === 0) await new Promise(setImmediate);
      }
    };
    const read = async (): Promise<void> => {
      while (taken.length < total) {
        const before = taken.length;
        const source = await startOne();
        await until(() => expect(taken.length).toBeGreaterThanOrEqual(Math.min(total, before + 150)));
        await source.stop();
      }
    };
    await Promise.all([write(), read()]);
    expect(taken).toEqual(range(0, total));
    expect(reasons()).not.toContain('remembered-file-gone');
    expect(reasons()).not.toContain('truncated');
  }, 60_000);

  it('survives a folder that is no folder', async () => {
    const path = join(lab.folder, 'not-a-folder', 'audit.log');
    writeFileSync(join(lab.folder, 'not-a-folder'), '');
    await newSource({ path, fromBeginning: true, pollMs: 20 }).start();
    await until(() => expect(reasons()).toEqual(['file-unreadable']));
    rmSync(join(lab.folder, 'not-a-folder'));
    mkdirSync(join(lab.folder, 'not-a-folder'));
    writeFileSync(path, `${useLine(0)}\n`);
    await until(() => expect(numbers()).toEqual([0]));
    expect(reasons()).toEqual(['file-unreadable', 'reading']);
  });
});
