import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { inventoryEvent, parseClusterLine, parseDump } from '../../shared/inventory/kubernetes-objects.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import { type Micros, parseTime } from '../../shared/time.ts';

const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures');
const RECORDINGS = path.join(FIXTURES, 'recordings');
const read = (...names: string[]) => readFileSync(path.join(FIXTURES, ...names), 'utf8');
const time = (text: string): Micros => parseTime(text) as Micros;

const T = time('2026-11-23T19:00:00.000000Z');
const seen = { time: T, deleted: false, initial: false };

/** A pod of which only what matters is written out. */
const podObject = (overrides: { metadata?: object; spec?: object; status?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p-1',
    namespace: 'shop',
    uid: 'uid-1',
    creationTimestamp: '2026-11-23T18:00:00Z',
    ...overrides.metadata,
  },
  spec: { nodeName: 'node-a', serviceAccountName: 'shop', containers: [{ name: 'main' }], ...overrides.spec },
  status: {
    phase: 'Running',
    startTime: '2026-11-23T18:00:02Z',
    podIP: '10.244.0.5',
    podIPs: [{ ip: '10.244.0.5' }, { ip: 'FD00:10:244:0::5' }],
    ...overrides.status,
  },
});

const podOf = (object: unknown) => {
  const event = inventoryEvent('Pod', object, seen);
  return typeof event === 'string' || event.type !== 'pod-upsert' ? event : event.pod;
};

