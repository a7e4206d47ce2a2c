import { describe, expect, test } from 'vitest';
import { ClusterInventory, type ClusterInventoryOptions } from '../../shared/inventory/cluster-inventory.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import { Whereabouts } from '../../shared/schema/observation.ts';
import { at, boundTo, listedPod, node, nodeGone, pod, podFacts, podGone, podsListed } from './events.ts';

function inventory(events: InventoryEvent[], options: Partial<ClusterInventoryOptions> = {}): ClusterInventory {
  const made = new ClusterInventory({ mode: 'live', ...options });
  for (const event of events) made.apply(event);
  return made;
}

/** Who held it, shortly: `node-a` for a node, a pod's uid, with `!` when it is on its node's network. */
const holders = (from: ClusterInventory, address: string, seconds: number, uid?: string): string[] =>
  from
    .whereabouts(address, uid === undefined ? {} : boundTo(uid), at(seconds))
    .holders.map((holder) => (holder.kind === 'node' ? holder.name : holder.uid + (holder.hostNetwork ? '!' : '')));

const home = (from: ClusterInventory, uid: string, seconds: number, nodeName?: string) =>
  from.whereabouts('10.244.0.1', boundTo(uid, nodeName), at(seconds)).home;

describe('who held an address when', () => {
  const A = { addresses: ['10.244.0.18'], node: 'node-a' };

  test('an address is reused within a second: both held it around then, each alone well before and after', () => {
    const it = inventory([
      pod(10, 'old', A),
      pod(53.3, 'old', { ...A, ended: true }),
      pod(53.4, 'new', { node: 'node-a' }),
      podGone(53.8, 'old'),
      pod(54, 'new', A),
    ]);
    expect(holders(it, '10.244.0.18', 51)).toEqual(['old']);
    expect(holders(it, '10.244.0.18', 53.5)).toEqual(['new', 'old']);
    expect(holders(it, '10.244.0.18', 55.4)).toEqual(['new']);
    expect(home(it, 'old', 51)).toMatchObject({ pod: 'known', addresses: ['10.244.0.18'] });
    expect(home(it, 'old', 55.4)).toMatchObject({ pod: 'gone', addresses: [] });
    expect(home(it, 'new', 51.3)).toMatchObject({ pod: 'unknown', addresses: [] });
    expect(home(it, 'new', 51.9)).toMatchObject({ pod: 'known', addresses: [] });
    expect(home(it, 'new', 52.1)).toMatchObject({ pod: 'known', addresses: ['10.244.0.18'] });
  });

  test('a node restart: the uid stays, addresses change, and the old one is another pod’s at once', () => {
    const it = inventory([
      listedPod(0, 'one', { addresses: ['10.244.0.7'], started: -600 }),
      listedPod(0, 'two', { addresses: ['10.244.0.8'], started: -600 }),
      // The API shows the old address of `one` for a while, beside its new holder.
      pod(100, 'two', { addresses: ['10.244.0.7'] }),
      pod(101, 'one', { addresses: ['10.244.0.7'] }),
      pod(120, 'one', { addresses: ['10.244.0.9'] }),
    ]);
    expect(holders(it, '10.244.0.7', 50)).toEqual(['one']);
    expect(holders(it, '10.244.0.7', 110)).toEqual(['one', 'two']);
    expect(holders(it, '10.244.0.7', 130)).toEqual(['two']);
    expect(holders(it, '10.244.0.8', 110)).toEqual([]);
    expect(home(it, 'one', 110)?.addresses).toEqual(['10.244.0.7']);
    expect(home(it, 'one', 121)?.addresses).toEqual(['10.244.0.7', '10.244.0.9']);
    expect(home(it, 'one', 130)?.addresses).toEqual(['10.244.0.9']);
    expect(home(it, 'two', 130)).toMatchObject({ pod: 'known', addresses: ['10.244.0.7'] });
  });

  test('a StatefulSet’s pod is another pod when it comes back under the same name', () => {
    const db0 = { name: 'db-0', addresses: ['10.244.0.20'] };
    const it = inventory([
      pod(0, 'first', db0),
      podGone(60, 'first'),
      pod(61, 'second', { ...db0, addresses: ['10.244.0.31'] }),
      pod(61.5, 'bystander', { addresses: ['10.244.0.20'] }),
    ]);
    expect(home(it, 'first', 70)).toMatchObject({ pod: 'gone', addresses: [] });
    expect(home(it, 'second', 70)).toMatchObject({ pod: 'known', addresses: ['10.244.0.31'] });
    expect(holders(it, '10.244.0.20', 70, 'first')).toEqual(['bystander']);
    expect(it.whereabouts('10.244.0.31', boundTo('first'), at(70)).holders).toMatchObject([
      { uid: 'second', name: 'db-0' },
    ]);
  });

  test('a pod on its node’s network has its node’s addresses, all of them', () => {
    const it = inventory([
      node(0, 'node-a', { addresses: ['10.10.0.11', 'fd00::11'] }),
      pod(5, 'agent', { hostNetwork: true, addresses: ['10.10.0.11'], node: 'node-a' }),
      pod(5, 'plain', { addresses: ['10.244.0.5'], node: 'node-a' }),
      podGone(100, 'agent'),
    ]);
    expect(holders(it, '10.10.0.11', 50)).toEqual(['node-a', 'agent!']);
    expect(holders(it, 'fd00::11', 50)).toEqual(['node-a', 'agent!']);
    expect(holders(it, '10.10.0.11', 110)).toEqual(['node-a']);
    expect(home(it, 'agent', 50)).toEqual({
      pod: 'known',
      hostNetwork: true,
      addresses: ['10.10.0.11', 'fd00::11'],
      node: 'node-a',
      nodeAddresses: ['10.10.0.11', 'fd00::11'],
    });
    expect(home(it, 'agent', 110)).toMatchObject({
      pod: 'gone',
      addresses: [],
      nodeAddresses: ['10.10.0.11', 'fd00::11'],
    });
    expect(home(it, 'plain', 50)).toMatchObject({
      addresses: ['10.244.0.5'],
      nodeAddresses: ['10.10.0.11', 'fd00::11'],
    });
  });

  test('without nodes, a pod on its node’s network still has the addresses that it states', () => {
    const it = inventory([pod(0, 'agent', { hostNetwork: true, addresses: ['10.10.0.11'] })]);
    expect(it.whereabouts('10.10.0.11', boundTo('agent'), at(9))).toMatchObject({
      network: 'nodes',
      holders: [{ uid: 'agent' }],
      home: { addresses: ['10.10.0.11'], nodeAddresses: [] },
    });
  });

  test('dual stack: every address, in any spelling', () => {
    const it = inventory([pod(0, 'both', { addresses: ['10.244.0.5', 'fd00:10:244::5'] })]);
    for (const spelled of ['10.244.0.5', '::ffff:10.244.0.5', 'fd00:10:244::5', 'FD00:0010:0244:0:0:0:0:0005']) {
      expect(holders(it, spelled, 1), spelled).toEqual(['both']);
    }
    expect(home(it, 'both', 1)?.addresses).toEqual(['10.244.0.5', 'fd00:10:244::5']);
  });

  test('an ended pod holds nothing although its object is there', () => {
    const job = { addresses: ['10.244.0.40'] };
    const it = inventory([pod(0, 'job', job), pod(30, 'job', { ...job, ended: true })]);
    expect(holders(it, '10.244.0.40', 31)).toEqual(['job']);
    expect(holders(it, '10.244.0.40', 33)).toEqual([]);
    expect(home(it, 'job', 33)?.pod).toBe('gone');
  });

  test('a pod from an initial list was there since its start, one seen starting only from then', () => {
    const it = inventory([
      listedPod(100, 'listed', { addresses: ['10.244.0.1'], started: 40 }),
      listedPod(100, 'undated', { addresses: ['10.244.0.2'] }),
      pod(100, 'seen', { addresses: ['10.244.0.3'], started: 40 }),
    ]);
    expect(holders(it, '10.244.0.1', 37)).toEqual([]);
    expect(holders(it, '10.244.0.1', 38)).toEqual(['listed']);
    expect(holders(it, '10.244.0.2', 97)).toEqual([]);
    expect(holders(it, '10.244.0.2', 98)).toEqual(['undated']);
    expect(holders(it, '10.244.0.3', 97)).toEqual([]);
    expect(holders(it, '10.244.0.3', 98)).toEqual(['seen']);
  });

  test('a pod that had ended when it was listed held its address from its start to its end', () => {
    const ended = { ...podFacts('job', { addresses: ['10.244.0.40'], started: 40 }), ended: true, endedAt: at(60) };
    const it = inventory([{ type: 'pod-upsert', time: at(100), pod: ended, initial: true }]);
    expect(holders(it, '10.244.0.40', 50)).toEqual(['job']);
    expect(home(it, 'job', 50)?.pod).toBe('known');
    expect(holders(it, '10.244.0.40', 63)).toEqual([]);
    expect(home(it, 'job', 63)?.pod).toBe('gone');
  });

  test('a relist that does not name a pod ends it; one that comes late in order does too', () => {
    const P = { addresses: ['10.244.0.5'] };
    const it = inventory([pod(0, 'here', P), podsListed(50, 'there'), pod(49, 'late', { addresses: ['10.244.0.6'] })]);
    expect(home(it, 'here', 49)?.pod).toBe('known');
    expect(home(it, 'here', 53)?.pod).toBe('gone');
    expect(home(it, 'late', 53)?.pod).toBe('gone');
    const back = inventory([pod(0, 'here', P), podsListed(50, 'here'), pod(60, 'here', P)]);
    expect(home(back, 'here', 55)?.pod).toBe('known');
  });

  test('what the watch missed may have been so since it was interrupted, beside what was known', () => {
    const it = inventory([
      pod(0, 'one', { addresses: ['10.244.0.7'] }),
      {
        type: 'pod-upsert',
        time: at(60),
        pod: podFacts('one', { addresses: ['10.244.0.9'] }),
        initial: false,
        since: at(30),
      },
      {
        type: 'pod-upsert',
        time: at(60),
        pod: podFacts('two', { addresses: ['10.244.0.8'], started: 50 }),
        initial: false,
        since: at(30),
      },
    ]);
    expect(home(it, 'one', 27)?.addresses).toEqual(['10.244.0.7']);
    expect(home(it, 'one', 45)?.addresses).toEqual(['10.244.0.7', '10.244.0.9']);
    expect(home(it, 'one', 63)?.addresses).toEqual(['10.244.0.9']);
    expect(home(it, 'two', 45)?.pod).toBe('unknown');
    expect(home(it, 'two', 49)?.pod).toBe('known');
  });

  test('a node that comes back under its name with another address', () => {
    const it = inventory([
      node(0, 'node-a', { addresses: ['10.10.0.11'] }),
      nodeGone(50, 'node-a'),
      node(60, 'node-a', { addresses: ['10.10.0.99'] }),
    ]);
    expect(it.nodeAddresses('node-a', at(49))).toEqual(['10.10.0.11']);
    expect(it.nodeAddresses('node-a', at(55))).toEqual([]);
    expect(it.nodeAddresses('node-a', at(70))).toEqual(['10.10.0.99']);
    expect(it.nodeAddresses('node-x', at(70))).toEqual([]);
    expect(holders(it, '10.10.0.11', 70)).toEqual([]);
  });

  test('an unknown pod has the node that its token names', () => {
    const it = inventory([node(0, 'node-a', { addresses: ['10.10.0.11'] })]);
    expect(home(it, 'nobody', 5, 'node-a')).toEqual({
      pod: 'unknown',
      hostNetwork: false,
      addresses: [],
      node: 'node-a',
      nodeAddresses: ['10.10.0.11'],
    });
    expect(home(it, 'nobody', 5)).not.toHaveProperty('node');
  });

  test('the bound pod is never lost among more holders than are named', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => pod(1, `crowd-${i}`, { hostNetwork: true }));
    const it = inventory([
      node(0, 'node-a', { addresses: ['10.10.0.11'] }),
      ...crowd,
      pod(1, 'zz', { hostNetwork: true }),
    ]);
    const named = holders(it, '10.10.0.11', 5, 'zz');
    expect(named).toHaveLength(8);
    expect(named.slice(0, 3)).toEqual(['node-a', 'zz!', 'crowd-0!']);
  });

  test('a credential that is bound to a node alone is at home at its addresses; one that is bound to nothing nowhere', () => {
    const it = inventory([node(0, 'node-a', { addresses: ['10.10.0.11'] })]);
    const seen = { inventory: 'live', network: 'nodes', holders: [{ kind: 'node', name: 'node-a' }] };
    expect(it.whereabouts('10.10.0.11', {}, at(1))).toEqual(seen);
    expect(it.whereabouts('10.10.0.11', { node: { name: 'node-a' } }, at(1))).toEqual({
      ...seen,
      home: {
        pod: 'none',
        hostNetwork: false,
        addresses: ['10.10.0.11'],
        node: 'node-a',
        nodeAddresses: ['10.10.0.11'],
      },
    });
  });

  test('what has gone is remembered for its retention, then unknown', () => {
    const it = inventory([pod(0, 'old', { addresses: ['10.244.0.5'] }), podGone(10, 'old'), pod(600, 'x')], {
      retention: 300_000_000,
    });
    expect(home(it, 'old', 5)?.pod).toBe('unknown');
    expect(holders(it, '10.244.0.5', 5)).toEqual([]);
    expect(it.stats).toMatchObject({ pods: 1, podsGone: 0, evicted: 0 });
  });

  test('every answer fits the schema', () => {
    const it = inventory([
      node(0, 'node-a', { addresses: Array.from({ length: 40 }, (_, i) => `10.10.0.${i}`) }),
      pod(0, 'p', { addresses: Array.from({ length: 40 }, (_, i) => `10.244.0.${i}`) }),
    ]);
    for (const source of ['10.244.0.1', '10.10.0.1', null, 'garbage', '::1', '8.8.8.8']) {
      const answer = it.whereabouts(source, boundTo('p'), at(1));
      expect(Whereabouts.parse(answer)).toEqual(answer);
    }
  });
});

