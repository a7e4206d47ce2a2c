/**
 * Audit logs at rest, for hunting: all of them once, in order of time as far as their names and writers tell, in chunks of
 * relevant lines and in bounded memory.
 */
import { TruantError } from '../../../shared/errors.ts';
import { whyUnreadable } from '../unreadable.ts';
import { MAX_LINE_BYTES } from './audit-file-source.ts';
import type { DeadLetters } from './dead-letter.ts';
import { eventsOf, expandLists } from './event-list.ts';
import { EventSearch, first, noEvents } from './event-search.ts';
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

/** A document that isn't in lines has to be read at once. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

/**
 * @param paths files, pipes, or folders, of which every audit log is taken
 * @throws TruantError INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function* readAuditFiles(paths: readonly string[], options: ReadFilesOptions): AsyncGenerator<AuditLines> {
  const writers = await findAuditFiles(paths, options.onProblem);
  const sizes = writers.flat().map(({ size }) => size);
  const total = sizes.includes(undefined) ? 0 : sizes.reduce<number>((sum, size = 0) => sum + size, 0);
  let done = 0;
  const onStored = (bytes: number): void => {
    done += bytes;
    options.onProgress?.(total > 0 ? Math.min(total, done) : done, total);
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
        const message = `${file.path} cannot be read to its end: ${whyUnreadable(cause)}.`;
        options.onProblem(new TruantError('INPUT_UNREADABLE', message, { cause }));
      }
    }
  }
}

async function* readLines(
  { path, hasLists, read }: AuditFile,
  { maxLineBytes = MAX_LINE_BYTES, deadLetter }: ReadFilesOptions,
  onStored: (bytes: number) => void,
): AsyncGenerator<AuditLines> {
  const search = new EventSearch();
  const splitter = new LineSplitter(maxLineBytes, deadLetter, (line) => search.see(line));
  const toLines = (lines: Buffer[], linesRead: number): AuditLines => {
    if (!hasLists) return { path, lines, linesRead };
    const { lines: expanded, added } = expandLists(lines);
    return { path, lines: expanded, linesRead: linesRead + added };
  };
  for await (const { bytes, stored } of read()) {
    const lines: Buffer[] = [];
    const linesRead = splitter.push(bytes, lines);
    onStored(stored);
    yield toLines(lines, linesRead);
  }
  const last: Buffer[] = [];
  const linesRead = splitter.end(last);
  if (linesRead > 0) yield toLines(last, linesRead);
  const problem = search.problem(path);
  if (problem) throw problem;
}

async function* readDocument({ path, read }: AuditFile, onStored: (bytes: number) => void): AsyncGenerator<AuditLines> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const { bytes, stored } of read()) {
    length += bytes.length;
    if (length > MAX_DOCUMENT_BYTES) {
      const message = `${path} is laid out for people over many lines, and too large to be read so.`;
      throw new TruantError('INPUT_UNREADABLE', message, { remedy: first("jq -c '.items[]? // .'") });
    }
    chunks.push(Buffer.from(bytes));
    onStored(stored);
  }
  const list = eventsOf(Buffer.concat(chunks).toString('utf8'));
  if (!list) {
    const message = `${path} is neither lines of audit events nor a list of them.`;
    throw new TruantError('INPUT_UNREADABLE', message, { remedy: first('jq -c .') });
  }
  yield { path, lines: list.lines, linesRead: list.total };
  if (list.isForeign) throw noEvents(path);
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
