/**
 * What changes the inventory: the little of a Pod, Node, Secret or Endpoints object that ownership of addresses needs,
 * whichever way it came (watch, recording, dump).
 */
import type { Micros } from '../time.ts';

/** A container of a pod's spec, and which containers of the runtime that was. */
export interface ContainerFacts {
  name: string;
  image: string;
  /** Without its `containerd://`: the present one and the one before, as far as the status tells; at most 4. */
  ids: string[];
  /** Names of the volumes that it mounts, at most 64. */
  volumes: string[];
  /** Commands that the kubelet has the runtime run in it (probes, lifecycle hooks), each at most 32 words. */
  hooks: string[][];
}

/** What tells who opens a pod's token files. */
export interface WorkloadFacts {
  /** At most 32, init and ephemeral ones included. */
  containers: ContainerFacts[];
  /** Its containers share one pid namespace, or have the host's. */
  sharesPids: boolean;
  /** metadata.labels, at most 64. */
  labels: Readonly<Record<string, string>>;
}

export interface PodFacts {
  uid: string;
  namespace: string;
  name: string;
  /** spec.nodeName */
  node?: string;
  /** status.podIPs, canonical; empty until assigned. */
  addresses: string[];
  hostNetwork: boolean;
  serviceAccount?: string;
  /** Names of the Secrets that the spec hands to its containers (volumes, environment), sorted, at most 16. */
  secrets?: string[];
  /** Absent when the object had no spec. */
  workload?: WorkloadFacts;
  /** status.phase Succeeded or Failed: its addresses are free although the object is still there. */
  ended: boolean;
  /** When its last container finished, if it has ended and says so. */
  endedAt?: Micros;
  /** status.startTime, else metadata.creationTimestamp. */
  started?: Micros;
}

export interface NodeFacts {
  uid: string;
  name: string;
  /** status.addresses of type InternalIP, ExternalIP (names are left out), canonical. */
  addresses: string[];
  /** spec.podCIDRs */
  podCidrs: string[];
  /** Has label node-role.kubernetes.io/control-plane (or master). */
  controlPlane: boolean;
  created?: Micros;
}

interface Upsert {
  /** From an initial list: it was so before `time`. */
  initial: boolean;
  /** It may have become so at any moment from then on: the watch was interrupted, and what it missed came late. */
  since?: Micros;
}

export type InventoryEvent = { time: Micros } & (
  | ({ type: 'pod-upsert'; pod: PodFacts } & Upsert)
  | { type: 'pod-delete'; uid: string; namespace: string; name: string }
  | ({ type: 'node-upsert'; node: NodeFacts } & Upsert)
  | { type: 'node-delete'; name: string }
  /** A Secret of type kubernetes.io/service-account-token (metadata only, ever). */
  | { type: 'token-secret'; namespace: string; name: string; serviceAccount: string | undefined; deleted: boolean }
  /**
   * One slice of the `kubernetes` Endpoints or EndpointSlices of namespace default: the API servers' own addresses. It
   * replaces what the slice of that name said before; empty when it was deleted.
   */
  | { type: 'control-plane'; slice: string; addresses: string[] }
  /** A relist: every pod/node not named since has gone. `uids` are those that exist. */
  | { type: 'pods-relisted'; uids: ReadonlySet<string> }
  | { type: 'nodes-relisted'; names: ReadonlySet<string> }
);
