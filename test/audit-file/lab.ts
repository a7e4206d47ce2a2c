/** A folder with an audit log in it, and everything that writers and rotation do to one. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import type { AuditCheckpoint } from '../../agent/sources/audit-file/checkpoint.ts';
import type { DeadLetterReason, DeadLetters } from '../../agent/sources/audit-file/dead-letter.ts';
import { type AuditBatch, LogReader, type LogReaderOptions } from '../../agent/sources/audit-file/log-reader.ts';

export const silent = pino({ level: 'silent' });

/** A relevant audit line that names its number, shaped as the API server writes it. */
export const useLine = (n: number, pad = ''): string =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: `use-${n}`,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/shop/pods?pad=${pad}`,
    verb: 'list',
    user: { username: 'system:serviceaccount:shop:inventory' },
    sourceIPs: ['10.244.0.20'],
    userAgent: 'inventory/1.4 (ünïcödé ✓)',
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: '2026-11-23T18:00:00.000000Z',
    stageTimestamp: '2026-11-23T18:00:00.001000Z',
  });

/** A line that no rule needs: a node renews its lease. */
export const leaseLine = (n: number): string =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: `lease-${n}`,
    stage: 'ResponseComplete',
    requestURI: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-a?timeout=10s',
    verb: 'update',
    user: { username: 'system:node:node-a', groups: ['system:nodes', 'system:authenticated'] },
    sourceIPs: ['10.10.0.11'],
    objectRef: { resource: 'leases', namespace: 'kube-node-lease', name: 'node-a' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: '2026-11-23T18:00:00.000000Z',
    stageTimestamp: '2026-11-23T18:00:00.001000Z',
  });

export const numberOf = (line: Buffer): number => Number(/use-(\d+)/.exec(line.toString('utf8'))?.[1] ?? Number.NaN);

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** A named pipe: what is written to it can be read once, and not by position. */
export function pipe(path: string, content: string | Buffer): { path: string; written: Promise<void> } {
  execFileSync('mkfifo', [path]);
  return { path, written: writeFile(path, content) };
}

export class CountingDeadLetters implements DeadLetters {
  readonly added: { reason: DeadLetterReason; line: string }[] = [];

  add(reason: DeadLetterReason, line: Buffer): void {
    this.added.push({ reason, line: line.toString('utf8') });
  }
}

export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'truant-audit-'));
  readonly path = join(this.folder, 'audit.log');
  #rotations = 0;

  /** Where the writer's descriptor points, by name: after a rename it goes on there until it reopens. */
  writing = this.path;

  append(data: string | Buffer): void {
    appendFileSync(this.writing, data);
  }

  /** Lines numbered from `from` up to, not including, `to`, a lease line before each. */
  appendUses(from: number, to: number): void {
    this.append(
      range(from, to)
        .map((n) => `${leaseLine(n)}\n${useLine(n)}\n`)
        .join(''),
    );
  }

  nextRotatedPath(): string {
    const time = new Date(Date.UTC(2026, 10, 23, 18, 0, this.#rotations++)).toISOString();
    return join(this.folder, `audit-${time.slice(0, 23).replaceAll(':', '-')}.log`);
  }

  /** As kube-apiserver does it, except that the writer goes on in the old file until `reopen`. */
  rename(to = this.nextRotatedPath()): string {
    renameSync(this.path, to);
    writeFileSync(this.path, '');
    this.writing = to;
    return to;
  }

  reopen(): void {
    this.writing = this.path;
  }

  rotate(to?: string): string {
    const rotated = this.rename(to);
    this.reopen();
    return rotated;
  }

  copy(to = this.nextRotatedPath()): string {
    copyFileSync(this.path, to);
    return to;
  }

  truncate(length = 0): void {
    truncateSync(this.path, length);
  }

  compress(path: string): void {
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    rmSync(path);
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Reads a lab's log the way the source does: what was acknowledged counts, everything else is forgotten at a restart. */
export class Follower {
  readonly numbers: number[] = [];
  readonly gaps: string[] = [];
  readonly deadLetters = new CountingDeadLetters();
  acknowledged: AuditCheckpoint | undefined;
  bytesRead = 0;
  linesRead = 0;
  readonly #options: LogReaderOptions;
  #reader: LogReader;

  constructor(lab: Lab, options: Partial<LogReaderOptions> = {}) {
    this.#options = {
      path: lab.path,
      maxLineBytes: 1024 * 1024,
      readBytes: 64 * 1024,
      deadLetters: this.deadLetters,
      onGap: (reason) => this.gaps.push(reason),
      ...options,
    };
    this.#reader = new LogReader(this.#options);
  }

  async fromEnd(): Promise<this> {
    await this.#reader.seekEnd();
    this.acknowledged = this.#reader.checkpoint;
    return this;
  }

  async fromBeginning(): Promise<this> {
    this.acknowledged = { version: 1, after: null, file: null };
    await this.#reader.seek(this.acknowledged);
    return this;
  }

  /** One batch, or none if there is nothing. */
  async step(): Promise<AuditBatch | undefined> {
    const batch = await this.#reader.next();
    if (batch) {
      this.numbers.push(...batch.lines.map(numberOf));
      this.bytesRead += batch.bytesRead;
      this.linesRead += batch.linesRead;
      this.acknowledged = batch.checkpoint;
    }
    return batch;
  }

  async drain(): Promise<number[]> {
    for (let batches = 0; await this.step(); batches++) {
      if (batches > 100_000) throw new Error('there is no end to it');
    }
    return this.numbers;
  }

  /** Reads a batch that nobody acknowledges. */
  async waste(): Promise<void> {
    await this.#reader.next();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#reader = new LogReader(this.#options);
    await this.#reader.seek(JSON.parse(JSON.stringify(this.acknowledged)) as AuditCheckpoint);
  }

  async stop(): Promise<void> {
    await this.#reader.close();
  }
}
