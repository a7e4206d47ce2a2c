/** Observations, alerts and commits, short: a test names only what it is about. */
import { createHash } from 'node:crypto';
import type { Arrival, Fresh, Store } from '../../../collector/store/store.ts';
import type { Outcome } from '../../../shared/detection/correlator-types.ts';
import type { Alert } from '../../../shared/schema/alert.ts';
import type { ActionRecord, Exception } from '../../../shared/schema/handling.ts';
import type {
  Heartbeat,
  Observation,
  SourceStatus,
  TokenFile,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../../../shared/schema/observation.ts';
import type { Placement } from '../../../shared/schema/placement.ts';
import { DAY, formatTime, type Micros, SECOND } from '../../../shared/time.ts';

/** Of the pod shop/cart-1. */
export const CART_UID = '0e3c9f86-5a63-4f5e-9d5c-6f8f4a1f0c11';

export const START: Micros = Date.UTC(2025, 5, 1, 12, 0, 0) * 1000;
export const CLUSTER = 'demo';
export const STREAM = 'demo/node-a/audit-file';

/** The id of the n-th observation. */
export const idOf = (n: number | string): string => createHash('md5').update(String(n)).digest('hex');

export interface UseParts extends Partial<Omit<TokenUse, 'request' | 'source' | 'credential'>> {
  request?: Partial<TokenUse['request']>;
  source?: string | null;
  credential?: string;
}

/** The n-th second's use, by a pod at home. */
export function use(n: number, parts: UseParts = {}): TokenUse {
  const { request, source, credential, ...rest } = parts;
  const time = parts.time ?? START + n * SECOND;
  return {
    kind: 'use',
    id: idOf(n),
    time,
    timeText: formatTime(time),
    seen: time + 5000,
    auditID: `audit-${n}`,
    stage: 'ResponseComplete',
    principal: 'system:serviceaccount:shop:cart',
    credential: { id: credential ?? 'JTI=cart', kind: 'projected' },
    binding: { pod: { namespace: 'shop', name: 'cart-1', uid: CART_UID }, node: { name: 'node-a' } },
    source: { address: source === undefined ? '10.244.0.7' : source, claimed: [], claimedTotal: 0 },
    request: {
      verb: 'get',
      apiGroup: '',
      resource: 'configmaps',
      namespace: 'shop',
      name: 'settings',
      uri: '/api/v1/namespaces/shop/configmaps/settings',
      code: 200,
      userAgent: 'cart/1.0',
      longRunning: false,
      ...request,
    },
    ...rest,
  };
}

export function issue(n: number, parts: Partial<TokenIssue> = {}): TokenIssue {
  const { principal: _principal, credential, binding, ...request } = use(n);
  return {
    ...request,
    kind: 'issue',
    actor: { username: 'system:node:node-a', credential, binding },
    principal: 'system:serviceaccount:shop:cart',
    ...parts,
  };
}

/** The n-th second's opening of the file that the use's token is in, by cat. */
export function read(n: number, parts: Partial<TokenRead> = {}): TokenRead {
  const { opener, ...rest } = parts;
  return {
    kind: 'read',
    ...ofFile(n),
    access: 'read',
    outcome: 'allowed',
    ...rest,
    opener: opener ?? {
      relation: 'exec-session',
      pid: 4242,
      comm: 'cat',
      exe: '/usr/bin/cat',
      args: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
      uids: [0, 0, 0, 0],
      namespaces: {},
      lineage: [],
      actor: '4200@99',
    },
  };
}

/** In the n-th second the file that the use's token is in appears. */
export function tokenFile(n: number, parts: Partial<TokenFile> = {}): TokenFile {
  return { kind: 'file', ...ofFile(n), event: 'appeared', ...parts };
}

/** In the n-th second the audit log of node-a is missing. */
export function status(n: number, parts: Partial<SourceStatus> = {}): SourceStatus {
  const { id, time, timeText, seen } = use(n);
  const what = { source: 'audit-file', status: 'blind', reason: 'file-missing', detail: '/audit.log' } as const;
  return { kind: 'status', id, time, timeText, seen, node: 'node-a', ...what, ...parts };
}

/** In the n-th second node-a's agent says how it is. */
export function heartbeat(n: number, parts: Partial<Heartbeat> = {}): Heartbeat {
  const { time, timeText } = use(n);
  const about = { version: '0.1.0', startedAt: START, parts: [], waiting: { records: 0, bytes: 0 } };
  return {
    kind: 'heartbeat',
    id: idOf(`heartbeat ${n}`),
    time,
    timeText,
    seen: time,
    node: 'node-a',
    ...about,
    ...parts,
  };
}

function ofFile(n: number) {
  const { id, time, timeText, seen, principal, credential, binding } = use(n);
  const volume = 'kube-api-access-x';
  const path = `/var/lib/kubelet/pods/${CART_UID}/volumes/kubernetes.io~projected/${volume}/token`;
  const pod = { namespace: 'shop', name: 'cart-1', uid: CART_UID };
  return { id, time, timeText, seen, principal, credential, binding, node: 'node-a', file: { path, volume, pod } };
}

export const HOME: Placement = {
  verdict: 'home',
  reason: 'pod-address',
  confidence: 'high',
  sentence: "10.244.0.7 is the pod's own address",
};
export const AWAY: Placement = {
  verdict: 'away',
  where: 'internet',
  reason: 'outside-cluster-networks',
  confidence: 'high',
  sentence: '203.0.113.9 is on the internet',
};
export const DECIDING: Placement = {
  verdict: 'unclear',
  reason: 'deciding',
  confidence: 'low',
  sentence: 'the inventory may still catch up',
};

export function outcome(placements: [string, Placement][] = [], alerts: Alert[] = []): Outcome {
  return { placements: new Map(placements), alerts };
}

export function alert(id: string, parts: Partial<Alert> = {}): Alert {
  return {
    type: 'alert',
    schema: 1,
    id,
    cluster: CLUSTER,
    status: 'open',
    title: 'Token used away from its pod',
    summary: 'The token of shop/cart-1 was used from 203.0.113.9.',
    severity: 'critical',
    confidence: 'high',
    confidenceWhy: 'the address is in no network of the cluster',
    principal: 'system:serviceaccount:shop:cart',
    credential: 'JTI=cart',
    credentialKind: 'projected',
    binding: { pod: { namespace: 'shop', name: 'cart-1', uid: CART_UID } },
    sources: [{ address: '203.0.113.9', where: 'internet', count: 1 }],
    relatedCredentials: [],
    rules: ['token-used-away-from-pod'],
    attack: [{ id: 'T1528', name: 'Steal Application Access Token', tactic: 'credential-access' }],
    firstSeen: formatTime(START),
    lastSeen: formatTime(START + SECOND),
    createdAt: formatTime(START),
    updatedAt: formatTime(START),
    revision: 1,
    counts: { findings: 1, observations: 1 },
    findings: [],
    evidence: [],
    evidenceTotal: 0,
    story: [{ time: START, sentence: 'The token was used from 203.0.113.9.' }],
    did: { requests: 1, refused: 0, actions: [], namespaces: [], userAgents: [] },
    actions: [{ title: 'Delete the pod', command: "kubectl -n 'shop' delete pod 'cart-1'", effect: 'Ends the token.' }],
    triage: [],
    ...parts,
  };
}

/** Sends a run of a stream into a store, as the collector does: looks what is new, then commits it. */
export async function send(
  store: Store,
  position: number,
  observations: readonly (Observation | null)[],
  placements: [string, Placement][] = observations.flatMap((o) => (o?.kind === 'use' ? [[o.id, HOME]] : [])),
  { stream = STREAM, cluster = CLUSTER, agent = 'node-a', alerts = [] as Alert[], at = START } = {},
): Promise<Fresh> {
  const [fresh] = await store.unseen([arrival(position, observations, { stream, cluster, agent })]);
  if (!fresh) throw new Error('the store has nothing to say about what came');
  await store.commit({ cluster, at, fresh: [fresh], outcome: outcome(placements, alerts) });
  return fresh;
}

/** A run of a stream as it comes in, without holes. */
export function arrival(
  position: number,
  observations: readonly (Observation | null)[],
  { stream = STREAM, cluster = CLUSTER, agent = 'node-a' } = {},
): Arrival {
  const records = observations.map((observation, index) => ({ position: position + index, observation }));
  return { cluster, agent, stream, records };
}

/** Something that somebody did about an alert. */
export function action(id: string, parts: Partial<ActionRecord> = {}): ActionRecord {
  return {
    cluster: CLUSTER,
    alert: id,
    time: START,
    by: 'ada',
    action: 'comment',
    note: null,
    assignee: null,
    reason: null,
    exceptions: [],
    ...parts,
  };
}

/** In force for a week. */
export function exception(id: string, parts: Partial<Exception> = {}): Exception {
  return {
    id,
    rule: 'token-used-away-from-pod',
    principal: 'system:serviceaccount:shop:cart',
    source: '203.0.113.9',
    cluster: CLUSTER,
    reason: 'It is our own scanner.',
    alert: 'a1',
    createdBy: 'ada',
    createdAt: START,
    expiresAt: START + 7 * DAY,
    revokedBy: null,
    revokedAt: null,
    suppressed: 0,
    lastSuppressed: null,
    ...parts,
  };
}
