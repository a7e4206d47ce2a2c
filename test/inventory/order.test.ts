/** Whatever the order in which events and questions come, as long as they are not too late, the answers are the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { HoldBack } from '../../shared/inventory/hold-back.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { Binding, TokenUse, Whereabouts } from '../../shared/schema/observation.ts';
import { type Micros, SECOND } from '../../shared/time.ts';
import { at, boundTo, podFacts, use } from './events.ts';
import { referenceModel } from './reference-model.ts';

const TOLERANCE = 2 * SECOND;

const PODS = ['p1', 'p2', 'p3', 'p4', 'p5'];
const HOST_PODS = ['h1', 'h2'];
const NODES = ['node-a', 'node-b'];
/** Addresses of their own for nodes, so that no pod gets one of them. */
const NODE_ADDRESSES = { 'node-a': ['10.10.0.11', 'fd00::11'], 'node-b': ['10.10.0.12'] };
const POD_ADDRESSES = ['10.244.0.5', '10.244.0.6', '10.244.1.7', 'fd00:10:244::5', '192.168.7.7'];
const ADDRESSES = [
  ...Object.values(NODE_ADDRESSES).flat(),
  ...POD_ADDRESSES,
  '10.10.0.66',
  '203.0.113.9',
  '10.244.0.99',
];

const nodeOf = (uid: string): keyof typeof NODE_ADDRESSES => (uid === 'h1' || uid < 'p3' ? 'node-a' : 'node-b');

/** Seconds; events have different ones, so that what is true at any moment is never in doubt. */
const seconds = fc.integer({ min: 0, max: 300 }).map((tenths) => tenths / 10);

const upsert = fc.record({ initial: fc.boolean(), back: fc.option(seconds, { nil: undefined }) });

const podEvent = fc
  .record({
    uid: fc.constantFrom(...PODS),
    addresses: fc.uniqueArray(fc.constantFrom(...POD_ADDRESSES), { maxLength: 2 }),
    ended: fc.boolean(),
    endedFor: fc.option(seconds, { nil: undefined }),
    age: fc.option(seconds, { nil: undefined }),
    how: upsert,
  })
  .map(
    ({ uid, addresses, ended, endedFor, age, how }) =>
      (time: Micros): InventoryEvent => ({
        type: 'pod-upsert',
        time,
        initial: how.initial,
        ...(how.back !== undefined && { since: time - how.back * SECOND }),
        pod: {
          ...podFacts(uid, { node: nodeOf(uid), addresses, ended }),
          ...(endedFor !== undefined && { endedAt: time - endedFor * SECOND }),
          ...(age !== undefined && { started: time - age * SECOND }),
        },
      }),
  );

const hostPodEvent = fc
  .record({ uid: fc.constantFrom(...HOST_PODS), ended: fc.boolean(), assigned: fc.boolean() })
  .map(({ uid, ended, assigned }) => (time: Micros): InventoryEvent => {
    const node = nodeOf(uid);
    const addresses = assigned ? NODE_ADDRESSES[node].slice(0, 1) : [];
    return {
      type: 'pod-upsert',
      time,
      initial: false,
      pod: podFacts(uid, { node, addresses, ended, hostNetwork: true }),
    };
  });

const nodeEvent = fc.record({ name: fc.constantFrom(...NODES), controlPlane: fc.boolean(), how: upsert }).map(
  ({ name, controlPlane, how }) =>
    (time: Micros): InventoryEvent => ({
      type: 'node-upsert',
      time,
      initial: how.initial,
      ...(how.back !== undefined && { since: time - how.back * SECOND }),
      node: {
        uid: name,
        name,
        addresses: NODE_ADDRESSES[name as keyof typeof NODE_ADDRESSES],
        podCidrs: name === 'node-a' ? ['10.244.0.0/24'] : ['10.244.1.0/24'],
        controlPlane,
      },
    }),
);

