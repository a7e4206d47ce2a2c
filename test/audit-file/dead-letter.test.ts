import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from '../../agent/sources/audit-file/dead-letter.ts';
import { DeadLetterFile, type DeadLetterOptions } from '../../shared/telemetry/dead-letter-file.ts';
import { MINUTE } from '../../shared/time.ts';
import { Lab, silent } from './lab.ts';

let lab: Lab;
let path: string;
let now: number;

beforeEach(() => {
  lab = new Lab();
  path = join(lab.folder, 'state', 'dead-letters.ndjson');
  now = Date.UTC(2026, 10, 23) * 1000;
});

afterEach(() => lab.remove());

const newFile = (options: Partial<DeadLetterOptions<DeadLetterReason>> = {}): DeadLetterFile<DeadLetterReason> =>
  new DeadLetterFile({ path, reasons: DEAD_LETTER_REASONS, clock: { now: () => now }, logger: silent, ...options });

const records = (file = path): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('DeadLetterFile', () => {
  it('counts by reason and keeps a sample, readable by its owner only', async () => {
    const file = newFile();
    file.add('not-json', Buffer.from('{"kind":"Event",'));
    file.add('too-long', Buffer.from('x'.repeat(5000)));
    file.add('not-json', Buffer.from('again'));
    await file.flush();
    expect(Object.fromEntries(file.counts)).toEqual({ 'too-long': 1, 'not-json': 2, 'not-an-event': 0 });
    expect(records()[0]).toEqual({
      time: '2026-11-23T00:00:00.000000Z',
      reason: 'not-json',
      line: '{"kind":"Event",',
    });
    expect(records()[1]).toMatchObject({ line: 'x'.repeat(2048) });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('shows the newest, newest first, over the change of files, and not what was half written', async () => {
    const file = newFile({ maxBytes: 1000 });
    for (let n = 0; n < 40; n += 1) file.add('not-json', Buffer.from(`line ${n}`));
    expect(await file.newest(3)).toEqual(
      [39, 38, 37].map((n) => ({ time: '2026-11-23T00:00:00.000000Z', reason: 'not-json', line: `line ${n}` })),
    );
    const all = await file.newest(1000);
    expect(all.length).toBeGreaterThan(records().length);
    expect(all.length).toBeLessThan(40);
    writeFileSync(path, '{"time":"2026-11-23T00:00:00', { flag: 'a' });
    expect(await file.newest(1000)).toEqual(all);
    expect(await newFile({ path: join(lab.folder, 'none') }).newest(10)).toEqual([]);
  });

  it('keeps no token, not even one that is cut by the end of the sample', async () => {
    const token = `${Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url')}.${'p'.repeat(600)}.${'s'.repeat(342)}`;
    const file = newFile();
    for (const before of [0, 1500, 2030, 2047]) file.add('not-json', Buffer.from(`${' '.repeat(before)}${token}`));
    await file.flush();
    expect(readFileSync(path, 'utf8')).not.toMatch(/eyJ|ppp|sss/);
  });

  it('survives bytes that are no text', async () => {
    const file = newFile();
    file.add('not-json', Buffer.from([0xff, 0x00, 0x0a, 0x22]));
    await file.flush();
    expect(records()).toMatchObject([{ line: '\ufffd\u0000\n"' }]);
  });

  it('stays within its bounds: two files of so many bytes, so many samples a minute', async () => {
    const file = newFile({ maxBytes: 10_000, maxPerMinute: 40 });
    for (let minute = 0; minute < 3; minute++) {
      for (let i = 0; i < 1000; i++) file.add('not-json', Buffer.from(`${minute} ${i} ${'x'.repeat(500)}`));
      now += MINUTE;
    }
    await file.flush();
    expect(file.counts.get('not-json')).toBe(3000);
    const kept = [...records(`${path}.1`), ...records()];
    expect(kept.at(-1)).toMatchObject({ line: expect.stringMatching(/^2 39 /) });
    for (const each of [path, `${path}.1`]) expect(statSync(each).size).toBeLessThanOrEqual(10_000);
    expect(lab.files()).toEqual(['state']);
  });

  it('goes on in the file that is there', async () => {
    const before = newFile({ maxBytes: 300 });
    before.add('not-json', Buffer.from('x'.repeat(200)));
    await before.flush();
    const file = newFile({ maxBytes: 300 });
    file.add('not-json', Buffer.from('y'.repeat(200)));
    await file.flush();
    expect(records(`${path}.1`)).toMatchObject([{ line: 'x'.repeat(200) }]);
    expect(records()).toMatchObject([{ line: 'y'.repeat(200) }]);
  });

  it('goes on counting when it cannot write', async () => {
    writeFileSync(join(lab.folder, 'state'), 'in the way');
    const file = newFile();
    file.add('not-json', Buffer.from('x'));
    await file.flush();
    expect(file.counts.get('not-json')).toBe(1);
  });
});