describe('a pod', () => {
  test('is read', () => {
    expect(podOf(podObject())).toEqual({
      uid: 'uid-1',
      namespace: 'shop',
      name: 'p-1',
      node: 'node-a',
      addresses: ['10.244.0.5', 'fd00:10:244::5'],
      hostNetwork: false,
      serviceAccount: 'shop',
      secrets: [],
      ended: false,
      started: time('2026-11-23T18:00:02Z'),
      workload: {
        containers: [{ name: 'main', image: '', ids: [], volumes: [], hooks: [] }],
        sharesPids: false,
        labels: {},
      },
    });
  });

  describe('as a workload', () => {
    const workloadOf = (overrides: Parameters<typeof podObject>[0]) => {
      const pod = podOf(podObject(overrides));
      return typeof pod === 'object' && 'workload' in pod ? pod.workload : undefined;
    };
    const containersOf = (...containers: unknown[]) => workloadOf({ spec: { containers } })?.containers ?? [];
    const ID = 'a'.repeat(64);
    const BEFORE = 'b'.repeat(64);

    test('has its containers with image, volumes and ids, the one before too', () => {
      const containers = [
        { name: 'main', image: 'shop/cart:1', volumeMounts: [{ name: 'kube-api-access-x' }, null, {}] },
      ];
      const containerStatuses = [
        {
          name: 'main',
          containerID: `containerd://${ID}`,
          lastState: { terminated: { containerID: `cri-o://${BEFORE}` } },
        },
        { name: 'other', containerID: 'docker://0' },
      ];
      expect(workloadOf({ spec: { containers }, status: { containerStatuses } })?.containers).toEqual([
        { name: 'main', image: 'shop/cart:1', ids: [ID, BEFORE], volumes: ['kube-api-access-x'], hooks: [] },
      ]);
    });

    test('of all kinds of container', () => {
      const spec = {
        containers: [{ name: 'main' }],
        initContainers: [{ name: 'init' }, { image: 'nameless' }],
        ephemeralContainers: [{ name: 'debugger' }],
      };
      const status = {
        initContainerStatuses: [{ name: 'init', containerID: 'containerd://1' }],
        ephemeralContainerStatuses: [{ name: 'debugger', containerID: '2' }],
      };
      const all = workloadOf({ spec, status })?.containers.map(({ name, ids }) => [name, ids]);
      expect(all).toEqual([
        ['main', []],
        ['init', ['1']],
        ['debugger', ['2']],
      ]);
    });

    test('with the commands of its probes and hooks, as they are kept', () => {
      const exec = (...command: unknown[]) => ({ exec: { command } });
      const [container] = containersOf({
        name: 'main',
        livenessProbe: exec('/alive', '--token', 'opaque'),
        readinessProbe: { httpGet: { port: 80 } },
        startupProbe: exec(),
        lifecycle: { postStart: exec('sh', '-c', 'x'.repeat(500)), preStop: exec(5, 'bye') },
      });
      expect(container?.hooks).toEqual([['/alive', '--token', '[scrubbed]'], ['sh', '-c', 'x'.repeat(256)], ['bye']]);
    });

    test.each([
      ['not by itself', {}, false],
      ['when it says so', { shareProcessNamespace: true }, true],
      ["when it has the host's", { hostPID: true }, true],
      ['not when it says otherwise', { shareProcessNamespace: false, hostPID: 'yes' }, false],
    ])('shares pids: %s', (_, spec, shares) => {
      expect(workloadOf({ spec })?.sharesPids).toBe(shares);
    });

    test('has labels that are labels', () => {
      const labels = { app: 'cart', n: 5, ['k'.repeat(400)]: 'x', long: 'x'.repeat(400) };
      expect(workloadOf({ metadata: { labels } })?.labels).toEqual({ app: 'cart' });
    });

    test('is bounded', () => {
      const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
      const containers = many(100, (i) => ({
        name: `c${i}`,
        image: 'x'.repeat(5000),
        volumeMounts: many(500, (n) => ({ name: `v${n}` })),
        livenessProbe: { exec: { command: many(100, () => 'x'.repeat(1000)) } },
      }));
      const containerStatuses = many(50, () => ({ name: 'c0', containerID: `containerd://${'x'.repeat(5000)}` }));
      const labels = Object.fromEntries(many(500, (i) => [`l${i}`, 'x']));
      const workload = workloadOf({ metadata: { labels }, spec: { containers }, status: { containerStatuses } });
      expect(workload?.containers).toHaveLength(32);
      const [first] = workload?.containers ?? [];
      expect(first).toMatchObject({ image: 'x'.repeat(512) });
      expect(first?.ids).toHaveLength(4);
      for (const id of first?.ids ?? []) expect(id.length).toBeLessThanOrEqual(160);
      expect(first?.volumes).toHaveLength(64);
      expect(first?.hooks.map((hook) => hook.length)).toEqual([32]);
      expect(Object.keys(workload?.labels ?? {})).toHaveLength(64);
    });

    test('is not known without a spec', () => {
      expect(podOf({ metadata: { name: 'p', namespace: 'n', uid: 'u' } })).not.toHaveProperty('workload');
    });
  });

  test('names the Secrets that its spec hands to it, each once', () => {
    const spec = {
      volumes: [
        { name: 'a', secret: { secretName: 'ci-token' } },
        { name: 'b', projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { secret: { name: 'ca' } }] } },
        { name: 'c', emptyDir: {} },
      ],
      containers: [
        {
          env: [
            { name: 'A', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } },
            { name: 'B', value: 'b' },
          ],
        },
      ],
      initContainers: [{ envFrom: [{ secretRef: { name: 'ci-token' } }, { configMapRef: { name: 'map' } }] }],
    };
    expect(podOf(podObject({ spec }))).toMatchObject({ secrets: ['ca', 'ci-token', 'key'] });
  });

  test('with more Secrets than are kept leaves it open', () => {
    const volumes = Array.from({ length: 17 }, (_, i) => ({ secret: { secretName: `secret-${i}` } }));
    expect(podOf(podObject({ spec: { volumes } }))).not.toHaveProperty('secrets');
  });

  test.each([
    [
      'has not been placed',
      podObject({ spec: { nodeName: undefined } }),
      { addresses: ['10.244.0.5', 'fd00:10:244::5'] },
    ],
    ['is on its node’s network', podObject({ spec: { hostNetwork: true } }), { hostNetwork: true }],
    ['has no podIPs (before 1.16)', podObject({ status: { podIPs: undefined } }), { addresses: ['10.244.0.5'] }],
    ['has no address yet', podObject({ status: { podIPs: undefined, podIP: undefined } }), { addresses: [] }],
    ['has no status', { ...podObject(), status: undefined }, { addresses: [], started: time('2026-11-23T18:00:00Z') }],
    ['has Succeeded', podObject({ status: { phase: 'Succeeded' } }), { ended: true }],
    ['has Failed', podObject({ status: { phase: 'Failed' } }), { ended: true }],
    ['is of no known phase', podObject({ status: { phase: 7 } }), { ended: false }],
    [
      'has addresses that are none',
      podObject({ status: { podIPs: [{ ip: 'x' }, null, { ip: 5 }, { ip: '10.244.0.9' }, 'y'] } }),
      { addresses: ['10.244.0.9'] },
    ],
    [
      'repeats an address',
      podObject({ status: { podIPs: [{ ip: '::ffff:10.0.0.1' }, { ip: '10.0.0.1' }] } }),
      { addresses: ['10.0.0.1'] },
    ],
    ['has no list where one should be', podObject({ status: { podIPs: 'all' } }), { addresses: ['10.244.0.5'] }],
    [
      'says when it ended',
      podObject({
        status: {
          phase: 'Succeeded',
          containerStatuses: [
            { state: { terminated: { finishedAt: '2026-11-23T18:30:00Z' } } },
            { state: { terminated: { finishedAt: '2026-11-23T18:40:00Z' } } },
          ],
        },
      }),
      { ended: true, endedAt: time('2026-11-23T18:40:00Z') },
    ],
  ])('that %s', (_, object, expected) => {
    expect(podOf(object)).toMatchObject(expected);
  });

  test('whose containers have not all said when they ended has no end', () => {
    const containerStatuses = [
      { state: { terminated: { finishedAt: '2026-11-23T18:30:00Z' } } },
      { state: { waiting: {} } },
    ];
    expect(podOf(podObject({ status: { phase: 'Failed', containerStatuses } }))).not.toHaveProperty('endedAt');
  });

  test.each([
    ['no object', null],
    ['no metadata', { kind: 'Pod' }],
    ['no uid', podObject({ metadata: { uid: undefined } })],
    ['an empty uid', podObject({ metadata: { uid: '' } })],
    ['a uid too long to be one', podObject({ metadata: { uid: 'x'.repeat(65) } })],
    ['no namespace', podObject({ metadata: { namespace: undefined } })],
    ['a name that is a number', podObject({ metadata: { name: 5 } })],
  ])('with %s is malformed', (_, object) => {
    expect(podOf(object)).toBe('malformed-object');
  });

  test('that was deleted', () => {
    const event = inventoryEvent('Pod', podObject(), { ...seen, deleted: true });
    expect(event).toEqual({ type: 'pod-delete', time: T, uid: 'uid-1', namespace: 'shop', name: 'p-1' });
  });

  test('that was missed while the watch was interrupted', () => {
    const event = inventoryEvent('Pod', podObject(), { ...seen, since: T - 5 });
    expect(event).toMatchObject({ time: T, since: T - 5, initial: false });
  });
});