const removal = fc.oneof(
  fc.constantFrom(...PODS, ...HOST_PODS).map(
    (uid) =>
      (time: Micros): InventoryEvent => ({ type: 'pod-delete', time, uid, namespace: 'shop', name: uid }),
  ),
  fc.constantFrom(...NODES).map(
    (name) =>
      (time: Micros): InventoryEvent => ({ type: 'node-delete', time, name }),
  ),
  fc.subarray([...PODS, ...HOST_PODS]).map(
    (uids) =>
      (time: Micros): InventoryEvent => ({ type: 'pods-relisted', time, uids: new Set(uids) }),
  ),
  fc.subarray(NODES).map(
    (names) =>
      (time: Micros): InventoryEvent => ({ type: 'nodes-relisted', time, names: new Set(names) }),
  ),
);

const anyEvent = fc.oneof({ weight: 4, arbitrary: podEvent }, hostPodEvent, nodeEvent, {
  weight: 2,
  arbitrary: removal,
});

/** Each event at a time of its own, in order. */
const history = (event: typeof anyEvent, max: number) =>
  fc.array(fc.tuple(event, seconds), { maxLength: max }).map((made) => {
    const taken = new Set<Micros>();
    return made.map(([make, second]) => {
      let time = at(second);
      while (taken.has(time)) time += 1000;
      taken.add(time);
      return make(time);
    });
  });

const binding: fc.Arbitrary<Binding> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PODS, ...HOST_PODS).map((uid) => boundTo(uid, nodeOf(uid))) },
  fc.constant<Binding>({}),
);

interface Question {
  address: string;
  binding: Binding;
  time: Micros;
}

/** Questions about anything, and more of those that matter: about what an event tells, shortly before or after it. */
const asks = fc.array(
  fc.record({
    address: fc.constantFrom(...ADDRESSES),
    binding,
    second: seconds,
    about: fc.option(fc.nat(), { nil: undefined, freq: 8 }),
    after: fc.integer({ min: -50, max: 100 }).map((tenths) => tenths / 10),
  }),
  { minLength: 1, maxLength: 20 },
);
const questions = (made: typeof asks extends fc.Arbitrary<infer A> ? A : never, events: InventoryEvent[]): Question[] =>
  made.map(({ address, binding, second, about, after }) => {
    const event = about === undefined ? undefined : events[about % events.length];
    if (event?.type !== 'pod-upsert')
      return { address, binding, time: event ? event.time + after * SECOND : at(second) };
    const { uid, addresses } = event.pod;
    return { address: addresses[0] ?? address, binding: boundTo(uid, nodeOf(uid)), time: event.time + after * SECOND };
  });

/** In the order of arrival, each late by less than `most`. */
function arrivals<T extends { time: Micros }>(items: T[], delays: number[], most: Micros): T[] {
  return items
    .map((item, i) => ({ item, arrives: item.time + (delays[i % delays.length] ?? 0) * most }))
    .toSorted((a, b) => a.arrives - b.arrives)
    .map(({ item }) => item);
}
const delays = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 50 });

function summary({ network, holders, home }: Whereabouts) {
  const named = (kind: 'node' | 'pod') =>
    holders
      .flatMap((holder) => (holder.kind !== kind ? [] : holder.kind === 'node' ? holder.name : holder.uid))
      .toSorted();
  return {
    network,
    nodes: named('node'),
    pods: named('pod'),
    home: home && {
      pod: home.pod,
      addresses: home.addresses.toSorted(),
      node: home.node,
      nodeAddresses: home.nodeAddresses.toSorted(),
    },
  };
}
const sorted = (answer: ReturnType<ReturnType<typeof referenceModel>>) => ({
  ...answer,
  nodes: answer.nodes.toSorted(),
  pods: answer.pods.toSorted(),
});

describe('any order of events', () => {
  test('whereabouts are those of the reference model', () => {
    fc.assert(
      fc.property(history(anyEvent, 30), delays, asks, (events, late, asked) => {
        const inventory = new ClusterInventory({ mode: 'live', tolerance: TOLERANCE });
        for (const event of arrivals(events, late, 20 * SECOND)) inventory.apply(event);
        const reference = referenceModel(events, TOLERANCE);
        for (const { address, binding, time } of questions(asked, events)) {
          const answer = summary(inventory.whereabouts(address, binding, time));
          expect(answer).toEqual(sorted(reference(address, binding, time)));
        }
      }),
      { numRuns: 1500 },
    );
  });
});

