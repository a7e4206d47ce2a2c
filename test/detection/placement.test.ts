/** Every reason there is for a verdict, with a situation that gives it and the sentence that people read. */
import { expect, it } from 'vitest';
import type { Policy } from '../../shared/detection/policy.ts';
import type { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type { Observation, TokenIssue, TokenUse } from '../../shared/schema/observation.ts';
import { Placement, PlacementReason } from '../../shared/schema/placement.ts';
import { newCorrelator, run } from './run.ts';
import {
  ADMIN,
  at,
  bindingOf,
  INTERNET,
  issue,
  legacy,
  mint,
  newInventory,
  OUTSIDE,
  ordinary,
  unbound,
  use,
} from './world.ts';

interface Row {
  reason: Placement['reason'];
  when: string;
  verdict: Placement['verdict'];
  where?: string;
  confidence: Placement['confidence'];
  sentence: string;
  /** The last is the one that is judged. */
  given: Observation[];
  /** What is seen after it. */
  later?: Observation[];
  policy?: Partial<Policy>;
}

const bare = newInventory('none');
const dump = newInventory('snapshot');
const minute = ordinary(-60, 0);
const byHand = issue(1, 'kubernetes-admin', 'ci', 'JTI=unbound');
const readSecret = use(5, 'bot', {
  request: { verb: 'get', resource: 'secrets', name: 'ci-token' },
  use: { secretOf: 'ci' },
});
const nodeBound = (seconds: number, from: string) => unbound(seconds, from, { binding: { node: { name: 'node-a' } } });
const controller = (name: string, from: string) =>
  unbound(1, from, {
    principal: `system:serviceaccount:kube-system:${name}`,
    credential: { id: `JTI=${name}`, kind: 'minted' },
  });

/** An inventory in which something changed. */
function changed(...events: Parameters<ClusterInventory['apply']>[0][]): ClusterInventory {
  const inventory = newInventory();
  for (const event of events) inventory.apply(event);
  return inventory;
}
const cartGone = { type: 'pod-delete', time: at(0), uid: 'uid-cart-1', namespace: 'shop', name: 'cart-1' } as const;
const heir = {
  uid: 'uid-heir',
  namespace: 'shop',
  name: 'heir',
  node: 'node-a',
  addresses: ['10.244.0.3'],
  hostNetwork: false,
  ended: false,
};
const heirCame = { type: 'pod-upsert', time: at(5), pod: heir, initial: false } as const;
const stranger = { pod: { namespace: 'shop', name: 'gone', uid: 'uid-gone' }, node: { name: 'node-a' } };

/** Steady work of four pods, seen in nothing but the log. */
const bareMinute = Array.from({ length: 14 }, (_, i) =>
  (['cart-1', 'pay', 'idle', 'bot'] as const).map((name) => use(-70 + i * 5, name, { inventory: bare })),
).flat();

const table: Row[] = [
  {
    reason: 'pod-address',
    when: 'a pod at its own address',
    verdict: 'home',
    confidence: 'high',
    sentence: '10.244.0.3 is the address of shop/cart-1 itself.',
    given: [use(1, 'cart-1')],
  },
  {
    reason: 'node-of-host-network-pod',
    when: 'a hostNetwork pod at its node',
    verdict: 'home',
    confidence: 'medium',
    sentence: '10.10.0.11 is node-a, on whose network monitoring/agent runs.',
    given: [use(1, 'agent')],
  },
  {
    reason: 'node-of-node-bound-credential',
    when: 'a token that is bound to a node, there',
    verdict: 'home',
    confidence: 'medium',
    sentence: '10.10.0.11 is node-a, to which the token is bound.',
    given: [nodeBound(1, '10.10.0.11')],
  },
  {
    reason: 'node-of-node-bound-credential',
    when: "a kubelet's request for a token",
    verdict: 'home',
    confidence: 'high',
    sentence: '10.10.0.11 is node-a itself.',
    given: [issue(1, 'system:node:node-a', 'cart', 'JTI=x', { from: '10.10.0.11' })],
  },
  {
    reason: 'issuer-address',
    when: 'where it was issued',
    verdict: 'home',
    confidence: 'medium',
    sentence: '10.10.0.1 is where kubernetes-admin had it issued.',
    given: [byHand, unbound(2, ADMIN)],
  },
  {
    reason: 'issuer-address',
    when: 'another address of the pod that had it issued',
    verdict: 'home',
    confidence: 'medium',
    sentence: '10.244.0.6 is another address of the pod that had it issued.',
    given: [...mint(1, 'bot', 'ci', 'JTI=unbound', { from: 'fd00::6' }), unbound(2, '10.244.0.6')],
  },
  {
    reason: 'control-plane',
    when: "several of the control plane's controllers from one address",
    verdict: 'home',
    confidence: 'medium',
    sentence: "10.10.0.1 is the control plane, using its own controllers' account.",
    given: [controller('job-controller', ADMIN), controller('replicaset-controller', ADMIN)],
  },
  {
    reason: 'learned-home',
    when: 'without an inventory, where the pod and its neighbours steadily are',
    verdict: 'home',
    confidence: 'low',
    sentence: 'Steadily used from 10.244.0.3.',
    given: [...bareMinute, use(1, 'cart-1', { inventory: bare })],
  },
  {
    reason: 'known-legacy-source',
    when: 'configured',
    verdict: 'home',
    confidence: 'high',
    sentence: '10.10.0.66 is configured as right for this token: the CI',
    given: [legacy(1, OUTSIDE)],
    policy: { knownLegacySource: () => 'the CI' },
  },
  {
    reason: 'known-legacy-source',
    when: 'a pod that may mount the Secret, and not the first',
    verdict: 'home',
    confidence: 'low',
    sentence: "10.244.0.3 is a pod of the account's own namespace, which may mount its Secret.",
    given: [legacy(1, ADMIN), legacy(2, '10.244.0.3')],
  },
  {
    reason: 'another-pods-address',
    when: 'at another pod',
    verdict: 'away',
    where: 'other-pod',
    confidence: 'high',
    sentence: '10.244.0.4 is the pod bank/pay, not shop/cart-1.',
    given: [use(1, 'cart-1', { from: '10.244.0.4' })],
  },
  {
    reason: 'another-pods-address',
    when: 'at another pod, by a dump',
    verdict: 'away',
    where: 'other-pod',
    confidence: 'medium',
    sentence: '10.244.0.4 is the pod bank/pay, not shop/cart-1.',
    given: [use(1, 'cart-1', { from: '10.244.0.4', inventory: dump })],
  },
  {
    reason: 'another-pods-address',
    when: "a kubelet's request from a pod",
    verdict: 'away',
    where: 'other-pod',
    confidence: 'high',
    sentence: '10.244.0.4 is the pod bank/pay, not node-a.',
    given: [issue(1, 'system:node:node-a', 'cart', 'JTI=x', { from: '10.244.0.4' })],
  },
  {
    reason: 'another-nodes-address',
    when: 'at another node',
    verdict: 'away',
    where: 'other-node',
    confidence: 'high',
    sentence: '10.10.0.12 is node node-b; shop/cart-1 runs on node-a.',
    given: [use(1, 'cart-1', { from: '10.10.0.12' })],
  },
  {
    reason: 'another-nodes-address',
    when: 'a token that is bound to a node, elsewhere',
    verdict: 'away',
    where: 'other-pod',
    confidence: 'medium',
    sentence: 'The token is bound to node-a, and used from 10.244.0.4 (the pod bank/pay).',
    given: [nodeBound(1, '10.244.0.4')],
  },
  {
    reason: 'own-node-not-pod',
    when: 'at its own node while the pod goes on',
    verdict: 'away',
    where: 'host',
    confidence: 'high',
    sentence: '10.10.0.11 is node-a itself, while shop/cart-1 went on with its own address at the same time.',
    given: [use(1, 'cart-1', { from: '10.10.0.11' })],
    later: ordinary(2, 60),
  },
  {
    reason: 'own-node-not-pod',
    when: 'at its own node, the pod silent and its neighbours not',
    verdict: 'away',
    where: 'host',
    confidence: 'medium',
    sentence: '10.10.0.11 is node-a itself, while other pods of node-a reach the API server with their own addresses.',
    given: [use(1, 'idle', { from: '10.10.0.11' })],
    later: ordinary(2, 60),
  },
  {
    reason: 'outside-cluster-networks',
    when: 'on the internet',
    verdict: 'away',
    where: 'internet',
    confidence: 'high',
    sentence: '198.51.100.66 is on the internet; shop/cart-1 is at 10.244.0.3.',
    given: [use(1, 'cart-1', { from: INTERNET })],
  },
  {
    reason: 'outside-cluster-networks',
    when: 'outside, of a pod that never used its token',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'medium',
    sentence: '10.10.0.66 is no address of this cluster; shop/idle is at 10.244.0.5.',
    given: [use(1, 'idle', { from: OUTSIDE })],
  },
  {
    reason: 'outside-cluster-networks',
    when: 'outside, of a pod that has gone',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'high',
    sentence: '10.10.0.66 is no address of this cluster; shop/cart-1 has gone.',
    given: [use(8, 'cart-1', { from: OUTSIDE, inventory: changed(cartGone) })],
  },
  {
    reason: 'not-issuer-address',
    when: 'elsewhere than where it was issued',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'medium',
    sentence: 'kubernetes-admin had this token issued at 10.10.0.1; it was used from 10.10.0.66.',
    given: [byHand, unbound(2, OUTSIDE)],
  },
  {
    reason: 'issued-to-thief',
    when: 'a stolen credential had it issued',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'high',
    sentence:
      'JTI=unbound was issued to a thief: 10.10.0.66 is no address of this cluster; shop/cart-1 is at 10.244.0.3.',
    given: [...mint(1, 'cart-1', 'ci', 'JTI=unbound', { from: OUTSIDE }), unbound(2, OUTSIDE)],
  },
  {
    reason: 'new-legacy-source',
    when: 'a new place after another account fetched the Secret',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'high',
    sentence: 'First used from 10.10.0.66 after another account had fetched its Secret.',
    given: [readSecret, legacy(9, OUTSIDE)],
  },
  {
    reason: 'not-learned-home',
    when: 'without an inventory, while the pod goes on',
    verdict: 'away',
    where: 'outside-cluster',
    confidence: 'low',
    sentence:
      'There was no inventory; by the log alone: steadily used from 10.244.0.3, and at the same time from 10.10.0.66.',
    given: [...bareMinute, use(1, 'cart-1', { from: OUTSIDE, inventory: bare })],
    later: [2, 6, 10].map((seconds) => use(seconds, 'cart-1', { inventory: bare })),
  },
  {
    reason: 'node-address-nat-or-host',
    when: 'at its own node, and silent otherwise',
    verdict: 'unclear',
    confidence: 'low',
    sentence: '10.10.0.11 is node-a: masqueraded traffic of shop/cart-1, or a process of the host.',
    given: [use(600, 'cart-1', { from: '10.10.0.11' })],
  },
  {
    reason: 'address-unknown',
    when: 'an address of pods that nobody has',
    verdict: 'unclear',
    confidence: 'low',
    sentence: "10.244.0.99 lies in the pods' network, but no pod in the inventory has it.",
    given: [use(1, 'cart-1', { from: '10.244.0.99' })],
  },
  {
    reason: 'pod-unknown',
    when: 'a pod that nobody knows, at the address of one that is known',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'shop/gone is not in the inventory; it may have had 10.244.0.4 before bank/pay.',
    given: [use(1, 'cart-1', { binding: stranger, from: '10.244.0.4' })],
  },
  {
    reason: 'pod-gone',
    when: 'a pod that has gone, at the address of its heir',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'shop/cart-1 has gone, and 10.244.0.3 was given to shop/heir.',
    given: [use(9, 'cart-1', { inventory: changed(cartGone, heirCame) })],
  },
  {
    reason: 'no-inventory',
    when: 'without an inventory, the first use',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'Without an inventory nothing says where the pod belongs, and the log shows no steady home.',
    given: [use(1, 'cart-1', { inventory: bare })],
  },
  {
    reason: 'no-history',
    when: 'the first place of a legacy token',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'A legacy token has no home of its own, and 10.10.0.66 is the first place it was seen at.',
    given: [legacy(1, OUTSIDE)],
  },
  {
    reason: 'issuer-unknown',
    when: 'bound to nothing, issued before the log',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'The token is bound to no pod, and who had it issued is not in the log.',
    given: [unbound(1, OUTSIDE)],
  },
  {
    reason: 'credential-unnamed',
    when: 'a cluster that names no credentials',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'The event does not say which credential was used.',
    given: [unbound(1, OUTSIDE, { credential: { id: 'principal:shop:ci', kind: 'unknown' } })],
  },
  {
    reason: 'no-address',
    when: 'a source that is no address',
    verdict: 'unclear',
    confidence: 'low',
    sentence: 'The event names no source address that can be read.',
    given: [{ ...use(1, 'cart-1'), source: { address: null, claimed: [], claimedTotal: 0 } }],
  },
  {
    reason: 'behind-proxy',
    when: 'a configured proxy that named no client',
    verdict: 'unclear',
    confidence: 'low',
    sentence: '10.10.0.66 is a configured proxy that named no client.',
    given: [use(1, 'cart-1', { from: OUTSIDE })],
    policy: { isTrustedProxy: (address) => address === OUTSIDE },
  },
  {
    reason: 'loopback',
    when: "the API server's own machine",
    verdict: 'unclear',
    confidence: 'low',
    sentence: "127.0.0.1 is the API server's own machine; any process there looks like this.",
    given: [use(1, 'cart-1', { from: '127.0.0.1' })],
  },
];

it.each(table.map((row) => [row.reason, row.when, row] as const))('%s: %s', (reason, _when, row) => {
  const judged = row.given.at(-1) as TokenUse | TokenIssue;
  const { placements } = run([...minute, ...row.given, ...(row.later ?? [])], row.policy);
  const placement = placements.get(judged.id);
  expect(placement).toEqual({
    verdict: row.verdict,
    reason,
    confidence: row.confidence,
    sentence: row.sentence,
    ...(row.where !== undefined && { where: row.where }),
  });
  expect(Placement.safeParse(placement).success).toBe(true);
});

it('deciding: what other requests will tell is waited for, and then told once', () => {
  const correlator = newCorrelator();
  correlator.process(minute, []);
  const suspicious = use(1, 'cart-1', { from: '10.10.0.11' });
  const placementOf = (outcome: { placements: Map<string, Placement> }) =>
    outcome.placements.get(suspicious.id)?.reason;
  expect(placementOf(correlator.process([suspicious], []))).toBe('deciding');
  expect(placementOf(correlator.advance(at(2)))).toBeUndefined();
  expect(placementOf(correlator.advance(at(40)))).toBe('node-address-nat-or-host');
  expect(placementOf(correlator.advance(at(80)))).toBeUndefined();
});

it('the table has every reason that there is', () => {
  const reasons = new Set([...table.map(({ reason }) => reason), 'deciding']);
  expect([...reasons].toSorted()).toEqual(PlacementReason.options.toSorted());
});

it("a pod's binding is all that its home is known by: neither account nor name", () => {
  const sibling = use(1, 'cart-2', { from: '10.244.0.3' });
  const namesake = use(2, 'cart-1', { binding: { ...bindingOf('cart-1'), pod: { ...stranger.pod, name: 'cart-1' } } });
  const { placements } = run([...minute, sibling, namesake]);
  expect(placements.get(sibling.id)?.reason).toBe('another-pods-address');
  expect(placements.get(namesake.id)?.reason).toBe('pod-unknown');
});
