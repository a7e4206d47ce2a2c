import type { Clock, Micros } from '../../../shared/time.ts';

/**
 * A recording's own time, going on at `speed` times the wall clock from the moment it is made, and from `to` on at the wall
 * clock's own: whoever looks on afterwards is not told of minutes that have not passed.
 */
export class ReplayClock implements Clock {
  readonly #from: Micros;
  readonly #to: Micros;
  readonly #speed: number;
  readonly #wall: () => number;
  readonly #started: number;

  /** @param wall milliseconds that only go forward */
  constructor({ from, to }: { from: Micros; to: Micros }, speed: number, wall: () => number = () => performance.now()) {
    this.#from = from;
    this.#to = to;
    this.#speed = speed;
    this.#wall = wall;
    this.#started = wall();
  }

  now(): Micros {
    const passed = (this.#wall() - this.#started) * 1000;
    const played = Math.min(passed, (this.#to - this.#from) / this.#speed);
    return this.#from + Math.round(played * this.#speed + (passed - played));
  }
}
