/**
 * Audit logs at rest, for hunting: all of them once, in order of time as far as their names and writers tell, in chunks of
 * relevant lines and in bounded memory.
 */
import { createReadStream, readSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { TruantError } from '../../../shared/errors.ts';
import { MAX_LINE_BYTES } from './audit-file-source.ts';
import type { DeadLetters } from './dead-letter.ts';
import { eventsOf, expandLists } from './event-list.ts';
import { type AuditFile, findAuditFiles } from './find-files.ts';
import { LineSplitter } from './line-splitter.ts';

export interface AuditLines {
  path: string;
  /** Relevant lines without their newlines. Their memory is used again once the next ones are asked for. */
  lines: Buffer[];
  /** Lines passed, relevant or not. */
  linesRead: number;
}

export interface ReadFilesOptions {
  /** Longer lines are set aside. */
  maxLineBytes?: number;
  deadLetter: DeadLetters;
  /** In bytes as stored. */
  onProgress?: (done: number, total: number) => void;
  /** A file that can't be read (to its end); the others are read all the same. */
  onProblem: (problem: TruantError) => void;
}

/** What fits into a processor's own cache is read three times as fast as 1 MB at once, and searched faster too. */
const CHUNK_BYTES = 128 * 1024;
const BREATHE_BYTES = 8 * CHUNK_BYTES;

/** A document that isn't in lines has to be read at once. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

/** Some bytes of a file, and how many stored bytes that took. */
interface Chunk {
  bytes: Buffer;
  stored: number;
}

/**
 * @param paths files, or folders, of which every audit log is taken
 * @throws TruantError INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function* readAuditFiles(paths: readonly string[], options: ReadFilesOptions): AsyncGenerator<AuditLines> {
  const writers = await findAuditFiles(paths);
  const total = writers.flat().reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  const onStored = (bytes: number): void => {
    done = Math.min(total, done + bytes);
    options.onProgress?.(done, total);
  };
  const readers = writers.map((files) => readOneWriter(files, options, onStored));
  yield* readers.length === 1 ? (readers[0] as AsyncGenerator<AuditLines>) : mergeByTime(readers);
}

async function* readOneWriter(
  files: AuditFile[],
  options: ReadFilesOptions,
  onStored: (bytes: number) => void,
): AsyncGenerator<AuditLines> {
  for (const file of files) {
    try {
      yield* file.isDocument ? readDocument(file, onStored) : readLines(file, options, onStored);
    } catch (cause) {
      if (cause instanceof TruantError) options.onProblem(cause);
      else {
        const message = `${file.path} cannot be read to its end.`;
        options.onProblem(new TruantError('INPUT_UNREADABLE', message, { cause }));
      }
    }
  }
}

async function* readLines(
  { path, compressed, hasLists }: AuditFile,
  { maxLineBytes = MAX_LINE_BYTES, deadLetter }: ReadFilesOptions,
  onStored: (bytes: number) => void,
): AsyncGenerator<AuditLines> {
  const splitter = new LineSplitter(maxLineBytes, deadLetter);
  const toLines = (lines: Buffer[], linesRead: number): AuditLines => {
    if (!hasLists) return { path, lines, linesRead };
    const { lines: expanded, added } = expandLists(lines);
    return { path, lines: expanded, linesRead: linesRead + added };
  };
  for await (const { bytes, stored } of compressed ? gunzipped(path) : plain(path)) {
    const lines: Buffer[] = [];
    const linesRead = splitter.push(bytes, lines);
    onStored(stored);
    yield toLines(lines, linesRead);
  }
  const last: Buffer[] = [];
  const linesRead = splitter.end(last);
  if (linesRead > 0) yield toLines(last, linesRead);
}

/** Synchronous, as whoever asks has nothing else to do and the kernel reads ahead: no thread is woken 8 times a MB. */
async function* plain(path: string): AsyncGenerator<Chunk> {
  const handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  try {
    for (let position = 0; ; ) {
      const length = readSync(handle.fd, buffer, 0, buffer.length, position);
      if (length === 0) return;
      yield { bytes: buffer.subarray(0, length), stored: length };
      position += length;
      // others get their turn: signals, a progress bar
      if (position % BREATHE_BYTES === 0) await setImmediate();
    }
  } finally {
    await handle.close();
  }
}

async function* gunzipped(path: string): AsyncGenerator<Chunk> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on('error', (error) => stream.destroy(error));
  let stored = 0;
  try {
    for await (const bytes of file.pipe(stream)) {
      const before = stored;
      stored = file.bytesRead;
      yield { bytes: bytes as Buffer, stored: stored - before };
    }
  } finally {
    file.destroy();
  }
}

async function* readDocument(file: AuditFile, onStored: (bytes: number) => void): AsyncGenerator<AuditLines> {
  const { path, size, compressed } = file;
  const tooLarge = new TruantError('INPUT_UNREADABLE', `${path} is one JSON document, and too large for one.`, {
    remedy: "Make it one event a line first, for instance with: jq -c '.items[]'",
  });
  if (size > MAX_DOCUMENT_BYTES) throw tooLarge;
  const stored = await readFile(path);
  const bytes = compressed ? await promisify(gunzip)(stored, { maxOutputLength: MAX_DOCUMENT_BYTES }) : stored;
  const list = eventsOf(bytes.toString('utf8'));
  if (!list) {
    throw new TruantError('INPUT_UNREADABLE', `${path} is neither lines of audit events nor a list of them.`);
  }
  onStored(size);
  yield { path, lines: list.lines, linesRead: list.total };
}

/**
 * What several API servers logged at the same time, line by line as far as each is in order itself: detection knows who
 * went on while somebody else came, and seconds tell.
 */
async function* mergeByTime(readers: AsyncGenerator<AuditLines>[]): AsyncGenerator<AuditLines> {
  const waiting: Pending[] = [];
  const ask = async (reader: AsyncGenerator<AuditLines>): Promise<void> => {
    const next = await reader.next();
    if (!next.done) waiting.push({ reader, rest: next.value, time: timeOf(next.value.lines[0]) });
  };
  try {
    await Promise.all(readers.map(ask));
    while (waiting.length > 0) {
      const first = waiting.reduce((a, b) => (b.time < a.time ? b : a));
      let until: string | undefined;
      for (const { time } of waiting.filter((other) => other !== first)) {
        if (until === undefined || time < until) until = time;
      }
      const { path, lines, linesRead } = first.rest;
      let end = Math.min(1, lines.length);
      let time = '';
      for (; end < lines.length; end++) {
        time = timeOf(lines[end]);
        if (until !== undefined && time > until) break;
      }
      if (end < lines.length) {
        yield { path, lines: lines.slice(0, end), linesRead: 0 };
        first.rest = { path, lines: lines.slice(end), linesRead };
        first.time = time;
      } else {
        waiting.splice(waiting.indexOf(first), 1);
        yield first.rest;
        await ask(first.reader);
      }
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.return(undefined)));
  }
}

/** What one writer's next lines are, and when the first of them was written. */
interface Pending {
  reader: AsyncGenerator<AuditLines>;
  rest: AuditLines;
  time: string;
}

/** Empty, which comes first, when there is nothing to go by. */
const timeOf = (line: Buffer | undefined): string =>
  /"stageTimestamp"\s*:\s*"([^"]{1,40})"/.exec(line?.toString('latin1') ?? '')?.[1] ?? '';