describe('a node', () => {
  const nodeObject = (
    labels: object,
    status: object = {},
    spec: object = { podCIDRs: ['10.244.0.0/24', 'nonsense'] },
  ) => ({
    metadata: { name: 'node-a', uid: 'n-1', labels, creationTimestamp: '2026-11-23T18:00:00Z' },
    spec,
    status,
  });
  const nodeOf = (object: unknown) => {
    const event = inventoryEvent('Node', object, seen);
    return typeof event === 'string' || event.type !== 'node-upsert' ? event : event.node;
  };

  test('is read', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.10.0.11' },
      { type: 'InternalIP', address: 'FD00::11' },
      { type: 'ExternalIP', address: '203.0.113.7' },
      { type: 'Hostname', address: '10.9.9.9' },
      { type: 'InternalDNS', address: 'node-a.local' },
    ];
    expect(nodeOf(nodeObject({}, { addresses }))).toEqual({
      uid: 'n-1',
      name: 'node-a',
      addresses: ['10.10.0.11', 'fd00::11', '203.0.113.7'],
      podCidrs: ['10.244.0.0/24'],
      controlPlane: false,
      created: time('2026-11-23T18:00:00Z'),
    });
  });

  test.each([
    ['node-role.kubernetes.io/control-plane', true],
    ['node-role.kubernetes.io/master', true],
    ['node-role.kubernetes.io/worker', false],
  ])('with label %s is of the control plane: %s', (label, controlPlane) => {
    expect(nodeOf(nodeObject({ [label]: '' }))).toMatchObject({ controlPlane });
  });

  test('with podCIDR alone', () => {
    expect(nodeOf(nodeObject({}, {}, { podCIDR: '10.244.3.0/24' }))).toMatchObject({ podCidrs: ['10.244.3.0/24'] });
    expect(nodeOf(nodeObject({}, {}, {}))).toMatchObject({ podCidrs: [] });
  });
});

