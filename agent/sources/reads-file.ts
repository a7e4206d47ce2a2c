/**
 * What the sensors of token files saw, from disk: lines of a recording's `opens.jsonl` or `tokens.jsonl`, in either file,
 * plain or gzipped. Read as time goes on, so that however many there are, few are in memory.
 */
import { TruantError } from '../../shared/errors.ts';
import { type Micros, parseTime } from '../../shared/time.ts';
import type { SensorLine } from '../file-observer.ts';
import { type Chunk, calledAs, type Input, openInput } from './input.ts';
import { whyUnreadable } from './unreadable.ts';

export interface TimedSensorLine extends SensorLine {
  time: Micros;
}

export interface ReadsFile {
  /** All lines up to a time that were not handed out yet, in the file's order. */
  until(time: Micros): Promise<TimedSensorLine[]>;
  /** Lines that are no lines of a sensor. */
  readonly skipped: number;
}

const PEEK_BYTES = 64 * 1024;
/** An open with 16 ancestors and their command lines is far shorter. */
const MAX_LINE_CHARS = 1024 * 1024;

/**
 * @param onProblem told when it turns out that not all of it can be read: INPUT_UNREADABLE
 * @throws {TruantError} INPUT_NOT_FOUND
 */
export async function openReadsFile(path: string, onProblem: (problem: TruantError) => void): Promise<ReadsFile> {
  const input = await openInput(path, PEEK_BYTES).catch((cause: unknown) => {
    throw new TruantError('INPUT_NOT_FOUND', `${calledAs(path)} cannot be read: ${whyUnreadable(cause)}.`, { cause });
  });
  let skipped = 0;
  const skip = (): void => {
    skipped += 1;
  };
  const lines = sensorLines(linesOf(readable(path, input, onProblem), skip), skip);
  let ahead: TimedSensorLine | undefined;
  return {
    get skipped() {
      return skipped;
    },
    async until(time) {
      const due: TimedSensorLine[] = [];
      for (;;) {
        const line: TimedSensorLine | undefined = ahead ?? (await lines.next()).value;
        ahead = undefined;
        if (line === undefined) return due;
        if (line.time > time) {
          ahead = line;
          return due;
        }
        due.push(line);
      }
    },
  };
}

/** Its bytes, as far as they can be read. */
async function* readable(path: string, input: Input, onProblem: (problem: TruantError) => void): AsyncGenerator<Chunk> {
  try {
    yield* input.read();
  } catch (cause) {
    const message = `${calledAs(path)} cannot be read: ${whyUnreadable(cause)}.`;
    onProblem(new TruantError('INPUT_UNREADABLE', message, { cause }));
  }
}

/** What a line is, and when it was; undefined if it is nothing of a sensor's. */
export function parseSensorLine(line: string): TimedSensorLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('t' in value) || typeof value.t !== 'string') return undefined;
  const time = parseTime(value.t);
  if (time === undefined) return undefined;
  if ('tgid' in value) return { time, about: 'open', value };
  return 'event' in value ? { time, about: 'file', value } : undefined;
}

async function* sensorLines(
  lines: AsyncIterable<string>,
  skip: () => void,
): AsyncGenerator<TimedSensorLine, undefined> {
  for await (const line of lines) {
    const parsed = parseSensorLine(line);
    if (parsed) yield parsed;
    else skip();
  }
  return undefined;
}

async function* linesOf(chunks: AsyncIterable<{ bytes: Buffer }>, skip: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = '';
  let isTooLong = false;
  for await (const { bytes } of chunks) {
    const parts = decoder.decode(bytes, { stream: true }).split('\n');
    for (const [at, part] of parts.entries()) {
      if (at > 0) {
        if (line !== '') yield line;
        line = '';
        isTooLong = false;
      }
      if (!isTooLong) line += part;
      if (line.length <= MAX_LINE_CHARS) continue;
      skip();
      line = '';
      isTooLong = true;
    }
  }
  if (line.trim() !== '') yield line;
}
