/** What was so when: the states of one thing, each from its own time until the next. Entries may come in any order. */
import type { Micros } from '../time.ts';

export interface TimelineEntry<S> {
  /** From here until the next entry's time this state is the one that holds. */
  time: Micros;
  /** It may have held from here on already, beside the one before it. At most `time`. */
  since: Micros;
  state: S;
  /** What held before `time`, as far as this entry can tell: heeded only where nothing earlier is known. */
  before?: { state: S; since: Micros; until: Micros } | undefined;
}

/** More than a thing ever has in its retention, unless somebody is filling our memory. */
const MAX_ENTRIES = 64;
/** Below this it is not worth looking for what can be forgotten. */
const FEW_ENTRIES = 4;

export class Timeline<S> {
  #entries: TimelineEntry<S>[] = [];

  /** The last entry by time, whatever came last. */
  get last(): TimelineEntry<S> | undefined {
    return this.#entries.at(-1);
  }

  /** Enters a state. Of two at the very same time, the one that came later stands. */
  put(entry: TimelineEntry<S>): void {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1] as TimelineEntry<S>).time > entry.time) at--;
    const same = this.#entries[at - 1];
    if (same?.time === entry.time) {
      this.#entries[at - 1] = {
        ...entry,
        since: Math.min(entry.since, same.since),
        before: entry.before ?? same.before,
      };
    } else {
      this.#entries.splice(at, 0, entry);
    }
  }

  /** The state that is known to have begun by `time`, without guessing back from later ones. */
  at(time: Micros): S | undefined {
    return this.#entries.findLast((entry) => entry.time <= time)?.state;
  }

  /** Whether anything at all is known to have been by `time`. */
  hasBegunBy(time: Micros): boolean {
    const first = this.#entries[0];
    return first !== undefined && Math.min(first.since, first.before?.since ?? first.since) <= time;
  }

  /** Visits every state that held at any moment from `from` to `to`, both included, oldest first. */
  forEachDuring(from: Micros, to: Micros, visit: (state: S) => void): void {
    const before = this.#entries[0]?.before;
    if (before && before.since < before.until && before.since <= to && before.until > from) visit(before.state);
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as TimelineEntry<S>;
      if (entry.since > to) continue;
      const end = this.#entries[i + 1]?.time ?? Infinity;
      if (end > from) visit(entry.state);
    }
  }

  /**
   * Forgets what ended before `horizon`, and joins equal neighbours older than `settled` (later ones may yet get a
   * different state between them).
   *
   * @returns whether anything was forgotten
   */
  compact(horizon: Micros, settled: Micros, equal: (a: S, b: S) => boolean): boolean {
    if (this.#entries.length <= FEW_ENTRIES) return false;
    const kept: TimelineEntry<S>[] = [];
    for (const entry of this.#entries) {
      const previous = kept.at(-1);
      if (previous && entry.time < settled && equal(previous.state, entry.state)) {
        previous.since = Math.min(previous.since, entry.since);
      } else {
        kept.push(entry);
      }
    }
    let first = Math.max(0, kept.length - MAX_ENTRIES);
    while (first + 1 < kept.length && (kept[first + 1] as TimelineEntry<S>).time < horizon) first++;
    const forgotten = kept.length - first < this.#entries.length;
    this.#entries = kept.slice(first);
    if (first > 0) delete (this.#entries[0] as TimelineEntry<S>).before;
    return forgotten;
  }

  states(): S[] {
    return this.#entries.flatMap((entry) => (entry.before ? [entry.before.state, entry.state] : [entry.state]));
  }
}