describe('other objects', () => {
  const secret = (type: string) => ({
    metadata: { name: 's', namespace: 'ci', annotations: { 'kubernetes.io/service-account.name': 'builder' } },
    type,
    data: { token: 'never looked at' },
  });

  test.each<[string, unknown, unknown]>([
    [
      'Secret',
      secret('kubernetes.io/service-account-token'),
      { type: 'token-secret', time: T, namespace: 'ci', name: 's', serviceAccount: 'builder', deleted: false },
    ],
    ['Secret', secret('Opaque'), 'irrelevant'],
    ['ServiceAccount', { metadata: { name: 'x' } }, 'irrelevant'],
    [
      'Endpoints',
      { metadata: { name: 'kubernetes', namespace: 'default' }, subsets: [{ addresses: [{ ip: '10.10.0.1' }] }] },
      { type: 'control-plane', time: T, slice: 'Endpoints/kubernetes', addresses: ['10.10.0.1'] },
    ],
    ['Endpoints', { metadata: { name: 'kubernetes', namespace: 'shop' }, subsets: [] }, 'irrelevant'],
    [
      'EndpointSlice',
      {
        metadata: {
          name: 'kubernetes-x',
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': 'kubernetes' },
        },
        endpoints: [{ addresses: ['10.10.0.1'] }, { addresses: ['FD00::1'] }],
      },
      { type: 'control-plane', time: T, slice: 'kubernetes-x', addresses: ['10.10.0.1', 'fd00::1'] },
    ],
    ['EndpointSlice', { metadata: { name: 'web', namespace: 'default', labels: {} }, endpoints: [] }, 'irrelevant'],
  ])('%s', (kind, object, expected) => {
    expect(inventoryEvent(kind, object, seen)).toEqual(expected);
  });

  test('deleted endpoints have no addresses', () => {
    const object = {
      metadata: { name: 'kubernetes', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '10.10.0.1' }] }],
    };
    expect(inventoryEvent('Endpoints', object, { ...seen, deleted: true })).toMatchObject({ addresses: [] });
  });
});

