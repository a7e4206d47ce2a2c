/**
 * A rotating log as one sequence of lines: the rotated files in their order, then the live one, through whatever rotation
 * does meanwhile. It is asked for the next lines and never waits for any. Not to be used concurrently.
 *
 * What copytruncate can lose by itself is what the writer wrote between the copy and the truncation, unless it had been
 * read before; nobody can tell, so it isn't reported.
 */
import { basename } from 'node:path';
import type { AuditCheckpoint, Place } from './checkpoint.ts';
import { type Content, isDamaged, openContent } from './content.ts';
import type { DeadLetters } from './dead-letter.ts';
import { fingerprintOf, hasFingerprint, isTelling } from './fingerprint.ts';
import { lastLineEnd } from './last-line-end.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  findPlace,
  isMissing,
  isSameFile,
  type LogFile,
  listLogs,
  newerThan,
  placeOfFile,
  readHead,
  statLog,
} from './log-folder.ts';
import { isOlderByTime } from './rotation.ts';

export interface AuditBatch {
  /** Relevant lines without their newlines. */
  lines: Buffer[];
  /** The position after everything in this batch, irrelevant lines included. */
  checkpoint: AuditCheckpoint;
  /** Lines passed by this batch, relevant or not. */
  linesRead: number;
  /** Bytes of (decompressed) content passed by this batch. */
  bytesRead: number;
}

export type GapReason = 'remembered-file-gone' | 'truncated' | 'archive-damaged';

export interface LogReaderOptions {
  path: string;
  maxLineBytes: number;
  /** Of one read, and so of a batch, save that a single line may be longer. */
  readBytes: number;
  deadLetters: DeadLetters;
  /** Something is, or may be, lost. */
  onGap: (reason: GapReason, detail: string) => void;
}

/** The file being read. */
interface Current {
  /** As it was when opened. */
  file: LogFile;
  content: Content;
  splitter: LineSplitter;
  /** Start of the first line that was not handed out yet. */
  offset: number;
  /** Set once newer content exists: nobody writes to this one any more. `own` is it among the rotated, if it is there. */
  superseded?: { own: LogFile | undefined };
}

/** How often to look again when the folder changes while it is looked at. */
const ATTEMPTS = 10;

export class LogReader {
  readonly #options: LogReaderOptions;
  #after: Place | null = null;
  #current: Current | undefined;
  #hasLive = true;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** Whether there is anything to wait for: a file being read or a live one that is still empty. */
  get hasFile(): boolean {
    return this.#hasLive || this.#current !== undefined;
  }

  get checkpoint(): AuditCheckpoint {
    const file = this.#current && this.#current.offset > 0 ? placeOf(this.#current) : null;
    return { version: 1, after: this.#after, file };
  }

  /** Goes to where a reader was before, or tells of a gap and goes to the oldest file that one can't have read. */
  async seek({ after, file: place }: AuditCheckpoint): Promise<void> {
    await this.close();
    this.#after = after;
    if (!place) return;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { rotated, live } = await listLogs(this.#options.path);
      const candidates = [live, ...rotated.reverse()].filter((file) => file !== undefined);
      const file = await findPlace(candidates, place);
      if (!file) break;
      const opened = await this.#open(file, place.offset);
      if (opened === 'gone') continue;
      if (opened === 'damaged') return;
      this.#current = opened;
      if (isSameFile(file, place) && opened.offset < place.offset) this.#gap('truncated', place);
      return;
    }
    this.#gap('remembered-file-gone', place);
  }

  /** Goes to the end of what there is, behind its last whole line. */
  async seekEnd(): Promise<void> {
    await this.close();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { rotated, live } = await listLogs(this.#options.path);
      const newest = rotated.findLast((file) => file.size > 0);
      this.#after = newest ? await placeOfFile(newest) : null;
      // Without a whole line its end is its beginning, where the next one is read from anyway.
      if (!live || !isTelling(await readHead(live))) return;
      const opened = await this.#openAtEnd(live);
      if (opened) {
        this.#current = opened;
        return;
      }
    }
    throw new Error('the audit log is being rotated faster than it can be opened');
  }

  /** The next lines; undefined when there are none for now. */
  async next(): Promise<AuditBatch | undefined> {
    for (;;) {
      this.#current ??= await this.#openNext();
      const current = this.#current;
      if (!current) return undefined;
      const chunk = await this.#read(current);
      if (!(await current.content.isIntact())) {
        await this.#followTruncation(current);
      } else if (chunk.length > 0) {
        const batch = this.#split(current, chunk);
        if (batch) return batch;
      } else if (current.superseded || current.content.complete) {
        const batch = await this.#leave(current);
        if (batch) return batch;
      } else {
        // what was written before the newer content came is there now: once more to the end, and then on
        const superseded = await this.#findSuccessor(current);
        if (!superseded) return undefined;
        current.superseded = superseded;
      }
    }
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.content.close();
  }

  async #read(current: Current): Promise<Buffer> {
    try {
      return await current.content.read(this.#options.readBytes);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      this.#gap('archive-damaged', placeOf(current));
      return Buffer.alloc(0);
    }
  }

  #split(current: Current, chunk: Buffer): AuditBatch | undefined {
    const { splitter, content } = current;
    const onlyHoleBefore = current.offset === splitter.holeBytes;
    const holeBefore = splitter.holeBytes;
    const lines: Buffer[] = [];
    const linesRead = splitter.push(chunk, lines);
    if (splitter.holeBytes > holeBefore && !onlyHoleBefore) this.#gap('truncated', placeOf(current));
    const bytesRead = content.position - splitter.pendingBytes - current.offset;
    current.offset += bytesRead;
    return linesRead > 0 ? { lines, linesRead, bytesRead, checkpoint: this.checkpoint } : undefined;
  }

