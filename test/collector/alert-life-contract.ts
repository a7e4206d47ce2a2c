/** What every implementation of Store must do about the life of alerts: what people did, and what is not told again. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALERT_ORDERS } from '../../collector/store/alert-life.ts';
import type { AlertsFilter, Commit, Cursor, Store } from '../../collector/store/store.ts';
import type { Suppressed } from '../../shared/detection/correlator-types.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { ActionRecord, Exception } from '../../shared/schema/handling.ts';
import { DAY, formatTime, HOUR, SECOND } from '../../shared/time.ts';
import type { Opened } from './store-contract.ts';
import { action, alert, CLUSTER, exception, outcome, START } from './support/make.ts';

export function alertLifeContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} as a store of what became of alerts`, () => {
    let opened: Opened;
    let store: Store;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });

    afterEach(() => opened.dispose());

    const commit = (change: Partial<Commit>) =>
      store.commit({ cluster: CLUSTER, at: START, outcome: outcome(), ...change });
    const put = (...alerts: Alert[]) => commit({ outcome: outcome([], alerts) });
    const at = (hours: number) => formatTime(START + hours * HOUR);

    /** Four that differ in everything. */
    const four = () =>
      put(
        alert('a1', { severity: 'low', confidence: 'high', createdAt: at(0), firstSeen: at(0), lastSeen: at(9) }),
        alert('a2', {
          createdAt: at(1),
          lastSeen: at(2),
          confidence: 'low',
          assignee: 'Ada Lovelace',
          principal: 'system:serviceaccount:shop:pay',
          sources: [{ address: '198.51.100.7', where: 'internet', count: 3 }],
        }),
        alert('a3', {
          createdAt: at(2),
          lastSeen: at(4),
          status: 'acknowledged',
          rules: ['token-recon', 'token-used-away-from-pod'],
          summary: 'It asked for 100% of <b>Secrets</b>.',
        }),
        alert('a4', { createdAt: at(3), lastSeen: at(3), cluster: 'other', severity: 'low', status: 'closed' }),
      );

    test('what is to be changed is read however many questions wait', async () => {
      await four();
      const questions = Promise.allSettled(Array.from({ length: 200 }, () => store.history({}, { limit: 1 })));
      const ids = async (read: Promise<Alert[]>) => (await read).map(({ id }) => id).toSorted();
      expect(await ids(store.wholeAlerts([{ cluster: CLUSTER, id: 'a1' }]))).toEqual(['a1']);
      expect(await ids(store.currentAlerts(CLUSTER, START, 10))).toEqual(['a1', 'a2', 'a3']);
      expect(await store.exceptions({ id: 'ex_1' }, 1)).toEqual([]);
      expect(await store.recent(CLUSTER, HOUR, 1)).toEqual({ decided: [], undecided: [] });
      expect((await questions).filter(({ status }) => status === 'rejected')).not.toEqual([]);
    });

    describe('lists', () => {
      beforeEach(four);

      test.each([
        ['newest', ['a4', 'a3', 'a2', 'a1']],
        ['worst', ['a3', 'a2', 'a4', 'a1']],
        ['latest', ['a1', 'a3', 'a4', 'a2']],
      ] as const)('%s first, page by page', async (order, expected) => {
        const found: string[] = [];
        for (let after: Cursor | null | undefined; after !== null; ) {
          const page = await store.alerts({}, { limit: 1, after }, order);
          found.push(...page.items.map(({ id }) => id));
          after = page.next;
        }
        expect(found).toEqual(expected);
        expect((await store.alerts({}, { limit: 9 }, order)).items.map(({ id }) => id)).toEqual(expected);
      });

      test('go on where they ended among equals, too', async () => {
        await put(...Array.from({ length: 7 }, (_, n) => alert(`same-${n}`, { cluster: n % 2 ? 'x' : 'y' })));
        for (const order of ALERT_ORDERS) {
          const whole = (await store.alerts({}, { limit: 99 }, order)).items;
          const found: Alert['id'][] = [];
          for (let after: Cursor | null | undefined; after !== null; ) {
            const page = await store.alerts({}, { limit: 3, after }, order);
            found.push(...page.items.map(({ id }) => id));
            after = page.next;
          }
          expect(found).toEqual(whole.map(({ id }) => id));
          expect(found).toHaveLength(11);
        }
      });

      test.each<[string, AlertsFilter, string[]]>([
        ['several states', { status: ['acknowledged', 'closed'] }, ['a4', 'a3']],
        ['who looks after it', { assignee: 'Ada Lovelace' }, ['a2']],
        ['from where it was used', { source: '198.51.100.7' }, ['a2']],
        ['a word', { text: 'recon' }, ['a3']],
        ['all words, in whatever case and order', { text: ' SECRETS  asked ' }, ['a3']],
        ['one word that is missing', { text: 'asked recon pay' }, []],
        ['who looks after it, as a word', { text: 'lovelace' }, ['a2']],
        ['an address', { text: '198.51.100' }, ['a2']],
        ['an account', { text: 'shop:pay' }, ['a2']],
        ['its id', { text: 'a4' }, ['a4']],
        ['what would be a pattern elsewhere', { text: '100% <b>' }, ['a3']],
        ['patterns', { text: '%' }, ['a3']],
        ['quotes', { text: "' OR 1=1 --" }, []],
        ['no words', { text: '   ' }, ['a4', 'a3', 'a2', 'a1']],
        ['what is found nowhere but in keys', { text: 'schema' }, []],
      ])('of alerts by %s', async (_name, filter, expected) => {
        expect((await store.alerts(filter, { limit: 9 })).items.map(({ id }) => id)).toEqual(expected);
        expect((await store.alertCounts(filter)).total).toBe(expected.length);
      });
    });

    describe('counts', () => {
      test('of none', async () => {
        expect(await store.alertCounts({})).toEqual({
          total: 0,
          severity: { info: 0, low: 0, medium: 0, high: 0, critical: 0 },
          status: { open: 0, acknowledged: 0, closed: 0 },
          rule: [],
          cluster: [],
          principal: [],
        });
      });

      test('by everything, of what the filter leaves', async () => {
        await four();
        const life = (from: number, to: number) => ({ firstSeen: START + from * HOUR, lastSeen: START + to * HOUR });
        expect(await store.alertCounts({})).toEqual({
          total: 4,
          severity: { info: 0, low: 2, medium: 0, high: 0, critical: 2 },
          status: { open: 2, acknowledged: 1, closed: 1 },
          rule: [
            { value: 'token-used-away-from-pod', count: 4, ...life(0, 9) },
            { value: 'token-recon', count: 1, ...life(0, 4) },
          ],
          cluster: [
            { value: CLUSTER, count: 3, ...life(0, 9) },
            { value: 'other', count: 1, ...life(0, 3) },
          ],
          principal: [
            { value: 'system:serviceaccount:shop:cart', count: 3, ...life(0, 9) },
            { value: 'system:serviceaccount:shop:pay', count: 1, ...life(0, 2) },
          ],
        });
        expect(await store.alertCounts({ severity: 'high', text: 'pay' })).toMatchObject({
          total: 1,
          severity: { low: 0, critical: 1 },
          status: { open: 1, closed: 0 },
        });
      });

      test('of the most frequent hundred', async () => {
        const many = Array.from({ length: 120 }, (_, n) => alert(`a${n}`, { principal: `user-${n}` }));
        await put(...many, alert('again', { principal: 'user-119' }));
        const { principal, total } = await store.alertCounts({});
        expect(total).toBe(121);
        expect(principal).toHaveLength(100);
        expect(principal[0]).toMatchObject({ value: 'user-119', count: 2 });
      });
    });

    describe('related alerts', () => {
      const other = {
        principal: 'system:serviceaccount:shop:other',
        credential: 'JTI=other',
        binding: {},
        sources: [],
      };
      const on = (node: string) => ({ binding: { node: { name: node } } });
      const from = (...addresses: string[]) => ({
        sources: addresses.map((address) => ({ address, where: 'internet', count: 1 })),
      });

      test('are told with what they have in common, the newest first', async () => {
        await put(
          alert('own', { ...on('node-a'), ...from('198.51.100.7', '10.0.0.1'), relatedCredentials: ['JTI=child'] }),
          alert('nothing', { ...other, createdAt: at(1) }),
          alert('source', { ...other, ...from('10.0.0.1', '10.0.0.2'), createdAt: at(2) }),
          alert('principal', { ...other, principal: 'system:serviceaccount:shop:cart', createdAt: at(3) }),
          alert('credential', { ...other, credential: null, relatedCredentials: ['JTI=child'], createdAt: at(4) }),
          alert('node', { ...other, ...on('node-a'), createdAt: at(5) }),
          alert('all', { ...on('node-a'), ...from('10.0.0.1'), createdAt: at(6) }),
          // In another cluster only an address on the internet is the same.
          alert('far', { cluster: 'other', ...on('node-a'), ...from('10.0.0.1'), createdAt: at(7) }),
          alert('far-source', { cluster: 'other', ...from('198.51.100.7'), createdAt: at(8) }),
        );
        const related = async (limit: number) =>
          (await store.relatedAlerts('own', CLUSTER, limit)).map(({ alert: { id }, because }) => [id, ...because]);
        const expected = [
          ['far-source', 'source'],
          ['all', 'source', 'principal', 'credential', 'node'],
          ['node', 'node'],
          ['credential', 'credential'],
          ['principal', 'principal'],
          ['source', 'source'],
        ];
        expect(await related(10)).toEqual(expected);
        expect(await related(2)).toEqual(expected.slice(0, 2));
        expect(await store.relatedAlerts('nobody', CLUSTER, 10)).toEqual([]);
        expect(await store.relatedAlerts('own', 'other', 10)).toEqual([]);
      });

      test('have nothing in common by what is not known of either', async () => {
        const bare = { principal: 'unknown', credential: null, binding: {}, sources: [] };
        await put(alert('own', bare), alert('other', bare));
        expect(await store.relatedAlerts('own', CLUSTER, 10)).toEqual([]);
      });
    });

    describe('changes', () => {
      const changed = async (after: number, limit = 10) =>
        (await store.changedAlerts(after, limit)).map(({ change, alert: { id, revision } }) => [change, id, revision]);

      test('have numbers that only grow, over restarts and whatever is let go of', async () => {
        expect([await store.lastChange(), await changed(0)]).toEqual([0, []]);
        await put(alert('a1'), alert('a2'));
        await put(alert('a1', { revision: 2 }));
        expect(await changed(0)).toEqual([
          [2, 'a2', 1],
          [3, 'a1', 2],
        ]);
        expect(await changed(2)).toEqual([[3, 'a1', 2]]);
        expect(await changed(0, 1)).toEqual([[2, 'a2', 1]]);
        // What is no newer is no change.
        await put(alert('a1', { revision: 2 }));
        expect(await store.lastChange()).toBe(3);
        await put(alert('a1', { revision: 3, status: 'closed', updatedAt: at(-1) }));
        await store.retain({ now: START + DAY, maxAge: DAY, maxBytes: 1e12 });
        expect(await changed(0)).toEqual([[2, 'a2', 1]]);
        store = await opened.reopen();
        expect(await store.lastChange()).toBe(4);
        await put(alert('a3'));
        expect(await changed(4)).toEqual([[5, 'a3', 1]]);
        expect((await store.changedAlerts(4, 1))[0]?.alert).not.toHaveProperty('story');
      });
    });

    test('alerts are told whole, those that there are', async () => {
      await put(alert('a1'), alert('a2'), alert('a2', { cluster: 'other' }));
      const found = await store.wholeAlerts([
        { cluster: CLUSTER, id: 'a2' },
        { cluster: CLUSTER, id: 'a9' },
        { cluster: 'other', id: 'a1' },
      ]);
      expect(found).toEqual([alert('a2')]);
      expect(await store.wholeAlerts([])).toEqual([]);
    });

    describe('what was done about an alert', () => {
      test('comes back whole, newest first, of that alert alone', async () => {
        const all = [
          action('a1', { action: 'acknowledge', time: START }),
          action('a1', { action: 'assign', assignee: 'grace', note: '<img onerror=alert(1)>', time: START + SECOND }),
          action('a1', { action: 'close', reason: 'benign', exceptions: ['ex_1', 'ex_2'], time: START + SECOND }),
        ];
        for (const record of all) expect(ActionRecord.parse(record)).toEqual(record);
        await commit({ actions: [...all.slice(0, 2), action('a2'), action('a1', { cluster: 'other' })] });
        await commit({ actions: all.slice(2) });
        store = await opened.reopen();
        expect(await store.activity('a1', CLUSTER, 10)).toEqual(all.toReversed());
        expect(await store.activity('a1', CLUSTER, 1)).toEqual(all.slice(2));
        expect(await store.activity('a9', CLUSTER, 10)).toEqual([]);
      });

      test('goes with the alert', async () => {
        await put(alert('a1'), alert('a2', { status: 'closed', updatedAt: at(-1) }));
        await commit({ actions: [action('a1'), action('a2')] });
        await store.retain({ now: START + DAY, maxAge: DAY, maxBytes: 1e12 });
        expect(await store.activity('a1', CLUSTER, 10)).toHaveLength(1);
        expect(await store.activity('a2', CLUSTER, 10)).toEqual([]);
      });

      test('is kept of one alert a thousand times, the newest', async () => {
        await put(alert('a1'), alert('a2'));
        const many = Array.from({ length: 1005 }, (_, n) => action('a1', { time: START + n }));
        await commit({ actions: [...many, action('a2')] });
        await store.retain({ now: START + DAY, maxAge: DAY, maxBytes: 1e12 });
        const kept = await store.activity('a1', CLUSTER, 2000);
        expect([kept.length, kept.at(-1)?.time]).toEqual([1000, START + 5]);
        expect(await store.activity('a2', CLUSTER, 10)).toHaveLength(1);
      });

      test('is stored with the alert or not at all', async () => {
        const [fresh] = await store.unseen([
          { cluster: CLUSTER, agent: 'node-a', stream: 's', records: [{ position: 0, observation: null }] },
        ]);
        if (!fresh) throw new Error('nothing is fresh');
        const late = { ...fresh, follows: 7 };
        const refused = commit({ fresh: [late], actions: [action('a1')], exceptions: [exception('ex_1')] });
        await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await store.activity('a1', CLUSTER, 10)).toEqual([]);
        expect(await store.exceptions({}, 10)).toEqual([]);
      });
    });

    describe('exceptions', () => {
      const ids = async (filter: Parameters<Store['exceptions']>[0] = {}, limit = 10) =>
        (await store.exceptions(filter, limit)).map(({ id }) => id);

      test('come back whole, newest first; a changed one replaces the one with its id', async () => {
        const first = exception('ex_1', { source: '10.0.0.0/8', cluster: null, alert: null, expiresAt: null });
        const second = exception('ex_2', { createdAt: START + 1 });
        for (const one of [first, second]) expect(Exception.parse(one)).toEqual(one);
        await commit({ exceptions: [first, second] });
        const revoked = { ...first, revokedBy: 'grace', revokedAt: START + 2 };
        await commit({ exceptions: [revoked] });
        store = await opened.reopen();
        expect(await store.exceptions({}, 10)).toEqual([second, revoked]);
        expect(await ids({}, 1)).toEqual(['ex_2']);
        expect(await ids({ id: 'ex_1' })).toEqual(['ex_1']);
      });

      test('of a cluster are its own and those of all; those in force are neither over nor revoked', async () => {
        await commit({
          exceptions: [
            exception('ex_1', { cluster: null, expiresAt: null }),
            exception('ex_2', { cluster: 'other', createdAt: START + 1 }),
            exception('ex_3', { expiresAt: START + HOUR, createdAt: START + 2 }),
            exception('ex_4', { revokedAt: START + HOUR, revokedBy: 'ada', createdAt: START + 3 }),
          ],
        });
        expect(await ids({ cluster: CLUSTER })).toEqual(['ex_4', 'ex_3', 'ex_1']);
        expect(await ids({ activeAt: START + HOUR - 1 })).toEqual(['ex_3', 'ex_2', 'ex_1']);
        expect(await ids({ activeAt: START + HOUR, cluster: 'other' })).toEqual(['ex_2', 'ex_1']);
      });

      test('count what they kept back', async () => {
        await commit({ exceptions: [exception('ex_1'), exception('ex_2')] });
        const suppressed = (...entries: [string, Suppressed][]) =>
          commit({ outcome: { ...outcome(), suppressed: new Map(entries) } });
        await suppressed(['ex_1', { count: 2, last: START + 5 }], ['gone', { count: 1, last: START }]);
        await suppressed(['ex_1', { count: 1, last: START + 4 }], ['ex_2', { count: 1, last: START }]);
        expect(await store.exceptions({ id: 'ex_1' }, 1)).toEqual([
          exception('ex_1', { suppressed: 3, lastSuppressed: START + 5 }),
        ]);
        expect(await store.exceptions({ id: 'ex_2' }, 1)).toMatchObject([{ suppressed: 1, lastSuppressed: START }]);
      });

      test('that ended long ago are let go of', async () => {
        await commit({
          exceptions: [
            exception('ex_1', { expiresAt: START - 1 }),
            exception('ex_2', { expiresAt: null, revokedAt: START - 1, revokedBy: 'ada', createdAt: START + 1 }),
            exception('ex_3', { expiresAt: START + DAY, createdAt: START + 2 }),
            exception('ex_4', { expiresAt: null, createdAt: START - 9 * DAY }),
          ],
        });
        await store.retain({ now: START + DAY, maxAge: DAY, maxBytes: 1e12 });
        expect(await ids()).toEqual(['ex_3', 'ex_4']);
      });
    });
  });
}
