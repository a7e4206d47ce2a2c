/** Everybody who held an address around some time. */
import type { AddressHolder } from '../schema/observation.ts';
import type { State, Track } from './history.ts';

export interface PodState extends State {
  node: string | undefined;
}

export interface NodeState extends State {
  controlPlane: boolean;
}

/** What of a pod never changes once it is known. */
export interface PodIdentity {
  namespace: string;
  name: string;
  node: string | undefined;
  hostNetwork: boolean;
  /** Names of the Secrets that its spec hands to it. */
  secrets: readonly string[] | undefined;
}

export type Pod = Track<PodIdentity, PodState>;
export type Node = Track<null, NodeState>;

export interface Holding {
  nodes: Node[];
  /** Pods with an address of their own. */
  pods: Pod[];
  /** Pods on the network of a node that held it. */
  hostPods: Pod[];
  /** Whether an API server or a node of the control plane held it. */
  controlPlane: boolean;
}

/** As the schema of `Whereabouts` has it. */
const MAX_HOLDERS = 8;

/** Nodes first, then the bound pod, so that it isn't lost among its neighbours, then the others. */
export function listHolders({ nodes, pods, hostPods }: Holding, bound: string | undefined): AddressHolder[] {
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  const ordered = [...pods.toSorted(byKey), ...hostPods.toSorted(byKey)];
  const own = ordered.findIndex((pod) => pod.key === bound);
  if (own > 0) ordered.unshift(...ordered.splice(own, 1));
  const nodeHolders = nodes.toSorted(byKey).map((node): AddressHolder => ({ kind: 'node', name: node.key }));
  return [...nodeHolders, ...ordered.slice(0, MAX_HOLDERS).map(podHolder)].slice(0, MAX_HOLDERS);
}

function podHolder({ key, facts }: Pod): AddressHolder {
  const { namespace, name, node, hostNetwork, secrets } = facts;
  return {
    kind: 'pod',
    uid: key,
    namespace,
    name,
    ...(node !== undefined && { node }),
    hostNetwork,
    ...(secrets && { secrets: [...secrets] }),
  };
}
