import type { Clock, Micros } from '../../../shared/time.ts';

/** A recording's own time, going on at `speed` times the wall clock from the moment it is made. */
export class ReplayClock implements Clock {
  readonly #from: Micros;
  readonly #speed: number;
  readonly #wall: () => number;
  readonly #started: number;

  /** @param wall milliseconds that only go forward */
  constructor(from: Micros, speed: number, wall: () => number = () => performance.now()) {
    this.#from = from;
    this.#speed = speed;
    this.#wall = wall;
    this.#started = wall();
  }

  now(): Micros {
    return this.#from + Math.round((this.#wall() - this.#started) * 1000 * this.#speed);
  }
}
