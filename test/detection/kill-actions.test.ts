import { describe, expect, it } from 'vitest';
import { type Killable, killActions } from '../../shared/detection/kill-actions.ts';
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
      `Ends every token that is bound to this pod; its controller starts another with a new token. ${CACHE} Otherwise it lives until 2026-11-23T18:10:00.000000Z.`,
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
      `A token that is bound to no object ends only with its account's uid: every token of the account ends. Create it again without its uid, and restart its pods. ${CACHE} ${UNKNOWN}`,
    ],
    [
      'a certificate',
      subject({ kind: 'certificate', credential: 'X509SHA256=ab' }),
      `kubectl get rolebindings,clusterrolebindings --all-namespaces --output json | jq -r '.items[] | select(any(.subjects[]?; .kind == "ServiceAccount" and .namespace == "shop" and .name == "cart")) | [.kind, .metadata.namespace // "-", .metadata.name] | @tsv'`,
      'A client certificate cannot be revoked: it lives until it expires or the CA is replaced. Without bindings it may do nothing.',
    ],
  ])('%s', (_, killable, command, effect) => {
    expect(killActions(killable).map((action) => [action.command, action.effect])).toEqual([[command, effect]]);
  });

  it("a kubelet's identity: its node, then the token that it minted", () => {
    const actions = killActions(subject({ node: 'node-a', kind: 'projected', binding: { pod: POD } }));
    expect(actions.map(({ command }) => command)).toEqual([
      'kubectl drain node-a --ignore-daemonsets --delete-emptydir-data && kubectl delete node node-a',
      'kubectl delete pod --namespace shop cart-1',
    ]);
  });

  it('somebody who is no ServiceAccount has none', () => {
    expect(killActions(subject({ principal: 'kubernetes-admin' }))).toEqual([]);
    expect(killActions(subject({ principal: 'unknown', credential: null, kind: null }))).toEqual([]);
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
      subject({ node: name, principal: 'nobody' }),
    ].flatMap(killActions);
    expect(commands).toEqual([]);
  });
});
