/** A recorded watch of made-up pods and nodes, line by line. */

export interface MadePod {
  namespace: string;
  account: string;
  name: string;
  uid: string;
  /** Of its token. */
  credential: string;
  node: string;
  address: string;
}

export interface MadeNode {
  name: string;
  uid: string;
  address: string;
  podCidr: string;
}

const CREATED = '2026-11-01T00:00:00Z';

/** @param t when they were all seen, as the recording spells it */
export function clusterLinesOf(t: string, nodes: readonly MadeNode[], pods: readonly MadePod[]): string[] {
  const line = (kind: string, object: object) =>
    JSON.stringify({ t, kind, type: 'ADDED', object: { kind, ...object } });
  return [
    ...nodes.map(({ name, uid, address, podCidr }) =>
      line('Node', {
        metadata: { name, uid, creationTimestamp: CREATED },
        spec: { podCIDRs: [podCidr] },
        status: { addresses: [{ type: 'InternalIP', address }] },
      }),
    ),
    ...pods.map(({ namespace, name, uid, node, address, account }) =>
      line('Pod', {
        metadata: { name, namespace, uid, creationTimestamp: CREATED },
        spec: { nodeName: node, serviceAccountName: account },
        status: { phase: 'Running', startTime: CREATED, podIP: address, podIPs: [{ ip: address }] },
      }),
    ),
  ];
}
