/**
 * Whether a use from the address of the pod's own node is the pod, masqueraded, or somebody else on the node. Learned from
 * the uses of the node's pods, by event time.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { type Micros, SECOND } from '../time.ts';
import { LATE, Rhythm } from './continuity.ts';

/** How long a use from the node's address may wait for the pod's own requests to go on, or not. */
export const MASQUERADE_PATIENCE: Micros = 30 * SECOND;
const MAX_NEIGHBOURS = 512;

export type NodeAddressVerdict =
  /** Somebody on the node beside the pod: the pod's own requests went on. */
  | 'host'
  /** The pod itself is silent, but its neighbours go on with their own addresses. */
  | 'host-by-neighbours'
  /** Other pods of the node changed to its address too. */
  | 'masqueraded'
  | 'undecided'
  | 'wait';

export class Masquerade {
  readonly #pods = new BoundedMap<string, Rhythm>(20_000);
  readonly #byNode = new BoundedMap<string, Set<string>>(10_000);

  /** Takes note of a use by a pod, from its own address or from its node's. */
  observe(use: TokenUse): void {
    const home = use.whereabouts?.home;
    const uid = use.binding.pod?.uid;
    const address = use.source.address;
    if (!home || uid === undefined || address === null || home.node === undefined) return;
    // A long-running request keeps the connection, and with it the address, of a time gone by.
    if (home.hostNetwork || use.request.longRunning) return;
    if (home.addresses.includes(address)) this.#rhythm(uid, home.node).addOwn(use.time);
    else if (home.nodeAddresses.includes(address)) this.#rhythm(uid, home.node).addSuspect(use.time);
  }

  judge(use: TokenUse, now: Micros): NodeAddressVerdict {
    const uid = use.binding.pod?.uid ?? '';
    const node = use.whereabouts?.home?.node ?? '';
    const t = use.time;
    const late = now >= t + MASQUERADE_PATIENCE;
    // What comes after the time for waiting doesn't count, whenever it is that somebody looks.
    const known = Math.min(now, t + MASQUERADE_PATIENCE);
    const own = this.#pods.peek(uid)?.at(t, known) ?? 'unknown';
    // Too early to tell anything: the neighbours need not be asked.
    if (own === 'pending' && now < t + LATE) return 'wait';
    let continuing = 0;
    let pending = false;
    let pendingMixed = false;
    for (const neighbour of this.#byNode.peek(node) ?? []) {
      const rhythm = neighbour === uid ? undefined : this.#pods.peek(neighbour);
      if (!rhythm) continue;
      const state = rhythm.at(t, known);
      if (state === 'continuing') continuing += 1;
      const mixed = (state === 'interrupted' || state === 'pending') && rhythm.suspectAround(t, known);
      if (mixed && state === 'interrupted') return 'masqueraded';
      if (state === 'pending') pending = true;
      if (mixed) pendingMixed = true;
    }
    switch (own) {
      case 'continuing':
        // A neighbour that is about to show whether it changed to the node's address is worth waiting for.
        return pending && !late ? 'wait' : 'host';
      case 'pending':
        return late ? 'undecided' : 'wait';
      case 'interrupted':
        return 'undecided';
      case 'unknown':
        if (pending && !late) return 'wait';
        return continuing > 0 && !pendingMixed ? 'host-by-neighbours' : 'undecided';
    }
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
