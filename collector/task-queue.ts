import { TruantError } from '../shared/errors.ts';

export interface TaskQueueOptions {
  /** How many tasks run at a time. */
  concurrency: number;
  /** How many may wait besides; one more is refused. */
  capacity: number;
}

/** Runs tasks in order of arrival, so many at a time, and refuses work rather than let it pile up. */
export class TaskQueue {
  readonly #options: TaskQueueOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(options: TaskQueueOptions) {
    this.#options = options;
  }

  /** @throws TruantError OVERLOADED when too many wait, STORE_UNAVAILABLE once closed */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TruantError('STORE_UNAVAILABLE', 'The collector is stopping.');
    if (this.#running < this.#options.concurrency) this.#running += 1;
    else if (this.#waiting.length >= this.#options.capacity) {
      throw new TruantError('OVERLOADED', 'Too much work is waiting already.', { remedy: 'Try again in a moment.' });
    } else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  /** Takes no more work; resolves once everything that was taken is done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Hands the place on to the next, so that nobody can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else if (--this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