  /** At the end of a file that nobody writes to any more. @returns its last line if that has no newline */
  async #leave(current: Current): Promise<AuditBatch | undefined> {
    const lines: Buffer[] = [];
    const bytesRead = current.splitter.pendingBytes;
    const linesRead = current.splitter.end(lines);
    current.offset += bytesRead;
    this.#after = this.#behind(current, current.superseded?.own);
    await this.close();
    return linesRead > 0 ? { lines, linesRead, bytesRead, checkpoint: this.checkpoint } : undefined;
  }

  /**
   * Undefined while the file may still be written to: it is the live one, or a writer that was told to open a new one
   * hasn't written to that yet.
   */
  async #findSuccessor(current: Current): Promise<Current['superseded']> {
    const { content } = current;
    const { path } = this.#options;
    const liveNow = await statLog(path);
    if (liveNow && isSameFile(liveNow, content)) return undefined;
    const { rotated, live } = await listLogs(path);
    const own =
      rotated.find((file) => isSameFile(file, content)) ?? (await findPlace([...rotated].reverse(), placeOf(current)));
    const newer = await newerThan(rotated, this.#behind(current, own));
    const isSuperseded = [...newer, live].some((file) => file && file.size > 0 && !isSameFile(file, content));
    return isSuperseded ? { own } : undefined;
  }

  /**
   * The newest rotated file behind us once `current` is, which is now `own`. A live file that was deleted leaves that as it
   * was, and so does one that was rotated by a clock put back: its name says it was read long ago.
   */
  #behind(current: Current, own: LogFile | undefined): Place | null {
    const name = own?.name ?? current.file.name;
    if (name === basename(this.#options.path)) return this.#after;
    const isOlder = this.#after !== null && isOlderByTime(name, this.#after.name);
    return isOlder ? this.#after : { ...placeOf(current), name };
  }

  /** The oldest file with content that is newer than what is behind us. */
  async #openNext(): Promise<Current | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { rotated, live } = await listLogs(this.#options.path);
      this.#hasLive = live !== undefined;
      const newer = await newerThan(rotated, this.#after);
      const next = [...newer, live].find((file) => file && file.size > 0);
      if (!next) return undefined;
      const head = await readHead(next);
      if (next === live && !isTelling(head)) return undefined;
      // A copy that was read before its original was truncated: go on in the original behind what they share.
      const isShared = this.#after && hasFingerprint(head, this.#after.fingerprint);
      const opened = await this.#open(next, isShared ? (this.#after?.offset ?? 0) : 0);
      if (opened === 'gone' || opened === 'damaged') continue;
      if (next !== live || (await this.#keepIfLive(opened))) return opened;
    }
    return undefined;
  }

  async #openAtEnd(live: LogFile): Promise<Current | undefined> {
    const offset = await lastLineEnd(live.path, this.#options.maxLineBytes).catch(unlessGone);
    const opened = offset === undefined ? 'gone' : await this.#open(live, offset);
    if (opened === 'gone' || opened === 'damaged') return undefined;
    return (await this.#keepIfLive(opened)) ? opened : undefined;
  }

  /** Closes the file again unless it is the one being written, and none was rotated away unseen before it was opened. */
  async #keepIfLive({ content }: Current): Promise<boolean> {
    let isLive = false;
    try {
      const { rotated, live } = await listLogs(this.#options.path);
      const unseen = await newerThan(rotated, this.#after);
      isLive = live !== undefined && isSameFile(live, content) && unseen.every((file) => file.size === 0);
    } finally {
      if (!isLive) await content.close();
    }
    return isLive;
  }

  async #followTruncation(current: Current): Promise<void> {
    const place = placeOf(current);
    await this.close();
    const { rotated, live } = await listLogs(this.#options.path);
    const others = rotated.reverse().filter((file) => !isSameFile(file, place));
    const copy = await findPlace(others, place);
    // Without a copy: when it wasn't cut to nothing, what is left was read.
    if (!copy) this.#gap('truncated', place);
    const rest = copy ?? (live && (await findPlace([live], place)));
    const opened = rest ? await this.#open(rest, place.offset) : 'gone';
    if (opened !== 'gone' && opened !== 'damaged') this.#current = opened;
    else if (copy && opened === 'gone') await this.seek({ version: 1, after: this.#after, file: place });
  }

  /**
   * `gone`: it isn't there any more, or another has its name now. `damaged`: it can't be decompressed; that is told, and
   * the file is behind us.
   */
  async #open(file: LogFile, offset: number): Promise<Current | 'gone' | 'damaged'> {
    const { maxLineBytes, deadLetters } = this.#options;
    try {
      const content = await openContent(file.path, file.compressed, offset);
      const splitter = new LineSplitter(maxLineBytes, deadLetters);
      if (isSameFile(content, file)) return { file, content, splitter, offset: content.position };
      await content.close();
      return 'gone';
    } catch (error) {
      if (isMissing(error)) return 'gone';
      if (!isDamaged(error)) throw error;
      const { name, dev, ino } = file;
      this.#after = { name, dev, ino, fingerprint: fingerprintOf(Buffer.alloc(0)), offset: 0 };
      this.#gap('archive-damaged', this.#after);
      return 'damaged';
    }
  }

  #gap(reason: GapReason, { name, offset }: { name: string; offset: number }): void {
    this.#options.onGap(reason, `${name}, behind byte ${offset}`);
  }
}

function unlessGone(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

const placeOf = ({ file, content, offset }: Pick<Current, 'file' | 'content' | 'offset'>): Place => ({
  name: file.name,
  dev: content.dev,
  ino: content.ino,
  fingerprint: fingerprintOf(content.head),
  offset,
});
