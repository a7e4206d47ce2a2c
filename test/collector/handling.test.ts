/** What people do about alerts, from the queue to the store and the correlator. */
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCorrelation } from '../../collector/correlate/correlation.ts';
import { MOST_EXCEPTIONS } from '../../collector/correlate/exceptions-in-force.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import type { Store } from '../../collector/store/store.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { AlertAction } from '../../shared/schema/handling.ts';
import { DAY, type Micros } from '../../shared/time.ts';
import { failing, manualTimers, PlainCorrelator, silent } from './support/doubles.ts';
import { alert, arrival, CLUSTER, exception, outcome, START, use } from './support/make.ts';

const ID = 'al-JTI=cart';
const CART = 'system:serviceaccount:shop:cart';
const RULE = 'token-used-away-from-pod';
const close = (more: object = {}): AlertAction => ({ action: 'close', reason: 'false-positive', ...more });
const terms = { rule: RULE, principal: CART, source: null };

describe('handling', () => {
  let store: Store;
  let registry: Registry;
  let now: Micros;

  beforeEach(async () => {
    store = await openDuckDbStore({
      path: ':memory:',
      memoryMegabytes: 256,
      threads: 1,
      queryTimeoutMs: 10_000,
      at: START,
    });
    registry = new Registry();
    now = START;
  });

  afterEach(() => store.close());

  async function start(over: Store = store) {
    const correlation = createCorrelation({
      store: over,
      newCorrelator: (cluster) => new PlainCorrelator(cluster),
      clock: { now: () => now },
      every: manualTimers().every,
      maxClusters: 3,
      maxWaiting: 100,
      restore: { within: DAY, limit: 1000 },
      log: silent,
      registry,
    });
    await correlation.component.start();
    const told: Alert[] = [];
    correlation.onAlerts((alerts) => told.push(...alerts));
    /** The n-th theft, of a cluster. */
    const theft = async (
      n: number,
      { cluster = CLUSTER, ...parts }: Parameters<typeof use>[1] & { cluster?: string } = {},
    ) => {
      const stream = `${cluster}/node-a/audit-file`;
      const [at = 0] = (await over.streams()).flatMap((one) => (one.stream === stream ? one.position : []));
      const stolen = use(n, { source: '203.0.113.9', ...parts });
      return correlation.take({ cluster, arrivals: [arrival(at, [stolen], { cluster, stream })], findings: [] });
    };
    return { ...correlation, ...correlation.handling, told, theft };
  }

  const stored = async (id = ID) => (await store.alert(id))[0];
  const named = (id = ID, cluster = CLUSTER) => ({ cluster, id });

  test('an action is stored with who did it, told, and the alert goes on from there', async () => {
    const { act, theft, told } = await start();
    await theft(0);
    now += 5;
    const acted = await act(named(), { action: 'assign', assignee: 'grace', note: 'yours' }, 'ada');
    expect(acted).toMatchObject({ revision: 2, assignee: 'grace', status: 'open' });
    expect(await stored()).toEqual(acted);
    expect(told.map(({ revision }) => revision)).toEqual([1, 2]);
    await act(named(), { action: 'acknowledge' }, 'grace');
    await theft(1);
    expect(await stored()).toMatchObject({ revision: 4, assignee: 'grace', status: 'acknowledged' });
    const nothing = {
      cluster: CLUSTER,
      alert: ID,
      time: START + 5,
      note: null,
      assignee: null,
      reason: null,
      exceptions: [],
    };
    expect(await store.activity(ID, CLUSTER, 10)).toEqual([
      { ...nothing, by: 'grace', action: 'acknowledge' },
      { ...nothing, by: 'ada', action: 'assign', assignee: 'grace', note: 'yours' },
    ]);
  });

  test('after a restart the alert is as it was left, also a closed one, and one that opens again says why', async () => {
    const before = await start();
    await before.theft(0);
    await before.act(named(), close({ note: 'a test' }), 'ada');
    await before.component.stop();
    const { theft, told } = await start();
    await theft(1);
    expect(told).toMatchObject([{ revision: 3, status: 'closed', resolution: { by: 'ada', note: 'a test' } }]);
    now += 7;
    await theft(2, { request: { userAgent: 'another' } });
    expect(await stored()).toMatchObject({ revision: 4, status: 'open' });
    expect((await store.activity(ID, CLUSTER, 1))[0]).toEqual({
      cluster: CLUSTER,
      alert: ID,
      time: START + 7,
      by: 'truant',
      action: 'reopen',
      note: 'It goes on.',
      assignee: null,
      reason: null,
      exceptions: [],
    });
  });

  test('one that was closed more than a week ago is not taken up after a restart', async () => {
    const before = await start();
    await before.theft(0);
    await before.act(named(), close(), 'ada');
    now += 7 * DAY + 1;
    const { theft, told } = await start();
    await theft(1);
    expect(told).toMatchObject([{ revision: 1, status: 'open' }]);
  });

  test('what is not there, or not in a state for it, is refused and changes nothing', async () => {
    const { act, theft, told } = await start();
    await theft(0);
    const before = await stored();
    await expect(act(named('al-none'), close(), 'ada')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(act(named(ID, 'other'), close(), 'ada')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(act(named(), { action: 'reopen' }, 'ada')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect([await stored(), told.length, await store.activity(ID, CLUSTER, 9)]).toEqual([before, 1, []]);
  });

  test('an alert that is stored, but of a cluster that nobody follows, can be looked after', async () => {
    await store.commit({ cluster: 'old', at: START, outcome: outcome([], [alert('a1', { cluster: 'old' })]) });
    const { act } = await start();
    expect(await act(named('a1', 'old'), close(), 'ada')).toMatchObject({ status: 'closed' });
    expect(await stored('a1')).toMatchObject({ status: 'closed' });
  });

  test('several, of several clusters: of each what became of it, in the order asked', async () => {
    const { actOnAll, act, theft, told } = await start();
    for (let n = 0; n < 30; n += 1) await theft(n, { credential: `JTI=${n}`, cluster: n % 2 ? 'odd' : CLUSTER });
    await act(named('al-JTI=4'), { action: 'acknowledge' }, 'ada');
    told.length = 0;
    const names = Array.from({ length: 30 }, (_, n) => named(`al-JTI=${n}`, n % 2 ? 'odd' : CLUSTER));
    const results = await actOnAll([...names, named('al-none'), named('al-JTI=0')], { action: 'acknowledge' }, 'grace');
    const became = results.map(({ id, result }) => [id, result instanceof TruantError ? result.code : result.status]);
    expect(became).toEqual([
      ...names.map(({ id }, n) => [id, n === 4 ? 'CONFLICT' : 'acknowledged']),
      ['al-none', 'NOT_FOUND'],
      ['al-JTI=0', 'CONFLICT'],
    ]);
    expect(told).toHaveLength(29);
    expect((await store.alertCounts({})).status).toMatchObject({ open: 0, acknowledged: 30 });
    await theft(40, { credential: 'JTI=1', cluster: 'odd' });
    expect(told.at(-1)).toMatchObject({ id: 'al-JTI=1', revision: 3, status: 'acknowledged' });
  });

  test('of several, those that were done are told though others can not be stored', async () => {
    const { store: fragile, failNext } = failing(store);
    const { actOnAll, theft, onAlerts } = await start(fragile);
    const names = Array.from({ length: 25 }, (_, n) => named(`al-JTI=${n}`));
    for (const n of names.keys()) await theft(n, { credential: `JTI=${n}` });
    const stop = onAlerts(() => failNext(1));
    const results = await actOnAll(names, { action: 'acknowledge' }, 'ada');
    stop();
    expect(results.map(({ id }) => id)).toEqual(names.map(({ id }) => id));
    expect(results.map(({ result }) => (result instanceof TruantError ? result.code : result.status))).toEqual([
      ...Array.from({ length: 20 }, () => 'acknowledged'),
      ...Array.from({ length: 5 }, () => 'STORE_UNAVAILABLE'),
    ]);
    expect((await store.alertCounts({})).status).toMatchObject({ open: 5, acknowledged: 20 });
  });

  test('an action that can not be stored is told to nobody, and can be done again', async () => {
    const { store: fragile, failNext } = failing(store);
    const { act, theft, told } = await start(fragile);
    await theft(0);
    failNext(1);
    await expect(act(named(), close({ exceptions: [terms] }), 'ada')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(told).toHaveLength(1);
    expect(await store.exceptions({}, 9)).toEqual([]);
    await theft(1);
    expect(await act(named(), close(), 'ada')).toMatchObject({ revision: 3, status: 'closed' });
  });

  test('actions and what comes in take turns: every revision is another', async () => {
    const { act, theft, told } = await start();
    await theft(0);
    const comment = (note: string) => act(named(), { action: 'comment', note }, 'ada');
    await Promise.all([comment('1'), theft(1), comment('2'), comment('3')]);
    expect(told.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
    expect(await stored()).toMatchObject({ revision: 5 });
  });

  describe('exceptions', () => {
    const count = async (rule = RULE) => {
      const found = await registry.getSingleMetric('truant_suppressed_findings_total')?.get();
      return found?.values.find(({ labels }) => labels['rule'] === rule)?.value;
    };

    test('that are made with a closing keep back what comes then, and are counted', async () => {
      const { act, theft, told } = await start();
      await theft(0);
      await act(named(), close({ note: 'our scanner', exceptions: [terms], exceptionsExpireAt: START + DAY }), 'ada');
      const [made] = await store.exceptions({}, 9);
      expect(made).toMatchObject({
        ...terms,
        id: expect.stringMatching(/^ex_[0-9a-f]{20}$/),
        cluster: CLUSTER,
        alert: ID,
        reason: 'our scanner',
        createdBy: 'ada',
        createdAt: START,
        expiresAt: START + DAY,
        suppressed: 0,
      });
      expect((await store.activity(ID, CLUSTER, 1))[0]).toMatchObject({ action: 'close', exceptions: [made?.id] });
      await theft(1);
      await theft(2, { credential: 'JTI=other' });
      expect(told.map(({ revision, status }) => [revision, status])).toEqual([
        [1, 'open'],
        [2, 'closed'],
      ]);
      expect((await store.exceptions({}, 9))[0]).toMatchObject({ suppressed: 2, lastSuppressed: use(2).time });
      expect(await count()).toBe(2);
    });

    test('are known to correlators that are made later, and of every cluster', async () => {
      const before = await start();
      const made = await before.except({ ...terms, cluster: null, reason: 'r', alert: null, expiresAt: null }, 'ada');
      await before.theft(0);
      await before.theft(0, { cluster: 'other' });
      await before.component.stop();
      const after = await start();
      await after.theft(1);
      expect([before.told, after.told]).toEqual([[], []]);
      expect((await store.exceptions({}, 9))[0]).toEqual({ ...made, suppressed: 3, lastSuppressed: use(1).time });
    });

    test('are over once they are revoked', async () => {
      const { except, revoke, theft, told } = await start();
      const { id } = await except({ ...terms, cluster: CLUSTER, reason: 'r', alert: null, expiresAt: null }, 'ada');
      await theft(0);
      now += 9;
      expect(await revoke(id, 'grace')).toMatchObject({
        id,
        revokedBy: 'grace',
        revokedAt: START + 9,
        suppressed: 1,
      });
      await theft(1);
      expect(told).toHaveLength(1);
      await expect(revoke(id, 'ada')).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(revoke('ex_none', 'ada')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('that there are already are not made again', async () => {
      const { except, act, theft } = await start();
      const own = { ...terms, cluster: CLUSTER, reason: 'r', alert: null, expiresAt: START + DAY };
      const { id } = await except(own, 'ada');
      await expect(except({ ...own, expiresAt: START + 5 }, 'ada')).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(id),
      });
      // Lasts longer, or is elsewhere.
      await except({ ...own, expiresAt: null }, 'ada');
      await except({ ...own, cluster: 'other' }, 'ada');
      await theft(0, { principal: 'system:serviceaccount:shop:pay' });
      await act(
        named(),
        close({ exceptions: [terms, { ...terms, source: '10.0.0.1' }, { ...terms, source: '::ffff:10.0.0.1' }] }),
        'ada',
      );
      expect((await store.exceptions({}, 9)).map(({ source }) => source)).toHaveLength(4);
      expect((await store.activity(ID, CLUSTER, 1))[0]?.exceptions).toHaveLength(3);
    });

    test.each([
      ['of a rule that there is not', { rule: 'token-stolen' }],
      ['of a source that is none', { source: 'example.org' }],
      ['that has ended', { expiresAt: START }],
    ])('%s are refused', async (_name, wrong) => {
      const { except, act, theft } = await start();
      await theft(0);
      const { expiresAt = null, ...own } = { ...terms, ...wrong } as typeof terms & { expiresAt?: number };
      await expect(except({ ...own, cluster: null, reason: 'r', alert: null, expiresAt }, 'ada')).rejects.toMatchObject(
        {
          code: 'REQUEST_INVALID',
        },
      );
      await expect(
        act(named(), close({ exceptions: [own], exceptionsExpireAt: expiresAt }), 'ada'),
      ).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      expect(await stored()).toMatchObject({ status: 'open' });
    });

    test('are not without end', async () => {
      const many = Array.from({ length: MOST_EXCEPTIONS }, (_, n) => exception(`ex_${n}`, { principal: `user-${n}` }));
      await store.commit({ cluster: CLUSTER, at: START, outcome: outcome(), exceptions: many });
      const { except, revoke } = await start();
      const own = { ...terms, cluster: null, reason: 'r', alert: null, expiresAt: null };
      await expect(except(own, 'ada')).rejects.toMatchObject({ code: 'CONFLICT' });
      await revoke('ex_0', 'ada');
      expect(await except(own, 'ada')).toMatchObject({ principal: CART });
    });
  });
});
