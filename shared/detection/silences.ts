/** When a group of pods was silent altogether. Requests may come in any order. */
import { type Micros, SECOND } from '../time.ts';

/** Shorter ones are everyday. */
const WORTH_NOTING: Micros = 2 * SECOND;
const MAX_SILENCES = 64;
/** How much of a time has to be silent. */
const MOST = 0.75;

export class Silences {
  #newest: Micros | undefined;
  /** Oldest first. */
  #silences: { from: Micros; to: Micros }[] = [];

  seen(time: Micros): void {
    if (this.#newest === undefined) this.#newest = time;
    if (time > this.#newest) {
      this.#add(this.#newest, time);
      this.#newest = time;
      return;
    }
    const at = this.#silences.findIndex(({ from, to }) => time > from && time < to);
    const broken = this.#silences[at];
    if (!broken) return;
    const rest = [
      { from: broken.from, to: time },
      { from: time, to: broken.to },
    ].filter(({ from, to }) => to - from >= WORTH_NOTING);
    this.#silences.splice(at, 1, ...rest);
  }

  /** Whether one silence fills most of that time. */
  fill(from: Micros, to: Micros): boolean {
    return this.#silences.some(
      (silence) => Math.min(silence.to, to) - Math.max(silence.from, from) >= MOST * (to - from),
    );
  }

  #add(from: Micros, to: Micros): void {
    if (to - from < WORTH_NOTING) return;
    this.#silences.push({ from, to });
    if (this.#silences.length <= MAX_SILENCES) return;
    // The shortest says least.
    let shortest = 0;
    for (const [i, { from, to }] of this.#silences.entries()) {
      const other = this.#silences[shortest];
      if (other && to - from < other.to - other.from) shortest = i;
    }
    this.#silences.splice(shortest, 1);
  }
}
