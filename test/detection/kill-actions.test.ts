import { describe, expect, it } from 'vitest';
import { endCredential, endTheft, type Killable } from '../../shared/detection/kill-actions.ts';
import type { Finding } from '../../shared/schema/alert.ts';
import { at } from './world.ts';

const CACHE = 'The API server may go on accepting it for up to 10 s.';
const POD = { namespace: 'shop', name: 'cart-1', uid: 'uid-1' };

const subject = (more: Partial<Killable>): Killable => ({
  principal: 'system:serviceaccount:shop:cart',
  credential: 'JTI=1',
  kind: 'minted',
  binding: {},
  ...more,
});

const YEAR =
  'Otherwise it lives as long as the pod, at most until its own expiry (by default up to a year, however short the pod says).';
const UNKNOWN =
  'Otherwise it lives until it expires; the log does not say when (audit level Request for serviceaccounts/token would).';

describe('how to end a credential', () => {
  it.each([
    [
      "a pod's token",
      subject({ kind: 'projected', binding: { pod: POD } }),
      'kubectl delete pod --namespace shop cart-1',
      `Ends every token that is bound to this pod; its controller starts another with a new token. ${CACHE} ${YEAR}`,
    ],
    [
      "a pod's token whose end is known",
      subject({ kind: 'projected', binding: { pod: POD }, expiresAt: at(600) }),
      'kubectl delete pod --namespace shop cart-1',
      `Ends every token that is bound to this pod; its controller starts another with a new token. ${CACHE} Otherwise it lives until 2026-11-23T18:10:00Z.`,
    ],
    [
      'a legacy token',
      subject({ kind: 'legacy', credential: 'secret:shop/ci-token' }),
      'kubectl delete secret --namespace shop ci-token',
      `Ends the legacy token for everybody who uses it, rightly or not. ${CACHE} Otherwise it never expires.`,
    ],
    [
      'a token that is bound to nothing',
      subject({}),
      'kubectl get serviceaccount --namespace shop cart --output yaml > serviceaccount.yaml && kubectl delete serviceaccount --namespace shop cart',
      `A token that is bound to no pod ends with its account's uid: every token of the account ends. Create it again without its uid, and restart its pods. ${CACHE} ${UNKNOWN}`,
    ],
    [
      'a certificate',
      subject({ kind: 'certificate', credential: 'X509SHA256=ab' }),
      `kubectl get rolebindings,clusterrolebindings --all-namespaces --output json | jq -r '.items[] | select(any(.subjects[]?; .kind == "ServiceAccount" and .namespace == "shop" and .name == "cart")) | [.kind, .metadata.namespace // "-", .metadata.name] | @tsv'`,
      'A client certificate cannot be revoked: it lives until it expires or the CA is replaced. Without bindings it may do nothing.',
    ],
  ])('%s', (_, killable, command, effect) => {
    expect(endCredential(killable)).toMatchObject({ command, effect });
  });

  it('somebody who is no ServiceAccount has none', () => {
    expect(endCredential(subject({ principal: 'kubernetes-admin' }))).toBeUndefined();
    expect(endCredential(subject({ principal: 'unknown', credential: null, kind: null }))).toBeUndefined();
  });
});

const KUBELET = 'kubelet-identity-mints-from-elsewhere';

function finding({
  credential,
  ...more
}: Partial<Finding> & { credential: Finding['credential'] | undefined }): Finding {
  return {
    id: 'f',
    rule: 'token-used-away-from-pod',
    title: '',
    severity: 'high',
    confidence: 'high',
    confidenceWhy: '',
    summary: '',
    time: at(0),
    principal: 'system:serviceaccount:shop:cart',
    source: '10.10.0.66',
    observations: ['o'],
    keys: ['k'],
    attack: [],
    ...(credential && { credential }),
    ...more,
  };
}

describe('how to end a theft', () => {
  const stolen = finding({ credential: { id: 'JTI=1', kind: 'projected' }, binding: { pod: POD } });
  const minted = finding({
    rule: 'token-minted-by-non-kubelet',
    credential: { id: 'JTI=2', kind: 'minted' },
    principal: 'system:serviceaccount:shop:reports',
  });
  const byKubelet = finding({
    rule: KUBELET,
    keys: ['actor:system:node:node-a|10.10.0.66'],
    credential: { id: 'JTI=3', kind: 'minted' },
  });
  const commands = (lead: Finding, findings: Finding[]): string[] =>
    endTheft(lead, findings, () => undefined).map(({ command }) => command.replace(/^.* && /, ''));

  it('ends every credential, the one that it is about first, each once', () => {
    expect(commands(stolen, [minted, stolen, { ...stolen, id: 'again' }])).toEqual([
      'kubectl delete pod --namespace shop cart-1',
      'kubectl delete serviceaccount --namespace shop reports',
    ]);
  });

  it('takes out the node whose kubelet was robbed, with whatever it had issued and nobody used', () => {
    expect(commands(byKubelet, [byKubelet])).toEqual(['kubectl delete node node-a']);
    expect(commands(stolen, [byKubelet, stolen])).toEqual([
      'kubectl delete node node-a',
      'kubectl delete pod --namespace shop cart-1',
    ]);
  });

  it('learns from a use which pod an issued token is bound to', () => {
    const used = finding({ credential: { id: 'JTI=2', kind: 'projected' }, binding: { pod: POD } });
    expect(commands(minted, [minted, used])).toEqual(['kubectl delete pod --namespace shop cart-1']);
  });

  it('says of each until when it lives', () => {
    const actions = endTheft(stolen, [stolen, minted], (id) => (id === 'JTI=2' ? at(600) : undefined));
    expect(actions.map(({ effect }) => effect.includes('until 2026-11-23T18:10:00'))).toEqual([false, true]);
  });

  it('is bounded', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      finding({ credential: { id: `JTI=${i}`, kind: 'minted' }, principal: `system:serviceaccount:shop:n${i}` }),
    );
    expect(commands(stolen, many)).toHaveLength(16);
  });
});

describe('names that Kubernetes would not accept give no command', () => {
  const HOSTILE = [
    '$(reboot)',
    'a;reboot',
    'a b',
    '`id`',
    "a'b",
    'a"b',
    '--all',
    '-n',
    'a\nreboot',
    'A',
    'a/b',
    'a|b',
    '',
    'é',
    'a'.repeat(254),
    '[scrubbed]',
  ];

  it.each(HOSTILE)('%j', (name) => {
    const account = (namespace: string, account: string) => `system:serviceaccount:${namespace}:${account}`;
    const commands = [
      subject({ principal: account(name, 'cart') }),
      subject({ principal: account('shop', name) }),
      subject({ binding: { pod: { ...POD, name } } }),
      subject({ binding: { pod: { ...POD, namespace: name } } }),
      subject({ kind: 'legacy', credential: `secret:shop/${name}` }),
      subject({ kind: 'certificate', principal: account(name, name) }),
    ].map(endCredential);
    expect(commands.every((action) => action === undefined)).toBe(true);
    const kubelet = finding({ rule: KUBELET, keys: [`actor:system:node:${name}|10.10.0.66`], credential: undefined });
    expect(endTheft({ ...kubelet, principal: 'nobody' }, [kubelet], () => undefined)).toEqual([]);
  });
});
