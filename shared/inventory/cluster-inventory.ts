/**
 * Who held which address when: pods by uid, nodes by name. It answers for a moment in the past by the times of the
 * events, not by what is so now, so that a replay, a late question and a live one get the same answer.
 */
import type { InventoryEvent } from '../schema/inventory-event.ts';
import type { Binding, Network, Whereabouts } from '../schema/observation.ts';
import { HOUR, type Micros, SECOND } from '../time.ts';
import { canonicalAddress, isLoopback, isPrivate } from './address.ts';
import { History, type State, type Track } from './history.ts';
import { type Holding, listHolders, type NodeState, type Pod, type PodIdentity, type PodState } from './holding.ts';
import { type NetworkConfig, Networks } from './networks.ts';

export interface ClusterInventoryOptions {
  /** `live`: history as it happened, watched or recorded; `snapshot`: a dump; `none`: nothing but configuration. */
  mode: Whereabouts['inventory'];
  /** How long what has gone is remembered. Default 1 h. */
  retention?: Micros;
  /** How many pods, gone ones included, and how many nodes are remembered at most. Default 10,000. */
  maxPods?: number;
  networks?: NetworkConfig;
  /** Whoever held an address within this of a time held it at that time. Default 2 s. */
  tolerance?: Micros;
}

type Upsert<T extends InventoryEvent['type']> = Extract<InventoryEvent, { type: T }>;
type Home = NonNullable<Whereabouts['home']>;

/** As the schema of `Whereabouts` has it. */
const MAX_ADDRESSES = 16;
const MAX_SLICES = 64;
const MAX_TOKEN_SECRETS = 50_000;
const MAX_SETTLED = 20_000;

const SLICE_GONE: State = { present: false, addresses: [] };
const POD_GONE: PodState = { ...SLICE_GONE, node: undefined };
const NODE_GONE: NodeState = { ...SLICE_GONE, controlPlane: false };

const sameState = (a: State, b: State): boolean =>
  a.present === b.present &&
  a.addresses.length === b.addresses.length &&
  a.addresses.every((address, i) => address === b.addresses[i]);

const clamp = (value: Micros, low: Micros, high: Micros): Micros => Math.min(high, Math.max(low, value));

/** What a thing was and held around a time. */
interface Held {
  present: boolean;
  addresses: string[];
}

/** Whether the pod or node has yet to be seen, or its addresses. */
function isIncomplete({ pod, hostNetwork, addresses, nodeAddresses }: Home): boolean {
  return pod === 'unknown' || (pod !== 'gone' && (hostNetwork ? nodeAddresses : addresses).length === 0);
}

export class ClusterInventory {
  readonly mode: Whereabouts['inventory'];
  readonly #tolerance: Micros;
  readonly #networks: Networks;
  readonly #pods: History<PodIdentity, PodState>;
  readonly #nodes: History<null, NodeState>;
  readonly #slices: History<null, State>;
  /** Pods on their node's network, by node. */
  readonly #onHost = new Map<string, Set<Pod>>();
  readonly #tokenSecrets = new Map<string, string>();
  /** Answers that hold until the next event, shared by all who ask: not to be changed. */
  readonly #settled = new Map<string, Whereabouts>();
  #newest: Micros = 0;
  #changes = 0;