describe('the kind of network', () => {
  const events = [
    node(0, 'node-a', { addresses: ['10.10.0.11'], podCidrs: ['10.244.0.0/24', 'fd00:10:244::/64'] }),
    node(0, 'cp', { addresses: ['10.10.0.2'], podCidrs: ['10.244.9.0/24'], controlPlane: true }),
    pod(0, 'in', { addresses: ['10.244.0.5'] }),
    pod(0, 'out', { addresses: ['172.30.7.5'] }),
    pod(0, 'host', { addresses: ['10.10.0.11'], hostNetwork: true }),
    { type: 'control-plane', time: at(0), slice: 'kubernetes', addresses: ['10.10.0.1'] } satisfies InventoryEvent,
  ];
  const networks = { serviceCidrs: ['10.96.0.0/12'], controlPlane: ['10.10.0.200'], nodeCidrs: ['10.10.0.0/16'] };

  test.each<[string | null, string, string]>([
    ['10.244.0.5', 'pods', 'a pod has it'],
    ['10.244.0.77', 'pods', 'a node declares it'],
    ['fd00:10:244::77', 'pods', 'a node declares it'],
    ['172.30.7.77', 'pods', 'a pod was seen beside it'],
    ['172.30.8.1', 'private', 'none was seen there'],
    ['10.10.0.11', 'nodes', 'a node has it'],
    ['10.10.0.12', 'nodes', 'configured'],
    ['10.96.0.1', 'services', 'configured'],
    ['10.10.0.1', 'control-plane', 'learned from the API servers’ own endpoints'],
    ['10.10.0.2', 'control-plane', 'a node of the control plane has it'],
    ['10.10.0.200', 'control-plane', 'configured'],
    ['127.0.0.1', 'loopback', ''],
    ['::1', 'loopback', ''],
    ['192.168.1.1', 'private', ''],
    ['203.0.113.9', 'public', ''],
    ['2606:4700::1111', 'public', ''],
    ['nonsense', 'invalid', ''],
    [null, 'invalid', ''],
  ])('%s: %s (%s)', (address, network) => {
    expect(inventory(events, { networks }).whereabouts(address, {}, at(5)).network).toBe(network);
  });

  test('what was not known yet at the time does not count', () => {
    const it = inventory([node(100, 'node-b', { addresses: ['10.10.0.12'], podCidrs: ['10.244.1.0/24'] })]);
    expect(it.whereabouts('10.244.1.7', {}, at(97)).network).toBe('private');
    expect(it.whereabouts('10.244.1.7', {}, at(98)).network).toBe('pods');
  });

  test('an API server’s address counts only while it is one', () => {
    const said = (seconds: number, ...addresses: string[]): InventoryEvent => ({
      type: 'control-plane',
      time: at(seconds),
      slice: 'kubernetes',
      addresses,
    });
    const it = inventory([said(0, '10.10.0.1', '10.10.0.2'), said(50, '10.10.0.2')]);
    expect(it.whereabouts('10.10.0.1', {}, at(10)).network).toBe('control-plane');
    expect(it.whereabouts('10.10.0.1', {}, at(60)).network).toBe('private');
    expect(it.whereabouts('10.10.0.2', {}, at(60)).network).toBe('control-plane');
  });

  test('a configured network that is none is an error that names the key', () => {
    expect(() => inventory([], { networks: { podCidrs: ['10.244.0.0/33'] } })).toThrow(
      /networks\.podCidrs.*10\.244\.0\.0\/33/,
    );
  });
});

