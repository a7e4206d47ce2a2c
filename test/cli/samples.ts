/** One alert and one use, as a collector sends them. */
import type { CredentialLife, HistoryItem, PlacedUse } from '../../collector/store/store.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { TokenUse } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';

export const placement: Placement = {
  verdict: 'away',
  where: 'internet',
  reason: 'outside-cluster-networks',
  confidence: 'high',
  sentence: '203.0.113.9 is outside of the cluster.',
};

export const use: TokenUse = {
  kind: 'use',
  id: '0123456789abcdef0123456789abcdef',
  time: 1_893_499_200_000_000,
  timeText: '2030-01-01T12:00:00.000000Z',
  seen: 1_893_499_200_000_000,
  auditID: 'a-1',
  stage: 'ResponseComplete',
  principal: 'system:serviceaccount:shop:cart',
  credential: { id: 'JTI=6f2f1c1e-0000-4000-8000-000000000001', kind: 'projected' },
  binding: { pod: { namespace: 'shop', name: 'cart-7d9c4', uid: 'u-1' }, node: { name: 'node-a' } },
  source: { address: '203.0.113.9', claimed: [], claimedTotal: 0 },
  request: {
    verb: 'get',
    resource: 'secrets',
    namespace: 'shop',
    name: 'db-password',
    uri: '/api/v1/namespaces/shop/secrets/db-password',
    code: 200,
    userAgent: 'curl/8.5.0',
    longRunning: false,
  },
};

export const alert: Alert = {
  type: 'alert',
  schema: 1,
  id: '3f0c9a',
  cluster: 'kubernetes',
  status: 'open',
  title: 'ServiceAccount token used away from where it belongs',
  summary: "The token of shop/cart was used from the internet to read the Secret 'db-password'.",
  severity: 'critical',
  confidence: 'high',
  confidenceWhy: 'The address is outside of every network of the cluster.',
  principal: 'system:serviceaccount:shop:cart',
  credential: use.credential.id,
  credentialKind: 'projected',
  binding: use.binding,
  sources: [{ address: '203.0.113.9', where: 'internet', count: 2 }],
  relatedCredentials: [],
  rules: ['token-used-away-from-pod'],
  attack: [{ id: 'T1528', name: 'Steal Application Access Token', tactic: 'Credential Access' }],
  firstSeen: '2030-01-01T12:00:00.000000Z',
  lastSeen: '2030-01-01T12:00:05.000000Z',
  createdAt: '2030-01-01T12:00:01.000000Z',
  updatedAt: '2030-01-01T12:00:06.000000Z',
  revision: 2,
  counts: { findings: 1, observations: 2 },
  findings: [],
  evidence: [],
  evidenceTotal: 2,
  story: [{ time: use.time, sentence: 'The token was used from 203.0.113.9, on the internet.' }],
  did: {
    requests: 2,
    refused: 1,
    actions: [{ action: 'get secrets', namespace: 'shop', count: 2, refused: 1 }],
    namespaces: ['shop'],
    userAgents: ['curl/8.5.0'],
  },
  actions: [
    {
      title: 'Delete the pod',
      command: "kubectl delete pod -n 'shop' 'cart-7d9c4'",
      effect: 'Ends the token within 10 seconds.',
    },
  ],
  triage: ['Look where the address is.', 'Rotate what it could read.'],
};

export const placed: PlacedUse = { cluster: 'kubernetes', placement, use };

const ofFile = {
  time: use.time,
  timeText: use.timeText,
  seen: use.time,
  node: 'node-a',
  principal: use.principal,
  credential: use.credential,
  binding: use.binding,
  file: {
    path: '/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~projected/kube-api-access-x/token',
    volume: 'kube-api-access-x',
    pod: { uid: 'u-1', namespace: 'shop', name: 'cart-7d9c4' },
  },
};

export const opened: Extract<HistoryItem, { read: unknown }> = {
  cluster: 'kubernetes',
  read: {
    kind: 'read',
    id: 'dddddddddddddddddddddddddddddddd',
    ...ofFile,
    access: 'read',
    outcome: 'allowed',
    opener: {
      relation: 'exec-session',
      pid: 4242,
      comm: 'cat',
      exe: '/usr/bin/cat',
      args: ['cat', '/run/token'],
      uids: [0, 0, 0, 0],
      pod: { uid: 'u-1', namespace: 'shop', name: 'cart-7d9c4' },
      namespaces: {},
      lineage: [],
      actor: '4200@99',
    },
  },
};

export const appeared: Extract<HistoryItem, { file: unknown }> = {
  cluster: 'kubernetes',
  file: { kind: 'file', id: 'cccccccccccccccccccccccccccccccc', ...ofFile, event: 'appeared' },
};

export const credentialLife: CredentialLife = {
  cluster: 'kubernetes',
  id: use.credential.id,
  kind: 'projected',
  principal: use.principal,
  binding: use.binding,
  status: 'used',
  firstSeen: use.time,
  lastSeen: use.time,
  uses: { total: 3, refused: 1, home: 1, away: 2, unclear: 0, undecided: 0 },
  sources: [
    { value: '203.0.113.9', count: 2, firstSeen: use.time, lastSeen: use.time },
    { value: null, count: 1, firstSeen: use.time, lastSeen: use.time },
  ],
  userAgents: [],
  readers: [
    {
      relation: 'exec-session',
      program: '/usr/bin/cat',
      access: 'read',
      outcome: 'allowed',
      count: 2,
      firstSeen: use.time,
      lastSeen: use.time,
    },
    {
      relation: null,
      program: null,
      access: 'read',
      outcome: 'denied',
      count: 1,
      firstSeen: use.time,
      lastSeen: use.time,
    },
  ],
  file: {
    kind: 'file',
    id: 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',
    time: use.time,
    timeText: use.timeText,
    seen: use.time,
    node: 'node-a',
    event: 'rotated',
    binding: use.binding,
    file: { path: '/var/lib/kubelet/pods/u-1/token', volume: 'kube-api-access-x', pod: { uid: 'u-1' } },
  },
  issue: {
    kind: 'issue',
    id: 'fedcba9876543210fedcba9876543210',
    time: use.time - 3_600_000_000,
    timeText: '2030-01-01T11:00:00.000000Z',
    seen: use.time - 3_600_000_000,
    auditID: 'a-0',
    stage: 'ResponseComplete',
    actor: { username: 'system:node:node-a', binding: {} },
    source: { address: '10.0.0.1', claimed: [], claimedTotal: 0 },
    request: { ...use.request, verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
    principal: use.principal,
    issued: use.credential.id,
  },
  issues: [],
  alerts: ['al_1'],
};
