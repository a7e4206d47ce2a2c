/**
 * By which way requests of the cluster reach its API server: most often straight, so that addresses come through as they
 * are. Else a load balancer, a NAT or an egress gateway shows its own address in place of many others'. Learned from the
 * requests themselves, by event time; never for ever.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenIssue, TokenUse } from '../schema/observation.ts';
import { DAY, HOUR, type Micros } from '../time.ts';

/** How long "addresses of this node came through" holds. */
const NODE_LASTS: Micros = HOUR;
/** Kubelets are seen only when they ask for tokens. */
const KUBELET_LASTS: Micros = DAY;
/** So many who never come straight look like a gateway, not like a thief. */
const GATEWAY_PODS = 3;
const GATEWAY_KUBELETS = 2;
const MAX_SEEN = 8;

/** Who is behind an address that is nobody's in the cluster. */
export type Stranger =
  /** The token of a pod that itself comes straight came from here too. */
  | 'thief'
  /** Stands in for several who never come straight. A hostNetwork pod may have two ways: the service's and its node's. */
  | 'gateway'
  | 'unknown';

interface Seen {
  /** By uid: whether the pod is on its node's network. */
  pods: Map<string, boolean>;
  kubelets: Set<string>;
}

export class Paths {
  /** When an address of the node, or of a pod on it, was last seen. */
  readonly #nodes = new BoundedMap<string, Micros>(10_000);
  readonly #kubelets = new BoundedMap<string, Micros>(10_000);
  /** Pods that were seen at an address of their own, or at their node's. */
  readonly #straight = new BoundedMap<string, true>(20_000);
  readonly #strangers = new BoundedMap<string, Seen>(4_096);

  observe({ whereabouts, binding, source, time }: TokenUse): void {
    const home = whereabouts?.home;
    const uid = binding.pod?.uid;
    if (!home || uid === undefined || source.address === null) return;
    if (home.addresses.includes(source.address) || home.nodeAddresses.includes(source.address)) {
      if (!this.comesStraight(uid)) this.#straight.set(uid, true);
      if (home.node !== undefined) note(this.#nodes, home.node, time);
    } else if (whereabouts.holders.length === 0) {
      const { pods } = this.#stranger(source.address);
      // Whoever comes straight tells most: there is room for it whoever came before.
      if (pods.size >= MAX_SEEN && this.comesStraight(uid)) pods.delete(pods.keys().next().value as string);
      if (pods.size < MAX_SEEN) pods.set(uid, home.hostNetwork);
    }
  }

  /** A kubelet asked for a token. */
  observeKubelet(node: string, { whereabouts, source, time }: TokenIssue): void {
    if (source.address === null) return;
    if (whereabouts?.home?.nodeAddresses.includes(source.address)) {
      note(this.#kubelets, node, time);
      note(this.#nodes, node, time);
    } else if (whereabouts?.holders.length === 0) {
      const { kubelets } = this.#stranger(source.address);
      if (kubelets.size < MAX_SEEN) kubelets.add(node);
    }
  }

  /** Whether addresses of this node, its own or its pods', were lately seen at the API server as they are. */
  reaches(node: string | undefined, time: Micros): boolean {
    return node !== undefined && isAround(this.#nodes.peek(node), time, NODE_LASTS);
  }

  /** Whether the node's kubelet was lately seen at its node's own address. */
  kubeletReaches(node: string, time: Micros): boolean {
    return isAround(this.#kubelets.peek(node), time, KUBELET_LASTS);
  }

  /** Whether the pod was ever seen at an address of its own, or at its node's. */
  comesStraight(uid: string | undefined): boolean {
    return uid !== undefined && this.#straight.peek(uid) !== undefined;
  }

  /** What is behind an address that is nobody's in the cluster. */
  judge(address: string): Stranger {
    const seen = this.#strangers.peek(address);
    if (!seen) return 'unknown';
    let indirect = 0;
    let indirectHosts = 0;
    for (const [uid, hostNetwork] of seen.pods) {
      if (!this.comesStraight(uid)) {
        indirect += 1;
        if (hostNetwork) indirectHosts += 1;
      } else if (!hostNetwork) {
        return 'thief';
      }
    }
    let kubelets = 0;
    for (const node of seen.kubelets) if (this.#kubelets.peek(node) === undefined) kubelets += 1;
    const isGateway = indirect >= GATEWAY_PODS || kubelets >= GATEWAY_KUBELETS || (kubelets > 0 && indirectHosts > 0);
    return isGateway ? 'gateway' : 'unknown';
  }

  #stranger(address: string): Seen {
    return this.#strangers.touch(address, () => ({ pods: new Map(), kubelets: new Set() }));
  }
}

function note(times: BoundedMap<string, Micros>, key: string, time: Micros): void {
  const known = times.peek(key);
  if (known === undefined || time > known) times.set(key, time);
}

const isAround = (at: Micros | undefined, time: Micros, within: Micros): boolean =>
  at !== undefined && Math.abs(time - at) <= within;
