import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCorrelation } from '../../collector/correlate/correlation.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import type { Store } from '../../collector/store/store.ts';
import type { Alert, Finding } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { DAY } from '../../shared/time.ts';
import { failing, manualTimers, PlainCorrelator, silent } from './support/doubles.ts';
import { arrival, CLUSTER, idOf, START, send, use } from './support/make.ts';

describe('correlation', () => {
  let store: Store;
  let correlators: PlainCorrelator[];
  let timers: ReturnType<typeof manualTimers>;
  let registry: Registry;

  beforeEach(async () => {
    store = await openDuckDbStore({
      path: ':memory:',
      memoryMegabytes: 256,
      threads: 1,
      queryTimeoutMs: 10_000,
      at: START,
    });
    correlators = [];
    timers = manualTimers();
    registry = new Registry();
  });

  afterEach(() => store.close());

  async function correlation(over: Store = store, { maxClusters = 3, maxWaiting = 10 } = {}) {
    const correlation = createCorrelation({
      store: over,
      newCorrelator: (cluster) => {
        const correlator = new PlainCorrelator(cluster);
        correlators.push(correlator);
        return correlator;
      },
      clock: { now: () => START },
      every: timers.every,
      maxClusters,
      maxWaiting,
      restore: { within: DAY, limit: 1000 },
      log: silent,
      registry,
    });
    await correlation.component.start();
    const told: Alert[] = [];
    correlation.onAlerts((alerts) => told.push(...alerts));
    const take = (
      position: number,
      observations: (Observation | null)[],
      cluster = CLUSTER,
      findings: Finding[] = [],
    ) => {
      const stream = `${cluster}/node-a/audit-file`;
      return correlation.take({ cluster, arrivals: [arrival(position, observations, { cluster, stream })], findings });
    };
    return { ...correlation, told, take };
  }

  const stored = async () =>
    Object.fromEntries(
      (await store.uses({}, { limit: 100 })).items.map(({ use: { id }, placement }) => [id, placement?.verdict]),
    );
  const theft = (n: number, parts = {}) => use(n, { source: '203.0.113.9', ...parts });
  const error = async (type: string) => {
    const { values } = await (registry.getSingleMetric('truant_errors_total')?.get() ?? { values: [] });
    return values.find(({ labels }) => labels['error_type'] === type)?.value;
  };

  test('stores what came in together with what was made of it, then tells of alerts', async () => {
    const { take, told, onAlerts } = await correlation();
    const storedWhenTold = new Promise<Alert[]>((resolve) => {
      onAlerts(([first]) => resolve(store.alert(first?.id ?? '')));
    });
    expect(await take(0, [use(0), null, theft(2)])).toEqual({ accepted: 2, duplicates: 0, rejected: 1 });
    expect(await stored()).toEqual({ [idOf(0)]: 'home', [idOf(2)]: 'away' });
    expect(told).toMatchObject([{ id: 'al-JTI=cart', revision: 1 }]);
    expect(await storedWhenTold).toHaveLength(1);
  });

  test('a batch that comes again is looked at by nobody', async () => {
    const { take, told } = await correlation();
    await take(0, [theft(0), theft(1)]);
    expect(await take(0, [theft(0), theft(1)])).toEqual({ accepted: 0, duplicates: 2, rejected: 0 });
    expect(await take(1, [theft(1), theft(2)])).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(correlators).toHaveLength(1);
    expect(correlators[0]?.processed).toEqual([0, 1, 2].map(idOf));
    expect(told.map(({ revision }) => revision)).toEqual([2, 3]);
  });

  test('findings of the agent reach the correlator once, with what they are about', async () => {
    const { take } = await correlation();
    const finding = (id: string) => ({ id }) as Finding;
    await take(0, [use(0)], CLUSTER, [finding('f0')]);
    await take(0, [use(0)], CLUSTER, [finding('f0')]);
    await take(1, [use(1)], CLUSTER, [finding('f1')]);
    expect(correlators[0]?.findings).toEqual([finding('f0'), finding('f1')]);
  });

  test('one that is still being decided is decided when time goes on, and that is stored and told too', async () => {
    const { take, told } = await correlation();
    await take(0, [theft(0, { request: { verb: 'defer' } })]);
    expect(await stored()).toEqual({ [idOf(0)]: 'unclear' });
    expect(told).toEqual([]);
    timers.fire();
    await vi.waitFor(async () => expect(await stored()).toEqual({ [idOf(0)]: 'away' }), 10_000);
    await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
  });

  test('after a start it goes on from what is stored: alerts grow, and what was undecided is decided', async () => {
    const before = await correlation();
    await before.take(0, [use(0), theft(1), theft(2, { credential: 'JTI=pay', request: { verb: 'defer' } })]);
    await before.component.stop();
    expect(timers.running).toBe(0);
    const after = await correlation();
    expect(correlators[1]?.restored).toEqual([idOf(0), idOf(1)]);
    expect(correlators[1]?.processed).toEqual([idOf(2)]);
    await after.take(3, [theft(3)]);
    expect(after.told).toMatchObject([{ id: 'al-JTI=cart', revision: 2 }]);
    timers.fire();
    await vi.waitFor(() => expect(after.told).toHaveLength(2), 10_000);
    expect(after.told[1]?.id).toBe('al-JTI=pay');
  });

  test('what had to be forgotten to make room is counted', async () => {
    const { take } = await correlation();
    await take(0, [use(0)]);
    const [correlator] = correlators;
    if (correlator) correlator.forgotten = 3;
    timers.fire();
    const counted = 'truant_dropped_total{component="correlate",reason="credential-forgotten"} 3';
    await vi.waitFor(async () => expect(await registry.metrics()).toContain(counted), 10_000);
  });

  test('when a commit fails, nobody is told, and the correlator forgets what was not stored', async () => {
    const { store: fragile, failNext } = failing(store);
    const { take, told } = await correlation(fragile);
    await take(0, [theft(0)]);
    failNext(1);
    await expect(take(1, [theft(1)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(told).toHaveLength(1);
    expect(await take(1, [theft(1)])).toMatchObject({ accepted: 1 });
    expect(told.map(({ revision }) => revision)).toEqual([1, 2]);
    expect((await store.alert('al-JTI=cart'))[0]?.revision).toBe(2);
    expect(correlators[1]).toMatchObject({ restored: [idOf(0)], processed: [idOf(1)] });
    expect(await error('commit')).toBe(1);
  });

  test('a tick whose outcome could not be stored is made up for by a later one', async () => {
    const { store: fragile, failNext } = failing(store);
    const { take } = await correlation(fragile);
    await take(0, [theft(0, { request: { verb: 'defer' } })]);
    failNext(1);
    timers.fire();
    await vi.waitFor(async () => expect(await error('commit')).toBe(1), 10_000);
    await vi.waitFor(async () => {
      timers.fire();
      expect(await stored()).toEqual({ [idOf(0)]: 'away' });
    }, 10_000);
  });

  test('a correlator that fails does not keep the history from being written, nor later thefts from being seen', async () => {
    const { take, told, component } = await correlation();
    await take(0, [use(0), use(1, { request: { userAgent: 'poison' } })]);
    expect(await stored()).toEqual({ [idOf(0)]: undefined, [idOf(1)]: undefined });
    expect(component.status()).toMatchObject({ state: 'degraded' });
    expect(await take(2, [theft(2)])).toMatchObject({ accepted: 1 });
    expect(told).toHaveLength(1);
    expect(component.status()).toEqual({ state: 'running' });
    await take(3, [theft(3)]);
    expect(correlators).toHaveLength(2);
  });

  test('what cannot be restored is gone without', async () => {
    await send(store, 0, [use(0, { request: { userAgent: 'poison' } })]);
    const { take, told } = await correlation();
    await take(1, [theft(1)]);
    expect(told).toHaveLength(1);
    expect(await error('restore')).toBe(1);
  });

  test('each cluster has its own correlator, and one too many is refused', async () => {
    const { take, told } = await correlation(store, { maxClusters: 2 });
    await take(0, [theft(0)], 'a');
    await take(0, [theft(0)], 'b');
    expect(told.map(({ cluster }) => cluster)).toEqual(['a', 'b']);
    await expect(take(0, [theft(0)], 'c')).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    expect(await take(1, [theft(1)], 'a')).toMatchObject({ accepted: 1 });
  });

  test('batches come one after the other, and those that would pile up are refused', async () => {
    const { take } = await correlation(store, { maxWaiting: 2 });
    const results = await Promise.allSettled([0, 1, 2, 3].map((n) => take(n, [use(n)])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(results[3]).toMatchObject({ reason: { code: 'OVERLOADED' } });
    expect(correlators[0]?.processed).toEqual([0, 1, 2].map(idOf));
  });

  test('a listener that fails harms neither the batch nor the other listeners', async () => {
    const { take, onAlerts } = await correlation();
    const told: string[] = [];
    onAlerts(() => {
      throw new Error('terminal gone');
    });
    const end = onAlerts(([first]) => told.push(first?.id ?? ''));
    expect(await take(0, [theft(0)])).toMatchObject({ accepted: 1 });
    end();
    await take(1, [theft(1)]);
    expect(told).toEqual(['al-JTI=cart']);
  });

  test('stopping waits for what is being stored, and takes nothing more', async () => {
    const { take, component } = await correlation();
    const last = take(0, [use(0)]);
    await component.stop();
    expect(await last).toMatchObject({ accepted: 1 });
    await expect(take(1, [use(1)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
