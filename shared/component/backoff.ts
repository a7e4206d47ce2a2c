/** How long to wait before trying again: twice as long each time, up to a limit, and never quite as long as others wait. */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after that time, or once the signal is aborted. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined);

export class Backoff {
  readonly #longestMs: number;
  #ms: number;

  constructor(firstMs: number, longestMs: number) {
    this.#ms = firstMs;
    this.#longestMs = longestMs;
  }

  /** @param wantedMs what the other side asked for, if it did */
  nextMs(wantedMs?: number): number {
    const ms = wantedMs ?? this.#ms * (0.5 + Math.random() / 2);
    this.#ms = Math.min(this.#ms * 2, this.#longestMs);
    return Math.round(Math.min(ms, this.#longestMs));
  }
}
