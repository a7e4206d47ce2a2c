/** A group's events in the order in which they came, with how long each may have waited: the kernel does not tell when. */
import type { EventQueue, FanotifyEvent } from './fanotify.ts';
import type { Clocks } from './libc.ts';

export class Backlog {
  readonly #queue: Pick<EventQueue, 'next' | 'waiting'>;
  /** Of those that waited at the last count, how many were not read yet. */
  #left = 0;
  /** When that was (ticks), and when they were counted before that: whoever waited then has been read since. */
  #counted = 0;
  #countedBefore = 0;

  constructor(queue: Pick<EventQueue, 'next' | 'waiting'>) {
    this.#queue = queue;
  }

  /** The event that `next` returned last came after this moment (ticks). */
  get cameAfter(): number {
    return this.#countedBefore;
  }

  /** Nothing waited until now. @param now ticks */
  rested(now: number): void {
    this.#counted = now;
  }

  next(clocks: Pick<Clocks, 'ticks'>): FanotifyEvent | undefined {
    if (this.#left === 0) {
      this.#countedBefore = this.#counted;
      this.#left = this.#queue.waiting();
      this.#counted = clocks.ticks();
    }
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    return this.#queue.next();
  }
}
