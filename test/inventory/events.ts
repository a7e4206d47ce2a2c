/** Short ways to say what happened when. Times are in seconds after a fixed moment. */
import type { InventoryEvent, NodeFacts, PodFacts } from '../../shared/schema/inventory-event.ts';
import type { Binding, TokenUse } from '../../shared/schema/observation.ts';
import { type Micros, SECOND } from '../../shared/time.ts';

const START: Micros = Date.UTC(2026, 10, 23, 18, 0, 0) * 1000;

export const at = (seconds: number): Micros => START + Math.round(seconds * SECOND);

type PodText = Partial<Omit<PodFacts, 'uid' | 'started'>> & { started?: number };

export function podFacts(uid: string, { started, ...rest }: PodText = {}): PodFacts {
  return {
    uid,
    namespace: 'shop',
    name: uid,
    node: 'node-a',
    addresses: [],
    hostNetwork: false,
    ended: false,
    ...rest,
    ...(started !== undefined && { started: at(started) }),
  };
}

export const pod = (seconds: number, uid: string, facts: PodText = {}): InventoryEvent => ({
  type: 'pod-upsert',
  time: at(seconds),
  pod: podFacts(uid, facts),
  initial: false,
});

export const listedPod = (seconds: number, uid: string, facts: PodText = {}): InventoryEvent => ({
  type: 'pod-upsert',
  time: at(seconds),
  pod: podFacts(uid, facts),
  initial: true,
});

export const podGone = (seconds: number, uid: string): InventoryEvent => ({
  type: 'pod-delete',
  time: at(seconds),
  uid,
  namespace: 'shop',
  name: uid,
});

export const node = (seconds: number, name: string, facts: Partial<NodeFacts> = {}): InventoryEvent => ({
  type: 'node-upsert',
  time: at(seconds),
  node: { uid: `uid-of-${name}`, name, addresses: [], podCidrs: [], controlPlane: false, ...facts },
  initial: false,
});

export const nodeGone = (seconds: number, name: string): InventoryEvent => ({
  type: 'node-delete',
  time: at(seconds),
  name,
});

export const podsListed = (seconds: number, ...uids: string[]): InventoryEvent => ({
  type: 'pods-relisted',
  time: at(seconds),
  uids: new Set(uids),
});

export const boundTo = (uid: string, nodeName?: string): Binding => ({
  pod: { namespace: 'shop', name: uid, uid },
  ...(nodeName !== undefined && { node: { name: nodeName } }),
});

/** A use of a pod's token; its `auditID` tells it from others. */
export function use(seconds: number, auditID: string, address: string | null, binding: Binding): TokenUse {
  return {
    kind: 'use',
    id: '0'.repeat(32),
    time: at(seconds),
    timeText: '',
    seen: at(seconds),
    auditID,
    stage: 'ResponseComplete',
    principal: 'system:serviceaccount:shop:inventory',
    credential: { id: `JTI=${auditID}`, kind: 'projected' },
    binding,
    source: { address, claimed: [], claimedTotal: 0 },
    request: { verb: 'list', uri: '/api/v1/pods', code: 200, userAgent: 'curl/8', longRunning: false },
  };
}
