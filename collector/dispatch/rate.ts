/** How many messages may be sent in a time that begins with the first of them. Pure. */
import { type Micros, SECOND } from '../../shared/time.ts';

export interface RateLimit {
  /** Undefined: no limit. */
  alerts?: number | undefined;
  perSeconds: number;
}

export class Rate {
  readonly #most: number;
  readonly #window: Micros;
  #began: Micros | undefined;
  #sent = 0;

  constructor({ alerts = Number.POSITIVE_INFINITY, perSeconds }: RateLimit) {
    this.#most = alerts;
    this.#window = perSeconds * SECOND;
  }

  left(now: Micros): number {
    return this.#isRunning(now) ? Math.max(0, this.#most - this.#sent) : this.#most;
  }

  sent(count: number, now: Micros): void {
    if (count === 0) return;
    if (!this.#isRunning(now)) {
      this.#began = now;
      this.#sent = 0;
    }
    this.#sent += count;
  }

  /** When the time that runs is over, or one that would begin now; later than now. */
  endsAt(now: Micros): Micros {
    return (this.#isRunning(now) ? (this.#began as Micros) : now) + this.#window;
  }

  /** Not after the clock was put back. */
  #isRunning(now: Micros): boolean {
    return this.#began !== undefined && now >= this.#began && now < this.#began + this.#window;
  }
}