describe('whether waiting can change it', () => {
  const declared = [
    node(0, 'node-a', { addresses: ['10.10.0.11'], podCidrs: ['10.244.0.0/24'] }),
    node(0, 'node-b', { addresses: ['10.10.0.12'], podCidrs: ['10.244.1.0/24'] }),
    pod(0, 'known', { addresses: ['10.244.0.5'] }),
    pod(0, 'other', { addresses: ['10.244.1.6'], node: 'node-b' }),
    pod(0, 'starting', {}),
    pod(0, 'host', { hostNetwork: true }),
    pod(0, 'early', { hostNetwork: true, node: 'node-x', addresses: ['10.10.0.13'] }),
    pod(0, 'gone', { addresses: ['10.244.0.8'] }),
    podGone(10, 'gone'),
  ];

  test.each<[string, string, string | null, boolean, string]>([
    ['the pod at its own address', 'known', '10.244.0.5', false, 'it is at home'],
    ['the pod at an unknown pod address', 'known', '10.244.0.99', true, 'it may have moved'],
    ['the pod at another pod’s address', 'known', '10.244.1.6', true, 'the address may have been given to it'],
    ['the pod at a node', 'known', '10.10.0.12', false, 'nodes keep their addresses'],
    ['the pod from the internet', 'known', '203.0.113.9', false, 'no pod is there'],
    ['the pod from a machine nearby', 'known', '10.10.0.66', false, 'no pod is there'],
    ['a pod that is starting', 'starting', '203.0.113.9', true, 'its address is not known'],
    ['an unknown pod', 'nobody', '203.0.113.9', true, 'nothing is known'],
    ['an unknown pod, from loopback', 'nobody', '127.0.0.1', false, 'loopback says nothing'],
    ['a pod on its node’s network', 'host', '10.10.0.11', false, 'it is at home'],
    ['a pod on its node’s network, from the internet', 'host', '203.0.113.9', false, 'its node is known'],
    ['a pod on the network of an unknown node', 'early', '10.10.0.14', true, 'the node may have it'],
    ['a pod that has gone, from the internet', 'gone', '203.0.113.9', false, 'it does not come back'],
    ['a pod that has gone, at a pod address', 'gone', '10.244.0.99', true, 'somebody may have it by now'],
    ['no address', 'nobody', null, false, 'nothing to look for'],
  ])('%s: %s at %s: %s, %s', (_, uid, address, expected) => {
    expect(inventory(declared).canStillChange(address, boundTo(uid), at(20))).toBe(expected);
  });

  test.each<[string, boolean]>([
    ['10.244.1.6', false],
    ['10.244.1.99', true],
    ['10.10.0.12', false],
    ['203.0.113.9', false],
  ])('a credential that is bound to nothing at %s: %s', (address, expected) => {
    expect(inventory(declared).canStillChange(address, {}, at(20))).toBe(expected);
  });

  test('a credential that is bound to a node', () => {
    const it = inventory(declared);
    expect(it.canStillChange('10.10.0.11', { node: { name: 'node-a' } }, at(20))).toBe(false);
    expect(it.canStillChange('10.10.0.11', { node: { name: 'node-x' } }, at(20))).toBe(true);
    expect(it.canStillChange('203.0.113.9', { node: { name: 'node-a' } }, at(20))).toBe(false);
  });

  test('where pod networks are only guessed from pods, private addresses may be pods, and public ones are not', () => {
    const it = inventory([pod(0, 'known', { addresses: ['10.1.7.5'] })]);
    expect(it.canStillChange('10.1.9.1', boundTo('known'), at(5))).toBe(true);
    expect(it.canStillChange('203.0.113.9', boundTo('known'), at(5))).toBe(false);
    const six = inventory([pod(0, 'known', { addresses: ['2001:db8:7::5'] })]);
    expect(six.canStillChange('2001:db8:9::1', boundTo('known'), at(5))).toBe(true);
    expect(six.canStillChange('203.0.113.9', boundTo('known'), at(5))).toBe(false);
  });

  test('declared networks are not all when pods are seen outside of them', () => {
    const it = inventory([...declared, pod(0, 'elsewhere', { addresses: ['192.168.7.7'] })]);
    expect(it.canStillChange('10.10.0.66', boundTo('known'), at(20))).toBe(true);
  });

  test('never in a dump', () => {
    const it = inventory(declared, { mode: 'snapshot' });
    expect(it.canStillChange('10.244.0.99', boundTo('nobody'), at(20))).toBe(false);
    expect(it.whereabouts('10.244.0.5', boundTo('known'), at(20)).inventory).toBe('snapshot');
  });
});
