/**
 * Which addresses reach the API server from a node: the pods' own, or one that stands in for them (masquerading, a NAT
 * gateway, a load balancer). Learned from the uses themselves, per node, by event time; never for ever.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { MINUTE, type Micros, SECOND } from '../time.ts';
import { Rhythm } from './continuity.ts';

/** How long a use from the node's address may wait for the pod's own requests to go on, or not. */
export const MASQUERADE_PATIENCE: Micros = 30 * SECOND;
/** How long "pods of this node were seen at their own addresses" holds. */
const REACH_LASTS: Micros = 60 * MINUTE;
const MAX_STAND_IN_PODS = 8;

export type NodeAddressVerdict =
  /** Somebody on the node beside the pod: the pod's own requests went on. */
  | 'host'
  /** The pod itself is silent, but its neighbours go on with their own addresses. */
  | 'host-by-neighbours'
  /** Other pods of the node changed to its address too. */
  | 'masqueraded'
  | 'undecided'
  | 'wait';

interface PodTrack {
  node: string;
  rhythm: Rhythm;
}

export class Masquerade {
  readonly #pods = new BoundedMap<string, PodTrack>(20_000);
  readonly #byNode = new Map<string, Set<string>>();
  readonly #reach = new Map<string, Micros>();
  #anyReach: Micros | undefined;
  /** Outside addresses at which pods were seen that never showed an address of their own. */
  readonly #standIns = new BoundedMap<string, Set<string>>(4096);

  /** Takes note of a use by a pod, from its own address or from somewhere else. */
  observe(use: TokenUse): void {
    const home = use.whereabouts?.home;
    const uid = use.binding.pod?.uid;
    const address = use.source.address;
    if (!home || uid === undefined || address === null || home.node === undefined) return;
    const own = home.addresses.includes(address);
    if (own) this.#noteReach(home.node, use.time);
    // A long-running request keeps the connection, and with it the address, of a time gone by.
    if (home.hostNetwork || use.request.longRunning) return;
    if (own) {
      this.#track(uid, home.node).rhythm.addOwn(use.time);
    } else if (home.nodeAddresses.includes(address)) {
      this.#track(uid, home.node).rhythm.addSuspect(use.time);
    } else {
      const pods = this.#standIns.touch(address, () => new Set());
      if (pods.size < MAX_STAND_IN_PODS && this.#pods.peek(uid)?.rhythm.lastOwn === undefined) pods.add(uid);
    }
  }

  /** A kubelet was seen at its node's own address: what comes from that node isn't hidden behind another address. */
  noteKubelet(node: string, time: Micros): void {
    this.#noteReach(node, time);
  }

  /** Whether addresses of this node (or, failing that, of any node) were lately seen at the API server as they are. */
  reaches(node: string | undefined, time: Micros): 'node' | 'cluster' | 'unknown' {
    const recent = (at: Micros | undefined) => at !== undefined && Math.abs(time - at) <= REACH_LASTS;
    if (node !== undefined && recent(this.#reach.get(node))) return 'node';
    return recent(this.#anyReach) ? 'cluster' : 'unknown';
  }

  /** Pods seen at an outside address which never showed their own: three or more look like a gateway, not like a thief. */
  standsInFor(address: string): number {
    return this.#standIns.peek(address)?.size ?? 0;
  }

  judge(use: TokenUse, now: Micros): NodeAddressVerdict {
    const uid = use.binding.pod?.uid ?? '';
    const node = use.whereabouts?.home?.node ?? '';
    const t = use.time;
    const late = now >= t + MASQUERADE_PATIENCE;
    let continuing = 0;
    let pending = false;
    let pendingMixed = false;
    for (const neighbour of this.#byNode.get(node) ?? []) {
      const track = neighbour === uid ? undefined : this.#pods.peek(neighbour);
      if (!track) continue;
      const state = track.rhythm.at(t, now);
      if (state === 'continuing') continuing += 1;
      const mixed = (state === 'interrupted' || state === 'pending') && track.rhythm.suspectAround(t, now);
      if (mixed && state === 'interrupted') return 'masqueraded';
      if (state === 'pending') pending = true;
      if (mixed) pendingMixed = true;
    }
    switch (this.#pods.peek(uid)?.rhythm.at(t, now) ?? 'unknown') {
      case 'continuing':
        return pendingMixed && !late ? 'wait' : 'host';
      case 'pending':
        return late ? 'undecided' : 'wait';
      case 'interrupted':
        return 'undecided';
      case 'unknown':
        if (pendingMixed || (pending && continuing === 0)) return late ? 'undecided' : 'wait';
        return continuing > 0 ? 'host-by-neighbours' : 'undecided';
    }
  }

  #noteReach(node: string, time: Micros): void {
    this.#reach.set(node, Math.max(this.#reach.get(node) ?? 0, time));
    this.#anyReach = Math.max(this.#anyReach ?? 0, time);
  }

  #track(uid: string, node: string): PodTrack {
    const track = this.#pods.touch(uid, () => ({ node, rhythm: new Rhythm() }));
    let pods = this.#byNode.get(node);
    if (!pods) this.#byNode.set(node, (pods = new Set()));
    pods.add(uid);
    if (pods.size > 512) {
      for (const old of pods) if (!this.#pods.peek(old)) pods.delete(old);
      if (pods.size > 512) pods.delete(pods.values().next().value as string);
    }
    return track;
  }
}
