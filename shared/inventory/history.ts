/**
 * Who held which address when, for things of one kind (pods, nodes, slices of endpoints). Judges by the events' own
 * times, so that the order in which they come does not matter as long as they are late by less than `SETTLED`.
 */
import { MINUTE, type Micros } from '../time.ts';
import { AgedMap } from './aged-map.ts';
import { Timeline, type TimelineEntry } from './timeline.ts';

/** What any of them is at a time. */
export interface State {
  /** Whether it is there at all: neither deleted nor ended. */
  present: boolean;
  addresses: readonly string[];
}

/** One thing and its past. */
export interface Track<F, S> {
  readonly key: string;
  facts: F;
  readonly timeline: Timeline<S>;
  /** Every address that it is found under. */
  readonly addresses: Set<string>;
}

export interface HistoryOptions<F, S> {
  /** The state of what has gone. */
  gone: S;
  equal: (a: S, b: S) => boolean;
  /** How long what has gone is remembered. */
  retention: Micros;
  /** How many are remembered at most; beyond that those that went first go first, then those that came first. */
  max: number;
  onForget?: (track: Track<F, S>) => void;
}

/** Nothing is entered later than this by its own time: older than that, the past is settled. */
const SETTLED: Micros = MINUTE;
const MAX_RELISTS = 8;
const NONE: ReadonlySet<never> = new Set();

export class History<F, S extends State> {
  readonly #options: HistoryOptions<F, S>;
  readonly #tracks = new AgedMap<string, Track<F, S>>();
  readonly #byAddress = new Map<string, Set<Track<F, S>>>();
  /** Keys of what has gone, with the time; those that went first come first. */
  readonly #gone = new AgedMap<string, Micros>();
  #relists: { time: Micros; keys: ReadonlySet<string> }[] = [];
  #now: Micros = 0;
  #evicted = 0;

  constructor(options: HistoryOptions<F, S>) {
    this.#options = options;
  }

  get size(): number {
    return this.#tracks.size;
  }

  /** How many are remembered although they have gone. */
  get gone(): number {
    return this.#gone.size;
  }

  get addresses(): number {
    return this.#byAddress.size;
  }

  /** How many had to be forgotten before their time to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  get(key: string): Track<F, S> | undefined {
    return this.#tracks.get(key);
  }

  /** Everything that ever held the address, as far as is remembered. */
  claimants(address: string): ReadonlySet<Track<F, S>> {
    return this.#byAddress.get(address) ?? NONE;
  }

  put(key: string, facts: F, entry: TimelineEntry<S>): Track<F, S> {
    this.#now = Math.max(this.#now, entry.time);
    let track = this.#tracks.get(key);
    if (track) {
      track.facts = facts;
    } else {
      track = { key, facts, timeline: new Timeline(), addresses: new Set() };
      this.#tracks.set(key, track);
    }
    this.#enter(track, entry);
    for (const relist of this.#relists) if (!relist.keys.has(key)) this.#vanish(track, relist.time);
    this.#makeRoom();
    return track;
  }

  /** A list of all that there are: the rest has gone. */
  relisted(keys: ReadonlySet<string>, time: Micros): void {
    this.#now = Math.max(this.#now, time);
    this.#relists.push({ time, keys });
    this.#relists = this.#relists.filter((relist) => relist.time >= this.#now - SETTLED).slice(-MAX_RELISTS);
    for (const track of this.#tracks.values()) if (!keys.has(track.key)) this.#vanish(track, time);
    this.#makeRoom();
  }

  #vanish(track: Track<F, S>, time: Micros): void {
    if (track.timeline.at(time)?.present) this.#enter(track, { time, since: time, state: this.#options.gone });
  }

  #enter(track: Track<F, S>, entry: TimelineEntry<S>): void {
    const { timeline } = track;
    timeline.put(entry);
    this.#index(track, entry.state);
    if (entry.before) this.#index(track, entry.before.state);
    if (timeline.compact(this.#now - this.#options.retention, this.#now - SETTLED, this.#options.equal)) {
      this.#unindex(track);
      for (const state of timeline.states()) this.#index(track, state);
    }
    const { last } = timeline;
    this.#gone.delete(track.key);
    if (last && !last.state.present) this.#gone.set(track.key, last.time);
  }

  #index(track: Track<F, S>, state: S): void {
    for (const address of state.addresses) {
      track.addresses.add(address);
      const claimants = this.#byAddress.get(address);
      if (claimants) claimants.add(track);
      else this.#byAddress.set(address, new Set([track]));
    }
  }

  #unindex(track: Track<F, S>): void {
    for (const address of track.addresses) {
      const claimants = this.#byAddress.get(address);
      if (claimants?.delete(track) && claimants.size === 0) this.#byAddress.delete(address);
    }
    track.addresses.clear();
  }

  #makeRoom(): void {
    const horizon = this.#now - this.#options.retention;
    for (let key = this.#gone.oldest(); key !== undefined; key = this.#gone.oldest()) {
      if ((this.#gone.get(key) as Micros) >= horizon) break;
      this.#forget(key);
    }
    while (this.#tracks.size > this.#options.max) {
      const oldest = this.#gone.oldest() ?? this.#tracks.oldest();
      if (oldest === undefined) return;
      this.#forget(oldest);
      this.#evicted += 1;
    }
  }

  #forget(key: string): void {
    const track = this.#tracks.get(key);
    this.#gone.delete(key);
    if (!track) return;
    this.#tracks.delete(key);
    this.#unindex(track);
    this.#options.onForget?.(track);
  }
}
