/** Alerts as the page gets them, made up. */
import type { Alert, Evidence, Finding } from '../../../shared/schema/alert.ts';

const PRINCIPAL = 'system:serviceaccount:shop:cart';
export const CREDENTIAL = 'JTI=0184b827-0000-4000-8000-000000000001';
export const THIEF = '203.0.113.66';

export function theft(changes: Partial<Alert> = {}): Alert {
  return {
    type: 'alert',
    schema: 1,
    id: 'al_1',
    cluster: 'kubernetes',
    status: 'open',
    title: 'Token read by a stranger, then used by one',
    summary: 'The token of shop/cart was read, and then used.',
    severity: 'critical',
    confidence: 'high',
    confidenceWhy: 'It is so.',
    principal: PRINCIPAL,
    credential: CREDENTIAL,
    credentialKind: 'projected',
    binding: { pod: { namespace: 'shop', name: 'cart-0', uid: 'uid-0' }, node: { name: 'node-a' } },
    sources: [{ address: THIEF, where: 'internet', count: 3 }],
    relatedCredentials: [],
    rules: ['token-stolen-and-used'],
    attack: [],
    firstSeen: '2030-01-01T00:00:00.000000Z',
    lastSeen: '2030-01-01T00:01:00.000000Z',
    createdAt: '2030-01-01T00:00:00.000000Z',
    updatedAt: '2030-01-01T00:01:00.000000Z',
    revision: 1,
    counts: { findings: 0, observations: 0 },
    findings: [],
    evidence: [],
    evidenceTotal: 0,
    story: [],
    did: { requests: 0, refused: 0, actions: [], namespaces: [], userAgents: [] },
    actions: [],
    triage: [],
    ...changes,
  };
}

export const evidence = (changes: Partial<Evidence>): Evidence => ({
  kind: 'use',
  id: 'id',
  time: '2030-01-01T00:00:00.000000Z',
  what: 'list pods in shop: 200',
  rules: [],
  ...changes,
});

export const use = (changes: Partial<Evidence> = {}): Evidence =>
  evidence({ principal: PRINCIPAL, credential: CREDENTIAL, source: THIEF, placement: 'away: internet', ...changes });

export const read = (changes: Partial<Evidence> = {}): Evidence =>
  evidence({
    kind: 'read',
    principal: PRINCIPAL,
    credential: CREDENTIAL,
    reader: 'cat (pid 4711), a process of node node-a',
    what: 'cat (pid 4711), a process of node node-a, read the token of shop/cart',
    actor: 'node-a 1@2',
    ...changes,
  });

export const finding = (changes: Partial<Finding> = {}): Finding => ({
  id: 'f',
  rule: 'token-used-away-from-pod',
  title: 'Token used away',
  severity: 'high',
  confidence: 'high',
  confidenceWhy: '',
  summary: '',
  time: 1,
  principal: PRINCIPAL,
  source: THIEF,
  observations: ['o'],
  keys: ['credential:x'],
  attack: [],
  ...changes,
});
