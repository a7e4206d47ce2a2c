/**
 * Gives each observation its whereabouts, once what the inventory says about it can be relied on: at once where nothing
 * can change, else when the event's time is long enough ago for a slow watcher to have caught up.
 */
import { nodeOfKubelet } from '../normalise/principal.ts';
import type { Binding, RequestObservation, Whereabouts } from '../schema/observation.ts';
import { type Micros, SECOND } from '../time.ts';
import type { ClusterInventory } from './cluster-inventory.ts';

export interface HoldBackOptions<T> {
  inventory: Pick<ClusterInventory, 'whereabouts' | 'canStillChange' | 'changes'>;
  /** How long after its own time an observation waits at most. Default 2 s. */
  holdBack?: Micros;
  /** How many wait at most; beyond that the oldest goes early, counted. Default 50,000. */
  max?: number;
  /** Called with each that has to wait. */
  onHold?: ((observation: T) => void) | undefined;
}

/** Those who wait are asked again at most this often in the time that they wait. */
const QUESTIONS = 20;

const NO_BINDING: Binding = {};

/** A kubelet's own identity belongs to its node, which its user name tells. */
function bindingOf(observation: RequestObservation): Binding {
  if (observation.kind === 'use') return observation.binding;
  if (observation.kind === 'denied') return NO_BINDING;
  const node = nodeOfKubelet(observation.actor.username);
  return node === undefined ? observation.actor.binding : { node: { name: node } };
}

export class HoldBack<T extends RequestObservation> {
  readonly #inventory: HoldBackOptions<T>['inventory'];
  readonly #holdBack: Micros;
  readonly #max: number;
  readonly #onHold: HoldBackOptions<T>['onHold'];
  /** By time, those of the same time as they came. The ones before `#head` have gone. */
  #held: T[] = [];
  #head = 0;
  #now: Micros = 0;
  #asked: { at: Micros; changes: number } = { at: 0, changes: 0 };
  #early = 0;

  constructor(options: HoldBackOptions<T>) {
    this.#inventory = options.inventory;
    this.#holdBack = options.holdBack ?? 2 * SECOND;
    this.#max = options.max ?? 50_000;
    this.#onHold = options.onHold;
  }

  get stats() {
    return {
      held: this.#held.length - this.#head,
      /** Let go before their time because too many waited. */
      early: this.#early,
    };
  }

  /** @returns what may go now, with its whereabouts */
  push(observation: T): T[] {
    const due = observation.time + this.#holdBack <= this.#now;
    if (due || !this.#isOpen(observation)) return [this.#locate(observation)];
    let at = this.#held.length;
    while (at > this.#head && (this.#held[at - 1] as T).time > observation.time) at--;
    this.#held.splice(at, 0, observation);
    this.#onHold?.(observation);
    if (this.#held.length - this.#head <= this.#max) return [];
    this.#early += 1;
    return this.#take(1);
  }

  /** @param now event time that has passed: the wall clock when live, the latest event's own time in a replay */
  advance(now: Micros): T[] {
    this.#now = Math.max(this.#now, now);
    let due = 0;
    while (this.#head + due < this.#held.length) {
      if ((this.#held[this.#head + due] as T).time + this.#holdBack > this.#now) break;
      due++;
    }
    return [...this.#take(due), ...this.#askAgain()];
  }

  /** Lets all go. */
  flush(): T[] {
    return this.#take(this.#held.length - this.#head);
  }

  #take(count: number): T[] {
    if (count === 0) return [];
    const taken = this.#held.slice(this.#head, this.#head + count);
    this.#head += count;
    if (this.#head * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#head);
      this.#head = 0;
    }
    return taken.map((observation) => this.#locate(observation));
  }

  #askAgain(): T[] {
    const { changes } = this.#inventory;
    if (changes === this.#asked.changes || this.#held.length === this.#head) return [];
    if (this.#now < this.#asked.at + this.#holdBack / QUESTIONS) return [];
    this.#asked = { at: this.#now, changes };
    const settled: T[] = [];
    const open: T[] = [];
    for (const observation of this.#held.slice(this.#head))
      (this.#isOpen(observation) ? open : settled).push(observation);
    this.#held = open;
    this.#head = 0;
    return settled.map((observation) => this.#locate(observation));
  }

  #isOpen(observation: T): boolean {
    return this.#inventory.canStillChange(observation.source.address, bindingOf(observation), observation.time);
  }

  #locate(observation: T): T {
    const { source, time } = observation;
    const whereabouts = this.#inventory.whereabouts(source.address, bindingOf(observation), time);
    observation.whereabouts = isLegacyUse(observation) ? whereabouts : withoutSecrets(whereabouts);
    return observation;
  }
}

const isLegacyUse = (observation: RequestObservation): boolean =>
  observation.kind === 'use' && observation.credential.kind === 'legacy';

const stripped = new WeakMap<Whereabouts, Whereabouts>();

/** Which Secrets a pod has matters for those that are tokens: all others need not carry them about. */
function withoutSecrets(whereabouts: Whereabouts): Whereabouts {
  if (!whereabouts.holders.some((holder) => holder.kind === 'pod' && holder.secrets)) return whereabouts;
  const before = stripped.get(whereabouts);
  if (before) return before;
  const holders = whereabouts.holders.map((holder) => {
    if (holder.kind !== 'pod') return holder;
    const { secrets: _, ...rest } = holder;
    return rest;
  });
  const without = { ...whereabouts, holders };
  stripped.set(whereabouts, without);
  return without;
}
