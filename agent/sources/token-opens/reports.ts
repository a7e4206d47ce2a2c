/**
 * Opens on their way to the main thread. It may be slow, and nobody is to wait for it: the oldest give way, and are counted.
 */
import type { RawAncestor, TokenOpen } from '../../../shared/schema/token-open.ts';
import type { Report } from './messages.ts';

/** Opens that the main thread has been sent and has not taken. What is beyond waits here, where it is bounded. */
const MAX_UNTAKEN = 1000;
const BATCH = 100;
/** Characters of arguments, of all that wait. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

export class Reports {
  readonly #max: number;
  readonly #post: (report: Report) => void;
  readonly #taken: () => number;
  #waiting: TokenOpen[] = [];
  #characters = 0;
  #posted = 0;
  #dropped = 0;
  #overflows = 0;
  #outside = 0;

  /** @param taken a counter of the opens that the main thread has taken */
  constructor(max: number, post: (report: Report) => void, taken: () => number) {
    this.#max = max;
    this.#post = post;
    this.#taken = taken;
    this.#posted = taken();
  }

  /** Whether something waits to be sent. */
  get hasMore(): boolean {
    return this.#waiting.length > 0 || this.#dropped + this.#overflows + this.#outside > 0;
  }

  get isBatch(): boolean {
    return this.#waiting.length >= BATCH;
  }

  add(open: TokenOpen): void {
    this.#waiting.push(open);
    this.#characters += charactersOf(open);
    while (this.#waiting.length > this.#max || this.#characters > MAX_CHARACTERS) this.#dropOldest();
  }

  overflow(): void {
    this.#overflows += 1;
  }

  outside(): void {
    this.#outside += 1;
  }

  /** Sends what the main thread is ready for. */
  flush(): void {
    while (this.hasMore) {
      const room = MAX_UNTAKEN - ((this.#posted - this.#taken()) | 0);
      if (room <= 0) return;
      const opens = this.#waiting.splice(0, Math.min(BATCH, room));
      for (const open of opens) this.#characters -= charactersOf(open);
      this.#post({ opens, dropped: this.#dropped, overflows: this.#overflows, outside: this.#outside });
      this.#posted += opens.length;
      this.#dropped = this.#overflows = this.#outside = 0;
    }
  }

  #dropOldest(): void {
    // In slices: to take the first off an array of thousands, one by one, takes its time.
    const oldest = this.#waiting.splice(0, Math.max(1, this.#waiting.length >> 4));
    for (const open of oldest) this.#characters -= charactersOf(open);
    this.#dropped += oldest.length;
  }
}

/** Roughly what it takes: arguments are what can be long. */
function charactersOf({ proc }: TokenOpen): number {
  const of = ({ cmdline }: Pick<RawAncestor, 'cmdline'>): number =>
    cmdline.reduce((sum, word) => sum + word.length + 16, 0);
  return proc === null ? 0 : of(proc) + proc.ancestors.reduce((sum, ancestor) => sum + of(ancestor), 0);
}
