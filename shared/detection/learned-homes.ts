/**
 * Homes learned from the log itself: of pods, when there is no inventory, and of credentials that are bound to nothing. An
 * attacker may be the only or the first user of a token, so the first address seen is not home: an address counts as home
 * once it is the one mostly used, again and again over a while, and (for a pod) is used by nobody else.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { type Micros, SECOND } from '../time.ts';
import { type Continuity, Rhythm } from './continuity.ts';

const MIN_USES = 5;
const MIN_SPAN: Micros = 30 * SECOND;
const MAX_ADDRESSES = 8;

interface Seen {
  count: number;
  first: Micros;
  last: Micros;
  rhythm: Rhythm;
}

export class LearnedHomes {
  readonly #residents = new BoundedMap<string, Map<string, Seen>>(20_000);
  readonly #users = new BoundedMap<string, Set<string>>(40_000);
  readonly #kubelets = new BoundedMap<string, Set<string>>(10_000);

  observe(use: TokenUse): void {
    const address = use.source.address;
    if (address === null || use.request.longRunning) return;
    const resident = residentKey(use);
    const seen = this.#residents.touch(resident, () => new Map());
    const at = seen.get(address);
    if (at) {
      at.count += 1;
      at.first = Math.min(at.first, use.time);
      at.last = Math.max(at.last, use.time);
      at.rhythm.addOwn(use.time);
    } else if (seen.size < MAX_ADDRESSES) {
      const rhythm = new Rhythm();
      rhythm.addOwn(use.time);
      seen.set(address, { count: 1, first: use.time, last: use.time, rhythm });
    }
    const users = this.#users.touch(address, () => new Set());
    if (users.size < MAX_ADDRESSES) users.add(resident);
  }

  /** A kubelet had a token issued from here: very likely a node's address. */
  noteKubelet(node: string, address: string): void {
    const nodes = this.#kubelets.touch(address, () => new Set());
    if (nodes.size < MAX_ADDRESSES) nodes.add(node);
  }

  isNode(address: string): boolean {
    return this.#kubelets.peek(address) !== undefined;
  }

  /** The address that a resident (`residentKey`) is at home at, if the log shows it by now. */
  homeOf(resident: string): string | undefined {
    let best: [string, Seen] | undefined;
    let total = 0;
    for (const candidate of this.#residents.peek(resident) ?? []) {
      total += candidate[1].count;
      if (best === undefined || candidate[1].count > best[1].count) best = candidate;
    }
    if (best === undefined) return undefined;
    const [address, seen] = best;
    const established = seen.count >= MIN_USES && seen.last - seen.first >= MIN_SPAN && seen.count * 2 > total;
    const alone = !resident.startsWith(POD) || this.#users.peek(address)?.size === 1;
    return established && alone ? address : undefined;
  }

  /** Whether the resident went on at that address across t. */
  continuity(resident: string, address: string, t: Micros, now: Micros): Continuity {
    return this.#residents.peek(resident)?.get(address)?.rhythm.at(t, now) ?? 'unknown';
  }

  /** Whether this address is another pod's learned home. */
  isAnothers(address: string, resident: string): boolean {
    for (const other of this.#users.peek(address) ?? []) {
      if (other !== resident && this.homeOf(other) === address) return true;
    }
    return false;
  }
}

const POD = 'pod:';

/** Tokens of one pod share its home; anything else is followed by its credential. */
export const residentKey = (use: TokenUse): string =>
  use.binding.pod ? `${POD}${use.binding.pod.uid}` : use.credential.id;
