import { afterEach, describe, expect, test, vi } from 'vitest';
import type { KubernetesStatus } from '../../agent/sources/kubernetes/connections.ts';
import { KubernetesSource, type SourceTiming } from '../../agent/sources/kubernetes/kubernetes-source.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { ApiServer } from '../../shared/kubernetes/api-server.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { type Clock, SECOND, wallClock } from '../../shared/time.ts';
import { KubernetesApiServer, refuse, type Trouble } from './kubernetes-api-server.ts';

const PODS = '/api/v1/pods';
const NODES = '/api/v1/nodes';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const WAIT = { timeout: 20_000, interval: 20 };

const podObject = (uid: string, ip?: string) => ({
  metadata: { name: uid, namespace: 'shop', uid, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { nodeName: 'node-a', containers: [{ name: 'main', env: [{ name: 'SECRET', value: 'not ours to keep' }] }] },
  status: { phase: 'Running', ...(ip !== undefined && { podIPs: [{ ip }] }) },
});
const nodeObject = (name: string) => ({
  metadata: { name, uid: name },
  status: { addresses: [{ type: 'InternalIP', address: '10.10.0.11' }] },
});
const sliceObject = (name: string, address: string) => ({
  metadata: { name, uid: name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  endpoints: [{ addresses: [address] }],
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function startServer(): Promise<KubernetesApiServer> {
  const server = await KubernetesApiServer.listen();
  closing.push(() => server.close());
  server.put(NODES, nodeObject('node-a'));
  server.put(PODS, podObject('one', '10.244.0.1'));
  return server;
}

function connect(
  server: KubernetesApiServer,
  timing: Partial<SourceTiming> = {},
  clock: Clock = wallClock,
  onlyNode?: string,
) {
  const events: InventoryEvent[] = [];
  const statuses: KubernetesStatus[] = [];
  const inventory = new ClusterInventory({ mode: 'live' });
  const malformed: string[] = [];
  const source = new KubernetesSource({
    kubeconfig: server.kubeConfig(),
    onEvents: (told) => {
      events.push(...told);
      for (const event of told) inventory.apply(event);
    },
    onStatus: (status) => statuses.push(status),
    metrics: { deadLetter: (reason) => malformed.push(reason) },
    logger: createLogger({ level: 'silent' }),
    clock,
    timing: { retryMs: { first: 10, most: 100 }, ...timing },
    ...(onlyNode !== undefined && { onlyNode }),
  });
  closing.push(() => source.stop());
  const told = (type: InventoryEvent['type']) => events.filter((event) => event.type === type);
  const addressesOf = (uid: string) => {
    const binding = { pod: { namespace: 'shop', name: uid, uid } };
    return inventory.whereabouts(null, binding, clock.now() + 3 * SECOND).home?.addresses;
  };
  return { source, malformed, events, statuses, told, inventory, addressesOf };
}

const watching = (server: KubernetesApiServer, ...paths: string[]) =>
  vi.waitFor(() => expect(server.openWatches).toEqual(expect.arrayContaining(paths)), WAIT);
const asks = (server: KubernetesApiServer, path: string) => server.asked.filter((asked) => asked.path === path);
const lists = (server: KubernetesApiServer, path: string) =>
  asks(server, path).filter(({ query }) => !query.has('watch')).length;

describe('list and watch', () => {
  test('tells what is there, then what happens', async () => {
    const server = await startServer();
    server.put(SLICES, sliceObject('kubernetes', '10.10.0.1'));
    const { source, told, events, statuses, inventory } = connect(server);
    await source.start();
    expect(told('pod-upsert')).toMatchObject([{ initial: true, pod: { uid: 'one', addresses: ['10.244.0.1'] } }]);
    expect(told('node-upsert')).toMatchObject([{ initial: true, node: { name: 'node-a', addresses: ['10.10.0.11'] } }]);
    expect(told('pods-relisted')).toMatchObject([{ uids: new Set(['one']) }]);
    expect(statuses).toMatchObject([{ status: 'ok', reason: 'inventory-watched' }]);
    expect(source.status()).toEqual({ state: 'running' });

    await watching(server, PODS, NODES, SLICES);
    server.put(PODS, podObject('two', '10.244.0.2'));
    server.put(PODS, podObject('one', '10.244.0.9'));
    server.remove(PODS, 'two');
    await vi.waitFor(() => expect(told('pod-delete')).toMatchObject([{ uid: 'two' }]), WAIT);
    expect(told('pod-upsert').slice(1)).toMatchObject([
      { initial: false, pod: { uid: 'two' } },
      { initial: false, pod: { uid: 'one', addresses: ['10.244.0.9'] } },
    ]);
    expect(inventory.whereabouts('10.10.0.1', {}, wallClock.now()).network).toBe('control-plane');

    const times = events.map(({ time }) => time);
    expect(new Set(times).size).toBe(times.length);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(JSON.stringify(events)).not.toContain('not ours to keep');
    expect(server.asked.every(({ authorization }) => authorization === 'Bearer the-token-of-the-test')).toBe(true);
  });

  test('of one node asks for its pods and nothing else', async () => {
    const server = await startServer();
    const { source, told, statuses } = connect(server, {}, wallClock, 'node-a');
    await source.start();
    expect(told('pod-upsert')).toHaveLength(1);
    expect(statuses).toMatchObject([{ status: 'ok' }]);
    await watching(server, PODS);
    expect(new Set(server.asked.map(({ path }) => path))).toEqual(new Set([PODS]));
    expect(server.asked.map(({ query }) => query.get('fieldSelector'))).toEqual(
      server.asked.map(() => 'spec.nodeName=node-a'),
    );
  });

  test('a big cluster is listed in pages', async () => {
    const server = await startServer();
    for (let i = 0; i < 23; i++) server.put(PODS, podObject(`pod-${i}`));
    const { source, told } = connect(server, { pageSize: 10 });
    await source.start();
    expect(told('pod-upsert')).toHaveLength(24);
    const [relisted] = told('pods-relisted');
    expect(relisted).toMatchObject({ type: 'pods-relisted' });
    expect(relisted?.type === 'pods-relisted' && relisted.uids.size).toBe(24);
    expect(asks(server, PODS).filter(({ query }) => query.has('continue'))).toHaveLength(2);
  });

  test('a list that expires between two pages begins anew, and only then is anything gone', async () => {
    const server = await startServer();
    for (let i = 0; i < 5; i++) server.put(PODS, podObject(`pod-${i}`));
    let troubled = false;
    server.trouble = ({ path, query }) => {
      if (path === PODS && query.has('continue') && !troubled) {
        troubled = true;
        server.remove(PODS, 'pod-0');
        server.compact();
      }
      return false;
    };
    const { source, told } = connect(server, { pageSize: 2 });
    await source.start();
    expect(told('pods-relisted')).toMatchObject([{ uids: new Set(['one', 'pod-1', 'pod-2', 'pod-3', 'pod-4']) }]);
  });
});

describe('when the watch breaks', () => {
  test('it goes on from where it was: nothing is listed again, missed or told twice', async () => {
    const server = await startServer();
    const { source, told } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    server.put(PODS, podObject('two', '10.244.0.2'));
    await vi.waitFor(() => expect(told('pod-upsert')).toHaveLength(2), WAIT);
    for (let i = 0; i < 3; i++) {
      if (i % 2 === 0) server.cut();
      else server.endWatches();
      server.put(PODS, podObject(`meanwhile-${i}`));
      await vi.waitFor(() => expect(told('pod-upsert')).toHaveLength(3 + i), WAIT);
      await watching(server, PODS, NODES);
    }
    expect(lists(server, PODS)).toBe(1);
  });

  test('what was missed may have been so since it broke', async () => {
    const server = await startServer();
    const { source, told } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    const before = wallClock.now();
    server.cut();
    server.put(PODS, podObject('one', '10.244.0.9'));
    await vi.waitFor(() => expect(told('pod-upsert')).toHaveLength(2), WAIT);
    const [, missed] = told('pod-upsert');
    expect(missed).toMatchObject({ since: expect.any(Number) });
    expect(missed?.type === 'pod-upsert' && missed.since).toBeGreaterThanOrEqual(before);
    expect(missed?.type === 'pod-upsert' && missed.since).toBeLessThan(missed?.time ?? 0);
  });

  test('a bookmark is where it goes on from', async () => {
    const server = await startServer();
    const { source } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    server.bookmark(PODS);
    server.bookmark(NODES);
    server.endWatches();
    await vi.waitFor(() => expect(asks(server, PODS).length).toBeGreaterThan(2), WAIT);
    const versions = asks(server, PODS).flatMap(({ query }) => query.get('resourceVersion') ?? []);
    expect(Number(versions.at(-1))).toBeGreaterThanOrEqual(Number(versions[0]) + 10);
  });

  test('when the API server has forgotten that place, it lists again, and what has vanished is gone', async () => {
    const server = await startServer();
    server.put(PODS, podObject('two', '10.244.0.2'));
    server.put(SLICES, sliceObject('kubernetes-a', '10.10.0.1'));
    server.put(SLICES, sliceObject('kubernetes-b', '10.10.0.2'));
    const { source, told, addressesOf, inventory } = connect(server);
    await source.start();
    await watching(server, PODS, NODES, SLICES);
    expect(addressesOf('two')).toEqual(['10.244.0.2']);

    server.trouble = (_, response) => response.destroy() !== undefined;
    server.cut();
    server.remove(PODS, 'two');
    server.remove(SLICES, 'kubernetes-b');
    server.put(PODS, podObject('three', '10.244.0.3'));
    server.compact();
    server.trouble = () => false;

    await vi.waitFor(() => expect(addressesOf('three')).toEqual(['10.244.0.3']), WAIT);
    await vi.waitFor(() => expect(addressesOf('two')).toEqual([]), WAIT);
    expect(told('pods-relisted').at(-1)).toMatchObject({ uids: new Set(['one', 'three']) });
    await vi.waitFor(
      () => expect(told('control-plane').at(-1)).toMatchObject({ slice: 'kubernetes-b', addresses: [] }),
      WAIT,
    );
    expect(inventory.whereabouts('10.10.0.1', {}, wallClock.now() + 3 * SECOND).network).toBe('control-plane');
  });

  test('410 as an answer is as good as one within the stream', async () => {
    const server = await startServer();
    const { source, told } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    let refused = 0;
    server.trouble = ({ path, query }, response) => {
      if (path !== PODS || !query.has('watch') || refused > 0) return false;
      refused += 1;
      refuse(response, 410, 'Gone');
      return true;
    };
    server.endWatches();
    await vi.waitFor(() => expect(told('pods-relisted')).toHaveLength(2), WAIT);
    await watching(server, PODS, NODES);
  });

  test('garbage within the stream is left out, and a broken line ends only the watch', async () => {
    const server = await startServer();
    const { source, addressesOf, malformed } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    server.send(PODS, { type: 'MODIFIED', object: { metadata: { name: 5 } } });
    server.send(PODS, { type: 'SURPRISE', object: null });
    server.send(PODS, { type: 'ADDED' });
    server.send(PODS, []);
    server.send(PODS, '\n\n');
    server.put(PODS, podObject('two', '10.244.0.2'));
    await vi.waitFor(() => expect(addressesOf('two')).toEqual(['10.244.0.2']), WAIT);
    expect(malformed).toEqual(['malformed-object', 'malformed-object']);
    server.send(PODS, '{"type":"ADDED","obj\n');
    await vi.waitFor(() => expect(asks(server, PODS)).toHaveLength(3), WAIT);
    await watching(server, PODS);
    server.put(PODS, podObject('three', '10.244.0.3'));
    await vi.waitFor(() => expect(addressesOf('three')).toEqual(['10.244.0.3']), WAIT);
    expect(lists(server, PODS)).toBe(1);
  });

  test('a connection that died silently is noticed by the bookmarks that don’t come', async () => {
    const server = await startServer();
    const { source, addressesOf } = connect(server, { bookmarkPatienceMs: 200 });
    await source.start();
    await watching(server, PODS, NODES);
    server.bookmark(PODS);
    await vi.waitFor(() => expect(asks(server, PODS).length).toBeGreaterThan(2), WAIT);
    await watching(server, PODS);
    server.put(PODS, podObject('two', '10.244.0.2'));
    await vi.waitFor(() => expect(addressesOf('two')).toEqual(['10.244.0.2']), WAIT);
    expect(lists(server, PODS)).toBe(1);
  });
});

describe('what it says about itself', () => {
  test('blind after a while without, ok when back', async () => {
    const server = await startServer();
    const { port } = server;
    const { source, statuses, addressesOf } = connect(server, { blindAfterMs: 300 });
    await source.start();
    await watching(server, PODS, NODES);
    await server.close();
    await vi.waitFor(() => expect(statuses.at(-1)).toMatchObject({ status: 'blind', reason: 'inventory-lost' }), WAIT);
    expect(statuses.at(-1)?.detail).toMatch(/Pod: .*ECONNREFUSED/);
    expect(source.status()).toMatchObject({ state: 'degraded' });

    const again = await KubernetesApiServer.listen(port);
    closing.push(() => again.close());
    again.put(NODES, nodeObject('node-a'));
    again.put(PODS, podObject('one', '10.244.0.1'));
    again.put(PODS, podObject('two', '10.244.0.2'));
    again.compact();
    await vi.waitFor(() => expect(statuses.at(-1)).toMatchObject({ status: 'ok', reason: 'inventory-watched' }), WAIT);
    expect(addressesOf('two')).toEqual(['10.244.0.2']);
    expect(statuses.map(({ status }) => status)).toEqual(['ok', 'blind', 'ok']);
    expect(source.status()).toEqual({ state: 'running' });
  });

  test('a watch that ends in order and comes back is no reason to say anything', async () => {
    const server = await startServer();
    const { source, statuses } = connect(server);
    await source.start();
    for (let i = 0; i < 3; i++) {
      await watching(server, PODS, NODES);
      server.bookmark(PODS);
      server.endWatches();
      await vi.waitFor(() => expect(asks(server, PODS).length).toBeGreaterThan(2 + i), WAIT);
    }
    expect(statuses).toHaveLength(1);
  });

  test('refused: it says so at once, starts all the same, and goes on asking', async () => {
    const server = await startServer();
    server.trouble = ({ path }, response) => {
      if (path !== PODS) return false;
      refuse(response, 403, 'Forbidden');
      return true;
    };
    const { source, statuses, addressesOf } = connect(server, { startMs: 100 });
    await source.start();
    await vi.waitFor(() => expect(statuses).toMatchObject([{ status: 'blind', reason: 'inventory-forbidden' }]), WAIT);
    expect(statuses[0]?.detail).toContain('403');
    server.trouble = () => false;
    await vi.waitFor(() => expect(addressesOf('one')).toEqual(['10.244.0.1']), WAIT);
    await vi.waitFor(() => expect(statuses.at(-1)).toMatchObject({ status: 'ok' }), WAIT);
  });

  test('without the right to see endpoints it does without', async () => {
    const server = await startServer();
    server.trouble = ({ path }, response) => {
      if (path !== SLICES) return false;
      refuse(response, 403, 'Forbidden');
      return true;
    };
    const { source, statuses } = connect(server);
    await source.start();
    await watching(server, PODS, NODES);
    server.endWatches();
    await vi.waitFor(() => expect(asks(server, PODS).length).toBeGreaterThan(2), WAIT);
    expect(asks(server, SLICES)).toHaveLength(1);
    expect(statuses).toMatchObject([{ status: 'ok' }]);
  });

  test('a kubeconfig that can’t be used fails at the start', async () => {
    const source = new KubernetesSource({
      kubeconfig: '/nowhere/kubeconfig',
      onEvents: () => undefined,
      metrics: { deadLetter: () => undefined },
      onStatus: () => undefined,
      logger: createLogger({ level: 'silent' }),
    });
    await expect(source.start()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('/nowhere/kubeconfig'),
    });
    expect(source.status().state).toBe('failed');
  });
});

describe('stopping', () => {
  test.each<[string, (server: KubernetesApiServer) => void]>([
    ['while it watches', () => undefined],
    [
      'while the API server does not answer',
      (server) => {
        server.trouble = () => true;
      },
    ],
    [
      'in the middle of an answer',
      (server) => {
        server.trouble = (_, response) => response.write('{"items":[');
      },
    ],
    [
      'while it waits to try again',
      (server) => {
        server.trouble = (_, response) => response.destroy() !== undefined;
      },
    ],
  ])('%s: soon, once, and nothing is told any more', async (_, prepare) => {
    const server = await startServer();
    prepare(server);
    const { source, events } = connect(server, { startMs: 50, retryMs: { first: 60_000, most: 60_000 } });
    await Promise.all([source.start(), source.start()]);
    await vi.waitFor(() => expect(server.asked.length).toBeGreaterThanOrEqual(3), WAIT);
    const started = performance.now();
    await Promise.all([source.stop(), source.stop()]);
    expect(performance.now() - started).toBeLessThan(2000);
    await vi.waitFor(() => expect(server.openConnections).toBe(0), WAIT);
    const told = events.length;
    server.put(PODS, podObject('late'));
    expect(events).toHaveLength(told);
    expect(source.status().state).toBe('stopped');
  });

  test('while it starts', async () => {
    const server = await startServer();
    server.trouble = () => true;
    const { source } = connect(server, { startMs: 60_000 });
    const starting = source.start();
    await vi.waitFor(() => expect(server.asked.length).toBeGreaterThanOrEqual(3), WAIT);
    await source.stop();
    await starting;
    expect(source.status().state).toBe('stopped');
  });
});

describe('an API server that keeps us waiting', () => {
  const { signal } = new AbortController();

  test.each<[string, Trouble, RegExp]>([
    ['does not answer', () => true, /no answer in time/],
    ['stops in the middle of a list', (_, response) => response.write('{"items":['), /no answer in time|aborted/],
    [
      'closes in the middle of a list',
      (_, response) => response.write('{"items":[', () => response.destroy()),
      /aborted/,
    ],
    ['answers with a page of HTML', (_, response) => response.end('<html>secret</html>') !== undefined, /is no JSON$/],
    [
      'sends us elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://x/' }).end() !== undefined,
      /302/,
    ],
  ])('%s', async (_, trouble, message) => {
    const server = await startServer();
    server.trouble = trouble;
    const api = new ApiServer(server.kubeConfig(), 200);
    await expect(api.get(PODS, {}, signal)).rejects.toThrow(message);
    await vi.waitFor(() => expect(server.openConnections).toBe(0), WAIT);
  });

  test('a watch that is silent for longer than it may is over', async () => {
    const server = await startServer();
    const api = new ApiServer(server.kubeConfig());
    let opened = 0;
    const watch = api.stream(
      PODS,
      { watch: true, resourceVersion: 1000 },
      {
        signal,
        idleMs: 100,
        onOpen: () => {
          opened += 1;
        },
        onLine: () => undefined,
      },
    );
    await expect(watch).rejects.toThrow(/no answer in time|aborted/);
    expect(opened).toBe(1);
  });
});