describe('a recording', () => {
  const line = (type: string, t: string, object: unknown, kind = 'Pod') => JSON.stringify({ t, kind, type, object });

  test.each([
    ['of what was there before', line('ADDED', '2026-11-23T18:30:00Z', podObject()), { initial: true }],
    [
      'of what was there before, without an address',
      line('ADDED', '2026-11-23T18:30:00Z', podObject({ status: { podIPs: [], podIP: undefined } })),
      { initial: true },
    ],
    [
      'of a new pod',
      line(
        'ADDED',
        '2026-11-23T18:00:00.900Z',
        podObject({ status: { podIPs: [], podIP: undefined, startTime: undefined } }),
      ),
      { initial: false },
    ],
    ['of a young pod in a list', line('ADDED', '2026-11-23T18:00:03Z', podObject()), { initial: true }],
    ['of a change', line('MODIFIED', '2026-11-23T18:30:00Z', podObject()), { initial: false }],
    ['of a deletion', line('DELETED', '2026-11-23T18:30:00Z', podObject()), { type: 'pod-delete' }],
  ])('%s', (_, text, expected) => {
    expect(parseClusterLine(text)).toMatchObject(expected);
  });

  test.each([
    ['', 'not-json'],
    ['{"t":', 'not-json'],
    ['[]', 'not-a-record'],
    ['null', 'not-a-record'],
    ['{"kind":"Pod"}', 'not-a-record'],
    [line('ADDED', 'yesterday', podObject()), 'malformed-time'],
    [line('BOOKMARK', '2026-11-23T18:30:00Z', podObject()), 'irrelevant'],
    [line('ADDED', '2026-11-23T18:30:00Z', {}), 'malformed-object'],
    [line('ADDED', '2026-11-23T18:30:00Z', {}, 'ConfigMap'), 'irrelevant'],
  ])('%s: %s', (text, reason) => {
    expect(parseClusterLine(text)).toBe(reason);
  });

  test.each(readdirSync(RECORDINGS))('%s is read whole', (name) => {
    const counts: Record<string, number> = {};
    for (const text of read('recordings', name, 'cluster.jsonl').trim().split('\n')) {
      const event = parseClusterLine(text);
      const key = typeof event === 'string' ? event : event.type;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    const { irrelevant, ...told } = counts;
    expect(irrelevant).toBeGreaterThan(50);
    expect(Object.keys(told).filter((key) => !/^(pod|node)-(upsert|delete)$|^token-secret$/.test(key))).toEqual([]);
    expect(told['pod-upsert']).toBeGreaterThanOrEqual(9);
  });

  test('of a rolling update: each address at each time is that of the pod that had it', () => {
    const inventory = new ClusterInventory({ mode: 'live' });
    for (const text of read('recordings', '01-normal-day', 'cluster.jsonl').trim().split('\n')) {
      const event = parseClusterLine(text);
      if (typeof event !== 'string') inventory.apply(event);
    }
    const holders = (address: string, t: string) =>
      inventory
        .whereabouts(address, {}, time(t))
        .holders.map((holder) => (holder.kind === 'node' ? holder.name : holder.name.replace(/-[a-f0-9]{9,}-/, '-')));
    // payments-api-sj875 had failed at 53.3, was deleted at 53.8, and its address given to inventory-6vrz8 at 54.0.
    expect(holders('10.244.0.18', '2026-11-23T18:57:30Z')).toEqual(['payments-api-sj875']);
    expect(holders('10.244.0.18', '2026-11-23T18:57:53.6Z').toSorted()).toEqual([
      'inventory-6vrz8',
      'payments-api-sj875',
    ]);
    expect(holders('10.244.0.18', '2026-11-23T18:57:56Z')).toEqual(['inventory-6vrz8']);
    // Listed pods were there before the recording began.
    expect(holders('10.244.0.10', '2026-11-23T18:10:00Z')).toEqual(['metrics-s7jrb']);
    expect(holders('10.10.0.11', '2026-11-23T18:57:30Z')).toEqual(['node-a', 'node-agent-kfzvn']);
    expect(inventory.whereabouts('10.244.0.200', {}, time('2026-11-23T18:57:30Z')).network).toBe('pods');
  });
});

describe('a dump', () => {
  const dump: unknown = JSON.parse(read('webhook', 'dump.json'));

  test('is read whole, at the newest time that it names', () => {
    const parsed = parseDump(dump);
    expect(parsed).toMatchObject({ skipped: 0, time: time('2026-11-23T19:25:36Z') });
    expect(parsed?.events.map((event) => event.type)).toEqual([...Array<string>(8).fill('pod-upsert'), 'node-upsert']);
    expect(parsed?.events.every((event) => event.time === parsed.time && 'initial' in event && event.initial)).toBe(
      true,
    );
    expect(parseDump(dump, T)?.time).toBe(T);
  });

  test('without history: pods hold their addresses from their start on, and nothing can change', () => {
    const inventory = new ClusterInventory({ mode: 'snapshot' });
    for (const event of parseDump(dump)?.events ?? []) inventory.apply(event);
    const metrics = {
      pod: { namespace: 'monitoring', name: 'metrics-5b6bcb5c49-5hbhz', uid: '5b818b77-9f68-4325-825d-894d5ee1bc39' },
    };
    const home = (t: string) => inventory.whereabouts('10.244.0.76', metrics, time(t)).home;
    expect(home('2026-11-23T19:00:00Z')).toMatchObject({ pod: 'unknown', addresses: [] });
    expect(home('2026-11-23T19:20:00Z')).toMatchObject({ pod: 'known', addresses: ['10.244.0.76'], node: 'node-a' });
    expect(home('2026-11-23T22:00:00Z')).toMatchObject({ pod: 'known', addresses: ['10.244.0.76'] });
    expect(inventory.canStillChange('10.10.0.66', { pod: { ...metrics.pod, uid: 'other' } }, T)).toBe(false);
  });

  test.each([
    ['a PodList as the API server answers it', { kind: 'PodList', items: [{ ...podObject(), kind: undefined }] }, 1],
    ['one object', podObject(), 1],
    ['a list with garbage', { kind: 'List', items: [null, 5, {}, { kind: 'Pod' }, podObject()] }, 1],
    ['a list of other things', { kind: 'List', items: [{ kind: 'ConfigMap', metadata: {} }] }, 0],
  ])('%s', (_, json, events) => {
    expect(parseDump(json)?.events).toHaveLength(events);
  });

  test.each([[null], [[]], ['{}'], [{}], [{ kind: 5 }]])('%j is no dump', (json) => {
    expect(parseDump(json)).toBeUndefined();
  });
});

describe('garbage', () => {
  /** Real objects in which anything may have become anything. */
  const mangled = fc
    .tuple(
      fc.constantFrom('Pod', 'Node', 'Secret', 'Endpoints', 'EndpointSlice'),
      fc.array(fc.tuple(fc.nat(), fc.jsonValue())),
    )
    .map(([kind, changes]) => {
      const object: Record<string, unknown> = { ...podObject(), subsets: [{}], endpoints: [{}], kind };
      const places: [Record<string, unknown>, string][] = [];
      const walk = (at: Record<string, unknown>) => {
        for (const [key, value] of Object.entries(at)) {
          places.push([at, key]);
          if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>);
        }
      };
      walk(object);
      for (const [where, value] of changes) {
        const [parent, key] = places[where % places.length] as [Record<string, unknown>, string];
        parent[key] = value;
      }
      return { kind, object };
    });

  test('never throws, and what is read of it can be applied', () => {
    const inventory = new ClusterInventory({ mode: 'live' });
    const apply = (event: InventoryEvent | string) => {
      if (typeof event !== 'string') inventory.apply(event);
    };
    fc.assert(
      fc.property(fc.oneof(mangled, fc.record({ kind: fc.string(), object: fc.jsonValue() })), ({ kind, object }) => {
        apply(inventoryEvent(kind, object, seen));
        apply(parseClusterLine(JSON.stringify({ t: '2026-11-23T19:00:00Z', kind, type: 'ADDED', object })));
        parseDump({ kind: 'List', items: [object] })?.events.forEach(apply);
        parseDump(object);
        inventory.whereabouts('10.244.0.5', {}, T);
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.string(), (text) => apply(parseClusterLine(text))));
    expect(inventory.stats.pods).toBeGreaterThan(0);
  });
});