  constructor(options: ClusterInventoryOptions) {
    const { mode, retention = HOUR, maxPods = 10_000, networks = {}, tolerance = 2 * SECOND } = options;
    this.mode = mode;
    this.#tolerance = tolerance;
    this.#networks = new Networks(networks);
    this.#pods = new History({
      gone: POD_GONE,
      equal: (a, b) => sameState(a, b) && a.node === b.node,
      retention,
      max: maxPods,
      onForget: (pod) => this.#leaveHost(pod),
    });
    const sameNode = (a: NodeState, b: NodeState) => sameState(a, b) && a.controlPlane === b.controlPlane;
    this.#nodes = new History({ gone: NODE_GONE, equal: sameNode, retention, max: maxPods });
    this.#slices = new History({ gone: SLICE_GONE, equal: sameState, retention, max: MAX_SLICES });
  }

  /** Grows with every event: as long as it doesn't, no answer changes. */
  get changes(): number {
    return this.#changes;
  }

  get stats() {
    return {
      pods: this.#pods.size,
      podsGone: this.#pods.gone,
      nodes: this.#nodes.size,
      /** Forgotten before their time to make room. */
      evicted: this.#pods.evicted + this.#nodes.evicted,
      /** Different addresses in what is remembered of pods. */
      addresses: this.#pods.addresses,
      podNetworks: this.#networks.sizes,
    };
  }

  apply(event: InventoryEvent): void {
    this.#changes += 1;
    this.#newest = Math.max(this.#newest, event.time);
    this.#settled.clear();
    const { time } = event;
    switch (event.type) {
      case 'pod-upsert':
        this.#upsertPod(event);
        return;
      case 'pod-delete': {
        const { uid, namespace, name } = event;
        const facts = this.#pods.get(uid)?.facts ?? {
          namespace,
          name,
          node: undefined,
          hostNetwork: false,
          secrets: undefined,
        };
        this.#pods.put(uid, facts, { time, since: time, state: POD_GONE });
        return;
      }
      case 'pods-relisted':
        this.#pods.relisted(event.uids, time);
        return;
      case 'node-upsert':
        this.#upsertNode(event);
        return;
      case 'node-delete':
        this.#nodes.put(event.name, null, { time, since: time, state: NODE_GONE });
        return;
      case 'nodes-relisted':
        this.#nodes.relisted(event.names, time);
        return;
      case 'control-plane': {
        const { slice, addresses } = event;
        this.#slices.put(slice, null, { time, since: time, state: { present: addresses.length > 0, addresses } });
        return;
      }
      case 'token-secret':
        this.#applyTokenSecret(event);
        return;
    }
  }

  /** The ServiceAccount whose token that Secret holds, as far as the inventory was shown Secrets; `''`: of an unnamed one. */
  tokenSecretOwner(namespace: string, name: string): string | undefined {
    return this.#tokenSecrets.get(`${namespace}/${name}`);
  }

  #applyTokenSecret({ namespace, name, serviceAccount, deleted }: Upsert<'token-secret'>): void {
    const key = `${namespace}/${name}`;
    if (deleted) this.#tokenSecrets.delete(key);
    else if (this.#tokenSecrets.size < MAX_TOKEN_SECRETS) this.#tokenSecrets.set(key, serviceAccount ?? '');
  }

  #upsertPod({ pod, time, initial, since = time }: Upsert<'pod-upsert'>): void {
    const started = Math.min(pod.started ?? time, time);
    const { namespace, name, hostNetwork, secrets } = pod;
    const facts = { namespace, name, hostNetwork, secrets, node: pod.node ?? this.#pods.get(pod.uid)?.facts.node };
    const there: PodState = { present: true, addresses: pod.addresses, node: pod.node };
    const before = { state: there, since: started, until: pod.ended ? Math.min(pod.endedAt ?? time, time) : time };
    const track = this.#pods.put(pod.uid, facts, {
      time,
      since: pod.ended ? time : clamp(since, pod.started ?? since, time),
      state: pod.ended ? POD_GONE : there,
      before: initial ? before : undefined,
    });
    if (pod.hostNetwork) this.#joinHost(track);
    else if (!pod.ended) for (const address of pod.addresses) this.#networks.learn(address, initial ? started : since);
  }

  #upsertNode({ node, time, initial, since = time }: Upsert<'node-upsert'>): void {
    const created = Math.min(node.created ?? time, time);
    const state: NodeState = { present: true, addresses: node.addresses, controlPlane: node.controlPlane };
    const before = initial ? { state, since: created, until: time } : undefined;
    this.#nodes.put(node.name, null, { time, since: clamp(since, node.created ?? since, time), state, before });
    for (const cidr of node.podCidrs) this.#networks.declare(cidr, initial ? created : since);
  }

  #joinHost(pod: Pod): void {
    const { node } = pod.facts;
    if (node === undefined || this.#pods.get(pod.key) !== pod) return;
    const neighbours = this.#onHost.get(node);
    if (neighbours) neighbours.add(pod);
    else this.#onHost.set(node, new Set([pod]));
  }

  #leaveHost(pod: Pod): void {
    const { node } = pod.facts;
    const neighbours = node === undefined ? undefined : this.#onHost.get(node);
    if (node !== undefined && neighbours?.delete(pod) && neighbours.size === 0) this.#onHost.delete(node);
  }

  /** What is known about a request's source, and about the home of the credential it bore, at the request's time. */
  whereabouts(source: string | null, binding: Binding, time: Micros): Whereabouts {
    // Once every event is long enough ago, the answer is the same for all later times.
    if (time <= this.#newest + this.#tolerance) return this.#whereabouts(source, binding, time);
    const key = `${source} ${binding.pod?.uid ?? ''} ${binding.node?.name ?? ''}`;
    const known = this.#settled.get(key);
    if (known) return known;
    const answer = this.#whereabouts(source, binding, time);
    if (this.#settled.size >= MAX_SETTLED) this.#settled.clear();
    this.#settled.set(key, answer);
    return answer;
  }

  #whereabouts(source: string | null, binding: Binding, time: Micros): Whereabouts {
    const address = canonicalAddress(source ?? '');
    const holding = this.#holding(address, time);
    const home = this.#home(binding, time);
    return {
      inventory: this.mode,
      network: this.#network(address, holding, time),
      holders: listHolders(holding, binding.pod?.uid),
      ...(home && { home }),
    };
  }

  /** Addresses that the node of that name held around the time, at most 16. */
  nodeAddresses(name: string, time: Micros): string[] {
    return this.#held(this.#nodes.get(name), time).addresses.slice(0, MAX_ADDRESSES);
  }

  /** Whether inventory that comes later could change what is to be thought of a use. Never for a dump. */
  canStillChange(source: string | null, binding: Binding, time: Micros): boolean {
    const address = canonicalAddress(source ?? '');
    if (this.mode !== 'live' || address === undefined) return false;
    const { home } = this.whereabouts(source, binding, time);
    if (home) {
      if (home.addresses.includes(address)) return false;
      if (isIncomplete(home)) return !isLoopback(address);
    }
    const holding = this.#holding(address, time);
    switch (this.#network(address, holding, time)) {
      case 'pods':
        // A credential without a pod is judged by who holds the address; nobody else will within moments.
        return binding.pod !== undefined || holding.pods.length === 0;
      case 'nodes':
        return holding.nodes.length === 0 && holding.hostPods.length === 0;
      case 'private':
      case 'public':
        return !this.#networks.isForeign(address);
      default:
        return false;
    }
  }

  #network(address: string | undefined, holding: Holding, time: Micros): Network {
    if (address === undefined) return 'invalid';
    if (isLoopback(address)) return 'loopback';
    if (holding.controlPlane || this.#networks.isControlPlane(address)) return 'control-plane';
    if (holding.nodes.length > 0 || holding.hostPods.length > 0) return 'nodes';
    if (holding.pods.length > 0) return 'pods';
    return this.#networks.find(address, time + this.#tolerance) ?? (isPrivate(address) ? 'private' : 'public');
  }

  #home(binding: Binding, time: Micros): Home | undefined {
    if (!binding.pod) return binding.node && this.#nodeHome(binding.node.name, time);
    const pod = this.#pods.get(binding.pod.uid);
    const { present, addresses } = this.#held(pod, time);
    const isGone = !present && pod?.timeline.hasBegunBy(time - this.#tolerance);
    // What a pod was is told only of the time that it was there: later knowledge must not change an earlier answer.
    const facts = present || isGone ? pod?.facts : undefined;
    const node = facts?.node ?? binding.node?.name;
    const nodeAddresses = node === undefined ? [] : this.nodeAddresses(node, time);
    const hostNetwork = facts?.hostNetwork ?? false;
    const home = hostNetwork && present ? [...new Set([...nodeAddresses, ...addresses])] : addresses;
    return {
      pod: present ? 'known' : isGone ? 'gone' : 'unknown',
      hostNetwork,
      addresses: home.slice(0, MAX_ADDRESSES),
      ...(!present && isGone && pod && { formerly: [...pod.addresses].slice(0, MAX_ADDRESSES) }),
      ...(node !== undefined && { node }),
      nodeAddresses,
    };
  }

  /** A credential that is bound to a node alone (a kubelet's own among them) is at home at its addresses. */
  #nodeHome(node: string, time: Micros): Home {
    const nodeAddresses = this.nodeAddresses(node, time);
    return { pod: 'none', hostNetwork: false, addresses: nodeAddresses, node, nodeAddresses };
  }

  /** What something was and held around a time. */
  #held(track: Track<unknown, State> | undefined, time: Micros): Held {
    let present = false;
    const addresses = new Set<string>();
    track?.timeline.forEachDuring(time - this.#tolerance, time + this.#tolerance, (state) => {
      present ||= state.present;
      for (const address of state.addresses) addresses.add(address);
    });
    return { present, addresses: [...addresses] };
  }

  #holding(address: string | undefined, time: Micros): Holding {
    const holding: Holding = { nodes: [], pods: [], hostPods: [], controlPlane: false };
    if (address === undefined) return holding;
    const around = <S extends State>(track: Track<unknown, S>, is: (state: S) => boolean): boolean => {
      let found = false;
      track.timeline.forEachDuring(time - this.#tolerance, time + this.#tolerance, (state) => {
        found ||= is(state);
      });
      return found;
    };
    const holds = (state: State) => state.addresses.includes(address);
    for (const slice of this.#slices.claimants(address)) holding.controlPlane ||= around(slice, holds);
    for (const pod of this.#pods.claimants(address)) {
      if (around(pod, holds)) (pod.facts.hostNetwork ? holding.hostPods : holding.pods).push(pod);
    }
    for (const node of this.#nodes.claimants(address)) {
      if (!around(node, holds)) continue;
      holding.nodes.push(node);
      holding.controlPlane ||= around(node, (state) => state.controlPlane && holds(state));
      for (const pod of this.#onHost.get(node.key) ?? []) {
        if (holding.hostPods.includes(pod)) continue;
        if (around(pod, (state) => state.present && state.node === node.key)) holding.hostPods.push(pod);
      }
    }
    return holding;
  }
}
