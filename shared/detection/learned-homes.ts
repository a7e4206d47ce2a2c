/**
 * Homes learned from the log itself: of pods, when there is no inventory, and of credentials that are bound to nothing. An
 * attacker may be the only or the first user of a token, so neither the first address seen nor the only one is home.
 *
 * - A credential that is bound to nothing is at home where it is mostly used, again and again over a while.
 * - So is a pod, if nobody else is there, and other pods of its node are at home in the same network.
 */
import { addressWords, maskWords } from '../inventory/address.ts';
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { type Micros, SECOND } from '../time.ts';
import { type Continuity, Rhythm } from './continuity.ts';

const MIN_USES = 5;
const MIN_SPAN: Micros = 30 * SECOND;
const MAX_ADDRESSES = 8;
/** So many others have to live in a pod's neighbourhood. */
const MIN_NEIGHBOURS = 2;
/** What most network plugins give a node. */
const NETWORK_BITS = { 1: 24, 4: 64 } as const;

interface Seen {
  count: number;
  first: Micros;
  last: Micros;
  /** When it had been used often and long enough to be a home. */
  steadySince: Micros | undefined;
  rhythm: Rhythm;
}

interface Resident {
  isPod: boolean;
  /** The node that a pod runs on, as its token says. */
  node: string;
  addresses: Map<string, Seen>;
}

export class LearnedHomes {
  readonly #residents = new BoundedMap<string, Resident>(20_000);
  readonly #users = new BoundedMap<string, Set<string>>(40_000);
  /** Who steadily uses which address, by node and network. */
  readonly #neighbourhoods = new BoundedMap<string, Map<string, string>>(10_000);
  readonly #kubelets = new BoundedMap<string, Set<string>>(10_000);

  observe(use: TokenUse): void {
    const { time, source, binding } = use;
    const { address } = source;
    if (address === null || use.request.longRunning) return;
    const key = residentKey(use);
    const resident = this.#residents.touch(key, () => ({
      isPod: binding.pod !== undefined,
      node: binding.node?.name ?? '',
      addresses: new Map(),
    }));
    let seen = resident.addresses.get(address);
    if (!seen) {
      if (resident.addresses.size >= MAX_ADDRESSES) return;
      seen = { count: 0, first: time, last: time, steadySince: undefined, rhythm: new Rhythm() };
      resident.addresses.set(address, seen);
      const users = this.#users.touch(address, () => new Set());
      if (users.size < MAX_ADDRESSES) users.add(key);
    }
    seen.count += 1;
    seen.first = Math.min(seen.first, time);
    seen.last = Math.max(seen.last, time);
    seen.rhythm.addOwn(time);
    if (seen.steadySince !== undefined || seen.count < MIN_USES || seen.last - seen.first < MIN_SPAN) return;
    seen.steadySince = seen.last;
    if (resident.isPod) this.#settle(key, resident, address);
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
  homeOf(key: string): string | undefined {
    const resident = this.#residents.peek(key);
    if (!resident) return undefined;
    let home: string | undefined;
    let most = 0;
    let total = 0;
    for (const [address, { count, steadySince }] of resident.addresses) {
      // What others do at addresses that are none of a pod's doesn't count.
      if (resident.isPod && (steadySince === undefined || !this.#isPodAddress(key, resident, address))) continue;
      total += count;
      if (count <= most) continue;
      most = count;
      home = steadySince === undefined ? undefined : address;
    }
    return most * 2 > total ? home : undefined;
  }

  /** Whether the resident was first seen at this address after it had settled at its home. */
  isNewcomer(key: string, address: string, home: string): boolean {
    const addresses = this.#residents.peek(key)?.addresses;
    const settled = addresses?.get(home)?.steadySince;
    const first = addresses?.get(address)?.first;
    return settled !== undefined && (first === undefined || first > settled);
  }

  /** Whether the resident went on at that address across t. */
  continuity(key: string, address: string, t: Micros, now: Micros): Continuity {
    return this.#residents.peek(key)?.addresses.get(address)?.rhythm.at(t, now) ?? 'unknown';
  }

  /** Whether this address is another pod's learned home. */
  isAnothers(address: string, key: string): boolean {
    for (const other of this.#users.peek(address) ?? []) {
      if (other !== key && this.homeOf(other) === address) return true;
    }
    return false;
  }

  #settle(key: string, resident: Resident, address: string): void {
    const neighbours = this.#neighbourhoods.touch(neighbourhood(resident, address), () => new Map());
    if (neighbours.size < MAX_ADDRESSES) neighbours.set(address, key);
  }

  #isPodAddress(key: string, resident: Resident, address: string): boolean {
    if (this.#users.peek(address)?.size !== 1) return false;
    let others = 0;
    for (const [other, owner] of this.#neighbourhoods.peek(neighbourhood(resident, address)) ?? []) {
      if (other !== address && owner !== key) others += 1;
    }
    return others >= MIN_NEIGHBOURS;
  }
}

function neighbourhood({ node }: Resident, address: string): string {
  const words = addressWords(address) ?? [];
  const bits = words.length === 1 ? NETWORK_BITS[1] : NETWORK_BITS[4];
  return `${node} ${maskWords(words, bits).join('.')}`;
}

const POD = 'pod:';

/** Tokens of one pod share its home; anything else is followed by its credential. */
export const residentKey = (use: TokenUse): string =>
  use.binding.pod ? `${POD}${use.binding.pod.uid}` : use.credential.id;
