/**
 * What kind of network an address lies in: by configuration, by what nodes declare (spec.podCIDRs), and by where pods
 * have been seen. Whatever is learned counts from the time that it was known.
 */
import { TruantError } from '../errors.ts';
import type { Micros } from '../time.ts';
import { addressWords, type Cidr, inCidrs, isPublic, maskWords, parseCidr } from './address.ts';
import { BoundedMap } from './bounded-map.ts';

/** Each optional: what is left out is learned as far as it can be. Addresses count as networks of one. */
export interface NetworkConfig {
  podCidrs?: string[];
  serviceCidrs?: string[];
  /** Addresses of API servers and of the control plane's own controllers. */
  controlPlane?: string[];
  nodeCidrs?: string[];
}

/** What is known of where pods have their addresses. */
interface Survey {
  /** Any pods at all. */
  seen: boolean;
  /** Every pod seen is within a network that is configured or declared by a node. */
  allDeclared: boolean;
  /** Families (is it IPv6) in which pods have addresses of the internet. */
  publicFamilies: ReadonlySet<boolean>;
}

/** More nodes than Kubernetes supports; each has a network for each family. */
const MAX_NETWORKS = 20_000;

/** How wide around a pod's address its neighbours are taken for pods: what most network plugins give a node. */
const LEARNED_BITS = { 1: 24, 4: 64 } as const;

/** Networks with the time since when they are known. */
class KnownNetworks {
  readonly #since = new BoundedMap<string, Micros>(MAX_NETWORKS);
  readonly #lengths = new Set<number>();

  get size(): number {
    return this.#since.size;
  }

  /** @returns whether it is new */
  add(cidr: Cidr, since: Micros): boolean {
    const key = keyOf(cidr.words, cidr.bits);
    const known = this.#since.peek(key);
    this.#lengths.add(cidr.bits);
    this.#since.set(key, Math.min(since, known ?? since));
    return known === undefined;
  }

  has(words: readonly number[], time: Micros): boolean {
    for (const bits of this.#lengths) {
      const since = this.#since.peek(keyOf(maskWords(words, bits), bits));
      if (since !== undefined && since <= time) return true;
    }
    return false;
  }
}

const keyOf = (words: readonly number[], bits: number): string => `${words.join('.')}/${bits}`;

function parseAll(key: keyof NetworkConfig, texts: readonly string[] = []): Cidr[] {
  return texts.map((text) => {
    const cidr = parseCidr(text);
    if (cidr) return cidr;
    throw new TruantError('CONFIG_INVALID', `networks.${key}: "${text}" is no network`, {
      remedy: 'Write networks as 10.244.0.0/16 or fd00:10:244::/56, single addresses as 10.0.0.1.',
    });
  });
}

export class Networks {
  readonly #podCidrs: Cidr[];
  readonly #serviceCidrs: Cidr[];
  readonly #nodeCidrs: Cidr[];
  readonly #controlPlane: Cidr[];
  readonly #declared = new KnownNetworks();
  readonly #learned = new KnownNetworks();
  /** A pod's address for each learned network: tells whether what is declared is all there is. */
  readonly #witnesses = new BoundedMap<string, string>(MAX_NETWORKS);
  /** Drawn again when networks were learned. */
  #survey: Survey | undefined;

  constructor(config: NetworkConfig) {
    this.#podCidrs = parseAll('podCidrs', config.podCidrs);
    this.#serviceCidrs = parseAll('serviceCidrs', config.serviceCidrs);
    this.#nodeCidrs = parseAll('nodeCidrs', config.nodeCidrs);
    this.#controlPlane = parseAll('controlPlane', config.controlPlane);
  }

  /** How many pod networks nodes have declared, and around how many pods were seen. */
  get sizes(): { declared: number; learned: number } {
    return { declared: this.#declared.size, learned: this.#learned.size };
  }

  /** A node says that the pods on it have addresses of this network. */
  declare(text: string, since: Micros): void {
    const cidr = parseCidr(text);
    if (cidr && this.#declared.add(cidr, since)) this.#survey = undefined;
  }

  /** A pod was seen at this address. */
  learn(address: string, since: Micros): void {
    const words = addressWords(address);
    if (words === undefined || inCidrs(address, this.#podCidrs)) return;
    const bits = words.length === 1 ? LEARNED_BITS[1] : LEARNED_BITS[4];
    const network = { words: maskWords(words, bits), bits };
    if (!this.#learned.add(network, since)) return;
    this.#witnesses.set(keyOf(network.words, bits), address);
    this.#survey = undefined;
  }

  isControlPlane(address: string): boolean {
    return inCidrs(address, this.#controlPlane);
  }

  /** The network that an address lies in by itself, as known at `time`. */
  find(address: string, time: Micros): 'pods' | 'nodes' | 'services' | undefined {
    const words = addressWords(address);
    if (words === undefined) return undefined;
    if (inCidrs(address, this.#podCidrs) || this.#declared.has(words, time)) return 'pods';
    if (inCidrs(address, this.#nodeCidrs)) return 'nodes';
    if (inCidrs(address, this.#serviceCidrs)) return 'services';
    return this.#learned.has(words, time) ? 'pods' : undefined;
  }

  /** Whether an address that lies in no known network can't turn out to be a pod's, because where pods are is known. */
  isForeign(address: string): boolean {
    const survey = (this.#survey ??= this.#look());
    if (survey.allDeclared) return true;
    // Where pods have private addresses, one on the internet is none of them.
    return survey.seen && isPublic(address) && !survey.publicFamilies.has(isIPv6(address));
  }

  #look(): Survey {
    let allDeclared = this.#podCidrs.length > 0 || this.#declared.size > 0;
    const publicFamilies = new Set<boolean>();
    for (const address of this.#witnesses.values()) {
      const words = addressWords(address);
      if (words && !this.#declared.has(words, Infinity)) allDeclared = false;
      if (isPublic(address)) publicFamilies.add(isIPv6(address));
    }
    return { allDeclared, publicFamilies, seen: this.#witnesses.size > 0 };
  }
}

const isIPv6 = (address: string): boolean => address.includes(':');
