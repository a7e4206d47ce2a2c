import { expect, test } from 'vitest';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { HOUR } from '../../shared/time.ts';
import { at, boundTo, listedPod, node, pod, podGone, podsListed } from './events.ts';

/** Addresses of the pods of many nodes, given out again and again. */
const address = (i: number) => `10.${244 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;

test('10,000 pods that are replaced 200,000 times: bounded, the oldest go first, and all is counted', () => {
  const MAX = 10_000;
  const ALIVE = 5_000;
  const CHURN = 200_000;
  const inventory = new ClusterInventory({ mode: 'live', maxPods: MAX, retention: HOUR });
  let most = 0;
  for (let i = 0; i < CHURN; i++) {
    const second = i / 1000;
    inventory.apply(pod(second, `pod-${i}`, { node: `node-${i % 100}`, hostNetwork: i % 50 === 0 }));
    inventory.apply(pod(second, `pod-${i}`, { node: `node-${i % 100}`, addresses: [address(i % 60_000)] }));
    if (i >= ALIVE) inventory.apply(podGone(second, `pod-${i - ALIVE}`));
    most = Math.max(most, inventory.stats.pods);
  }
  const { pods, podsGone, evicted, addresses } = inventory.stats;
  expect({ most, pods, podsGone, evicted }).toEqual({
    most: MAX,
    pods: MAX,
    podsGone: MAX - ALIVE,
    evicted: CHURN - MAX,
  });
  expect(addresses).toBeLessThanOrEqual(MAX);

  const last = (CHURN - 1) / 1000;
  const known = (i: number) => inventory.whereabouts(null, boundTo(`pod-${i}`), at(last)).home?.pod;
  expect(known(CHURN - 1)).toBe('known');
  expect(known(CHURN - ALIVE)).toBe('known');
  expect(known(CHURN - MAX)).toBe('gone');
  expect(known(CHURN - MAX - 1)).toBe('unknown');
});

test('when all are alive the first seen go first', () => {
  const inventory = new ClusterInventory({ mode: 'live', maxPods: 3 });
  for (let i = 0; i < 5; i++) inventory.apply(pod(i, `pod-${i}`));
  const known = [0, 1, 2, 3, 4].map((i) => inventory.whereabouts(null, boundTo(`pod-${i}`), at(5)).home?.pod);
  expect(known).toEqual(['unknown', 'unknown', 'known', 'known', 'known']);
  expect(inventory.stats.evicted).toBe(2);
});

test('what went is forgotten after its retention, which is not an eviction', () => {
  const inventory = new ClusterInventory({ mode: 'live', retention: HOUR });
  for (let i = 0; i < 1000; i++) inventory.apply(listedPod(0, `pod-${i}`, { addresses: [address(i)] }));
  inventory.apply(podsListed(10, 'pod-0'));
  expect(inventory.stats).toMatchObject({ pods: 1000, podsGone: 999, addresses: 1000 });
  inventory.apply(pod(10 + 3601, 'new', {}));
  expect(inventory.stats).toMatchObject({ pods: 2, podsGone: 0, addresses: 1, evicted: 0 });
});

test('one pod that changes its address for ever, and one node, take no more than a little', () => {
  const inventory = new ClusterInventory({ mode: 'live', retention: HOUR });
  for (let i = 0; i < 20_000; i++) {
    inventory.apply(pod(i, 'restless', { addresses: [address(i)] }));
    inventory.apply(node(i, 'node-a', { addresses: [address(i)], podCidrs: [`${address(i)}/32`] }));
  }
  expect(inventory.stats.addresses).toBeLessThan(100);
  const { declared, learned } = inventory.stats.podNetworks;
  expect({ declared, learned }).toEqual({ declared: 20_000, learned: Math.ceil(20_000 / 256) });
  expect(inventory.whereabouts(null, boundTo('restless'), at(19_999)).home?.addresses).toContain(address(19_999));
});
