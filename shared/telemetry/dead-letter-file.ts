/**
 * What could not be read, or was refused: all counted, by a closed list of reasons, and samples of it kept for people in a
 * file (NDJSON: `time`, `reason`, `line`) that is bounded in size and rate and free of tokens.
 */
import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { TruantError } from '../errors.ts';
import { scrub } from '../normalise/scrub.ts';
import { type Clock, formatTime, MINUTE, type Micros, wallClock } from '../time.ts';

export interface DeadLetterOptions<Reason extends string> {
  path: string;
  /** The closed list of them. */
  reasons: readonly Reason[];
  /** Of the file and, again, of the one before it (`.1`). */
  maxBytes?: number;
  /** Samples written in a minute; the rest is only counted. */
  maxPerMinute?: number;
  clock?: Clock;
  logger: Logger;
}

/** One sample: when (RFC 3339) and why it was set aside, and how it begins. */
const DeadLetter = z.object({ time: z.string(), reason: z.string(), line: z.string() });
export type DeadLetter = z.infer<typeof DeadLetter>;

const SAMPLE_CHARS = 2048;
/** More than is kept, so that a token across the cut is seen as one. */
const SCRUBBED_BYTES = 2 * SAMPLE_CHARS;

export class DeadLetterFile<Reason extends string> {
  readonly #options: Required<DeadLetterOptions<Reason>>;
  readonly #counts: Map<Reason, number>;
  #minute: Micros = 0;
  #writtenInMinute = 0;
  /** Undefined until the file was looked at. */
  #size: number | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(options: DeadLetterOptions<Reason>) {
    this.#counts = new Map(options.reasons.map((reason) => [reason, 0]));
    this.#options = { maxBytes: 1024 * 1024, maxPerMinute: 60, clock: wallClock, ...options };
  }

  /** How many there were of each reason since the start. */
  get counts(): ReadonlyMap<Reason, number> {
    return this.#counts;
  }

  /** @param line what was set aside, or its beginning; not kept, so that its memory may be used again */
  add(reason: Reason, line: Buffer): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const now = this.#options.clock.now();
    if (!this.#hasRoom(now)) return;
    const sample = scrub(line.toString('utf8', 0, SCRUBBED_BYTES)).text.slice(0, SAMPLE_CHARS);
    const record = `${JSON.stringify({ time: formatTime(now), reason, line: sample })}\n`;
    this.#writing = this.#writing.then(() => this.#write(record));
  }

  /**
   * The newest samples, newest first.
   *
   * @throws TruantError INPUT_UNREADABLE
   */
  async newest(limit: number): Promise<DeadLetter[]> {
    await this.#writing;
    const { path } = this.#options;
    const lines = [...(await linesOf(`${path}.1`)), ...(await linesOf(path))];
    return lines.slice(-limit).toReversed().flatMap(readLetter);
  }

  /** Resolves once all samples are written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #hasRoom(now: Micros): boolean {
    if (Math.abs(now - this.#minute) >= MINUTE) {
      this.#minute = now;
      this.#writtenInMinute = 0;
    }
    return this.#writtenInMinute++ < this.#options.maxPerMinute;
  }

  /** Never rejects: a full disk must not stop the source. */
  async #write(record: string): Promise<void> {
    const { path, maxBytes, logger } = this.#options;
    try {
      const bytes = Buffer.byteLength(record);
      this.#size ??= await prepare(path);
      if (this.#size > 0 && this.#size + bytes > maxBytes) {
        await rename(path, `${path}.1`);
        this.#size = 0;
      }
      await appendFile(path, record, { mode: 0o600 });
      this.#size += bytes;
      this.#failing = false;
    } catch (err) {
      this.#size = undefined;
      if (!this.#failing) logger.warn({ err, path }, 'dead letters cannot be written');
      this.#failing = true;
    }
  }
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new TruantError('INPUT_UNREADABLE', `${file} can't be read`, { cause });
  }
}

/** None: its writing was cut short. */
function readLetter(line: string): DeadLetter[] {
  try {
    const { success, data } = DeadLetter.safeParse(JSON.parse(line));
    return success ? [data] : [];
  } catch {
    return [];
  }
}

/** @returns the file's present size */
async function prepare(path: string): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}