/** What a verdict rests on. */
function verdictOf({ home, network, holders }: Whereabouts, address: string) {
  if (home?.addresses.includes(address)) return 'home';
  return { network, otherNode: holders.some((holder) => holder.kind === 'node' && holder.name !== home?.node) };
}

describe('any order of events and questions', () => {
  /** As a watch sees a cluster that is as clusters are: nodes are there and keep their addresses, and pods get theirs from their nodes' networks. */
  const settledNodes = NODES.map(
    (name): InventoryEvent => ({
      type: 'node-upsert',
      time: at(-100),
      initial: true,
      node: {
        uid: name,
        name,
        addresses: NODE_ADDRESSES[name as keyof typeof NODE_ADDRESSES],
        podCidrs: ['10.244.0.0/16', 'fd00:10:244::/56', '192.168.7.0/24'],
        controlPlane: false,
        created: at(-1000),
      },
    }),
  );
  const watched = podEvent.map((make) => (time: Micros): InventoryEvent => {
    const event = make(time);
    if (event.type === 'pod-upsert') delete event.since;
    return { ...event, initial: false } as InventoryEvent;
  });
  const podsOnly = fc.oneof({ weight: 5, arbitrary: watched }, { weight: 2, arbitrary: hostPodEvent });
  /** What has ended stays so. */
  const podHistory = history(podsOnly, 30).map((events) => {
    const ended = new Set<string>();
    return events
      .toSorted((a, b) => a.time - b.time)
      .map((event, i): InventoryEvent => {
        if (event.type !== 'pod-upsert') return event;
        const { pod } = event;
        if (pod.ended && i % 3 === 0) ended.add(pod.uid);
        return { ...event, pod: { ...pod, ended: ended.has(pod.uid) } };
      });
  });

  test('with the hold-back, the verdict is that of hindsight', () => {
    const LATE = 1.5 * SECOND;
    fc.assert(
      fc.property(podHistory, asks, delays, (events, asked, late) => {
        const inventory = new ClusterInventory({ mode: 'live', tolerance: TOLERANCE });
        for (const event of settledNodes) inventory.apply(event);
        const holdBack = new HoldBack<TokenUse>({ inventory, holdBack: TOLERANCE + LATE });
        const uses = questions(asked, events).map(({ address, binding, time }, i) => ({
          ...use(0, String(i), address, binding),
          time,
        }));
        const released: TokenUse[] = [];
        let watermark: Micros = 0;
        for (const item of arrivals<InventoryEvent | TokenUse>([...events, ...uses], late, LATE)) {
          if ('kind' in item) released.push(...holdBack.push(item));
          else inventory.apply(item);
          watermark = Math.max(watermark, item.time);
          released.push(...holdBack.advance(watermark));
        }
        released.push(...holdBack.flush());

        expect(released.map((o) => o.auditID).toSorted()).toEqual(uses.map((o) => o.auditID).toSorted());
        for (const { source, binding, time, whereabouts } of released) {
          const address = source.address ?? '';
          const hindsight = inventory.whereabouts(address, binding, time);
          expect(verdictOf(whereabouts as Whereabouts, address)).toEqual(verdictOf(hindsight, address));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what comes after the tolerance changes no answer', () => {
    fc.assert(
      fc.property(podHistory, asks, (events, asked) => {
        for (const { address, binding, time } of questions(asked, events)) {
          const inventory = new ClusterInventory({ mode: 'live', tolerance: TOLERANCE });
          for (const event of settledNodes) inventory.apply(event);
          for (const event of events) if (event.time <= time + TOLERANCE) inventory.apply(event);
          const then = inventory.whereabouts(address, binding, time);
          for (const event of events) if (event.time > time + TOLERANCE) inventory.apply(event);
          expect(inventory.whereabouts(address, binding, time)).toEqual(then);
        }
      }),
    );
  });
});
