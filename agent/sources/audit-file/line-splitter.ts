/**
 * Makes lines of bytes that come in any pieces, and keeps the relevant ones. A line longer than allowed is set aside with
 * its first bytes and takes no more memory than those.
 */
import { scanLines } from '../../../shared/normalise/prefilter.ts';
import type { DeadLetters } from './dead-letter.ts';

const NEWLINE = 0x0a;
/** What is kept of a line that is too long: enough for a sample. */
const TOO_LONG_SAMPLE_BYTES = 4096;
const INITIAL_BYTES = 16 * 1024;

export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #deadLetters: DeadLetters;
  #look: ((line: Buffer) => boolean) | undefined;
  /** The unfinished last line, as far as it is kept. */
  #partial = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #partialLength = 0;
  /** Bytes of the unfinished line that were thrown away, as it is too long already. */
  #skipped = 0;
  #holeBytes = 0;

  /** @param look asked about each line, relevant or not, until it says yes */
  constructor(maxLineBytes: number, deadLetters: DeadLetters, look?: (line: Buffer) => boolean) {
    this.#maxLineBytes = maxLineBytes;
    this.#deadLetters = deadLetters;
    this.#look = look;
  }

  /** Bytes taken in that belong to a line not yet finished. */
  get pendingBytes(): number {
    return this.#partialLength + this.#skipped;
  }

  /**
   * NUL bytes found instead of a line, and left out: what a writer that doesn't append leaves before its next line when
   * somebody truncates its file.
   */
  get holeBytes(): number {
    return this.#holeBytes;
  }

  /**
   * Adds the relevant lines that `chunk` completes, without their newlines, to `lines`; they share its memory.
   * @returns how many lines it completes, relevant or not
   */
  push(chunk: Buffer, lines: Buffer[]): number {
    let count = 0;
    let start = 0;
    if (this.pendingBytes > 0) {
      const newline = chunk.indexOf(NEWLINE);
      this.#hold(newline === -1 ? chunk : chunk.subarray(0, newline));
      if (newline === -1) return 0;
      count += this.end(lines);
      start = newline + 1;
    } else {
      start = this.#skipHole(chunk);
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > start) {
      const whole = chunk.subarray(start, end);
      scanLines(whole, (from, to, relevant) => {
        count++;
        this.#take(whole, from, to, relevant, lines);
      });
      start = end;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    return count;
  }

  /** The unfinished line is all there will be of it. @returns how many lines that makes, 0 or 1 */
  end(lines: Buffer[]): number {
    if (this.pendingBytes === 0) return 0;
    const line = Buffer.from(this.#partial.subarray(0, this.#partialLength));
    if (this.#skipped > 0) this.#deadLetters.add('too-long', line);
    else scanLines(line, (from, to, relevant) => this.#take(line, from, to, relevant, lines));
    this.#partialLength = 0;
    this.#skipped = 0;
    if (this.#partial.length > INITIAL_BYTES) this.#partial = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return 1;
  }

  #take(bytes: Buffer, start: number, to: number, relevant: boolean, lines: Buffer[]): void {
    let from = start;
    // A hole between two lines of one chunk: the line behind it is whole.
    while (from < to && bytes[from] === 0) from++;
    if (from === to && from > start) return;
    if (this.#look?.(bytes.subarray(from, to))) this.#look = undefined;
    if (to - from > this.#maxLineBytes) {
      this.#deadLetters.add('too-long', bytes.subarray(from, Math.min(to, from + TOO_LONG_SAMPLE_BYTES)));
    } else if (relevant) {
      lines.push(bytes.subarray(from, to));
    }
  }

  #hold(bytes: Buffer): void {
    const length = this.#partialLength + bytes.length;
    if (this.#skipped > 0) {
      this.#skipped += bytes.length;
    } else if (length > this.#maxLineBytes) {
      const kept = Math.min(length, TOO_LONG_SAMPLE_BYTES);
      if (kept > this.#partialLength) this.#append(bytes.subarray(0, kept - this.#partialLength));
      this.#partialLength = kept;
      this.#skipped = length - kept;
    } else {
      this.#append(bytes);
    }
  }

  #append(bytes: Buffer): void {
    const length = this.#partialLength + bytes.length;
    if (length > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#partial.length * 2));
      this.#partial.copy(grown, 0, 0, this.#partialLength);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#partialLength);
    this.#partialLength = length;
  }

  #skipHole(chunk: Buffer): number {
    let end = 0;
    while (chunk[end] === 0) end++;
    this.#holeBytes += end;
    return end;
  }
}
