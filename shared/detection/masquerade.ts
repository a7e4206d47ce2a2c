/**
 * Whether a use from the address of the pod's own node is the pod, masqueraded, or somebody else on the node. Learned from
 * the uses of the node's pods, by event time.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { MINUTE, type Micros, SECOND } from '../time.ts';
import { type Continuity, LATE, Rhythm, type WasSilent } from './continuity.ts';
import { Silences } from './silences.ts';

/** How long a use from the node's address may wait for the pod's own requests to go on, or not. */
export const MASQUERADE_PATIENCE: Micros = 30 * SECOND;
/** ... and for the next request of a pod that works seldom. */
const LONGEST_PATIENCE: Micros = 5 * MINUTE;
const MAX_NEIGHBOURS = 512;

export type NodeAddressVerdict =
  /** Somebody on the node beside the pod: the pod's own requests went on. */
  | 'host'
  /** The pod's own requests are too few to tell, but its neighbours go on with their own addresses. */
  | 'host-by-neighbours'
  /** Other pods of the node changed to its address too. */
  | 'masqueraded'
  | 'undecided'
  | 'wait';

interface Neighbours {
  /** How many went on with their own addresses. */
  continuing: number;
  pending: boolean;
  /** Some have stopped, or may have, and were seen at the node's address. */
  pendingMixed: boolean;
  /** Some changed to the node's address. */
  masqueraded: boolean;
}

export class Masquerade {
  readonly #pods = new BoundedMap<string, Rhythm>(20_000);
  readonly #byNode = new BoundedMap<string, Set<string>>(10_000);
  readonly #silences = new BoundedMap<string, Silences>(10_000);
  /** Of all uses: where the log ends, nobody's silence says anything. */
  #newest: Micros = 0;

  /** Takes note of a use by a pod, from its own address or from its node's. */
  observe(use: TokenUse): void {
    this.#newest = Math.max(this.#newest, use.time);
    const home = use.whereabouts?.home;
    const uid = use.binding.pod?.uid;
    const address = use.source.address;
    if (!home || uid === undefined || address === null || home.node === undefined) return;
    // A long-running request keeps the connection, and with it the address, of a time gone by.
    if (home.hostNetwork || use.request.longRunning) return;
    const isOwn = home.addresses.includes(address);
    if (!isOwn && !home.nodeAddresses.includes(address)) return;
    this.#silences.touch(home.node, () => new Silences()).seen(use.time);
    const rhythm = this.#rhythm(uid, home.node);
    if (isOwn) rhythm.addOwn(use.time);
    else rhythm.addSuspect(use.time);
  }

  /** @param isNew whether the pod began not long before it was first seen */
  judge(use: TokenUse, now: Micros, isNew = false): NodeAddressVerdict {
    const uid = use.binding.pod?.uid ?? '';
    const node = use.whereabouts?.home?.node ?? '';
    const t = use.time;
    const rhythm = this.#pods.peek(uid);
    // Who works seldom is waited for: what it does next tells more than what others do.
    const due = rhythm?.knownBy(t, this.#wasSilent(node)) ?? t;
    const until = Math.max(t + MASQUERADE_PATIENCE, Math.min(due, t + LONGEST_PATIENCE));
    const late = now >= until;
    // What comes after the time for waiting doesn't count, whenever it is that somebody looks.
    const known = Math.min(now, until, this.#newest + LATE);
    const own = rhythm?.at(t, known, this.#wasSilent(node)) ?? 'unknown';
    // Too early to tell anything: the neighbours need not be asked.
    if (own === 'pending' && now < t + LATE) return 'wait';
    const around = this.#neighbours(node, uid, t, known);
    if (around.masqueraded) return 'masqueraded';
    if (own === 'interrupted') return 'undecided';
    if (!late && (around.pending || own === 'pending')) return 'wait';
    // A neighbour that was about to show whether it changed to the node's address was worth waiting for.
    if (own === 'continuing') return 'host';
    if (around.continuing === 0 || around.pendingMixed) return 'undecided';
    // Its neighbours' connections may be old ones: of new ones a new pod's first is the first to show masquerading.
    if (isNew && !rhythm?.hasOwnBy(t)) return 'undecided';
    // A connection that was opened while the node masqueraded keeps the node's address for as long as it lives.
    const since = rhythm?.suspectSince(t) ?? t;
    return since < t && this.#neighbours(node, uid, since, known).masqueraded ? 'undecided' : 'host-by-neighbours';
  }

  /** What the other pods of the node did around t. */
  #neighbours(node: string, uid: string, t: Micros, known: Micros): Neighbours {
    const around: Neighbours = { continuing: 0, pending: false, pendingMixed: false, masqueraded: false };
    const wasSilent = this.#wasSilent(node);
    for (const neighbour of this.#byNode.peek(node) ?? []) {
      const rhythm = neighbour === uid ? undefined : this.#pods.peek(neighbour);
      if (!rhythm) continue;
      const state = rhythm.at(t, known, wasSilent);
      const mixed = (state === 'interrupted' || state === 'pending') && rhythm.suspectAround(t, known);
      if (state === 'continuing') around.continuing += 1;
      if (state === 'pending') around.pending = true;
      if (mixed && state === 'interrupted') around.masqueraded = true;
      if (mixed) around.pendingMixed = true;
    }
    return around;
  }

  /** Whether the pod's own requests went on at its own address across the time of the use. */
  continuity(use: TokenUse, now: Micros): Continuity {
    const known = Math.min(now, use.time + MASQUERADE_PATIENCE, this.#newest + LATE);
    return (
      this.#pods
        .peek(use.binding.pod?.uid ?? '')
        ?.at(use.time, known, this.#wasSilent(use.whereabouts?.home?.node ?? '')) ?? 'unknown'
    );
  }

  #wasSilent(node: string): WasSilent {
    return (from, to) => this.#silences.peek(node)?.fill(from, to) ?? false;
  }

  #rhythm(uid: string, node: string): Rhythm {
    const rhythm = this.#pods.touch(uid, () => new Rhythm());
    const pods = this.#byNode.touch(node, () => new Set());
    pods.add(uid);
    if (pods.size > MAX_NEIGHBOURS) {
      for (const old of pods) if (!this.#pods.peek(old)) pods.delete(old);
      if (pods.size > MAX_NEIGHBOURS) pods.delete(pods.values().next().value as string);
    }
    return rhythm;
  }
}
