/** What every implementation of Store must do. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Arrival, BlindSpot, HistoryItem, PlacedUse, Store } from '../../collector/store/store.ts';
import { Alert } from '../../shared/schema/alert.ts';
import { Heartbeat, Observation, SourceStatus, TokenRead } from '../../shared/schema/observation.ts';
import { Placement } from '../../shared/schema/placement.ts';
import { DAY, formatTime, HOUR, MINUTE, SECOND } from '../../shared/time.ts';
import { arbitraryOf } from './support/arbitrary-of.ts';
import {
  AWAY,
  alert,
  arrival,
  CLUSTER,
  DECIDING,
  HOME,
  heartbeat,
  idOf,
  issue,
  outcome,
  read,
  START,
  STREAM,
  send,
  status,
  tokenFile,
  use,
} from './support/make.ts';

export interface Opened {
  store: Store;
  /** Closes the store and opens what it left behind. */
  reopen(): Promise<Store>;
  /** Closes the store and removes everything. */
  dispose(): Promise<void>;
}

export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} as a store`, () => {
    let opened: Opened;
    let store: Store;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });

    afterEach(() => opened.dispose());

    const positionOf = async (stream = STREAM) => (await store.streams()).find((s) => s.stream === stream)?.position;
    const ids = (items: PlacedUse[]) => items.map((item) => item.use.id);
    const idIn = (item: HistoryItem): string => {
      const { cluster: _1, placement: _2, ...happened } = { placement: null, ...item };
      return Object.values(happened)[0]?.id ?? '';
    };
    const all = { limit: 1000 };

    describe('observations', () => {
      test('come back whole, whatever is in them, oldest first', async () => {
        const observation = fc.record({
          o: arbitraryOf(Observation).filter(({ kind }) => kind !== 'heartbeat'),
          placement: arbitraryOf(Placement),
        });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(observation, { selector: ({ o }) => o.id, maxLength: 20 }), async (list) => {
            const cluster = `c${run++}`;
            const observations = list.map(({ o }, n) => ({ ...o, time: START + n }));
            const placements = list.flatMap(({ o, placement }) => (o.kind === 'use' ? [[o.id, placement]] : []));
            await send(store, 0, observations, placements as [string, Placement][], { cluster, stream: cluster });
            const { decided, undecided } = await store.recent(cluster, DAY, 100);
            expect([...decided, ...undecided].toSorted((a, b) => a.time - b.time)).toEqual(observations);
            expect(undecided.map(({ id }) => id)).toEqual(
              list
                .filter(({ o, placement }) => o.kind === 'use' && placement.reason === 'deciding')
                .map(({ o }) => o.id),
            );
            const { items } = await store.uses({ cluster }, all);
            expect(items.map((item) => [item.use.id, item.placement])).toEqual(placements.toReversed());
          }),
          { numRuns: 25 },
        );
      });

      test('text that is not well-formed Unicode is stored with replacement characters', async () => {
        await send(store, 0, [use(0, { request: { userAgent: 'a\ud800b' } })]);
        expect((await store.uses({}, all)).items[0]?.use.request.userAgent).toBe('a\ufffdb');
      });

      test('only uses wait for a verdict, unless one was announced', async () => {
        await send(store, 0, [issue(0), issue(1), use(2)], [[idOf(1), DECIDING]]);
        const { decided, undecided } = await store.recent(CLUSTER, DAY, 10);
        expect([decided.map((o) => o.id), undecided.map((o) => o.id)]).toEqual([[idOf(0)], [idOf(1), idOf(2)]]);
      });

      test('the recent ones are the newest, by the newest observation and not by the clock', async () => {
        await send(store, 0, [use(0), use(60), use(120), use(121)]);
        await send(store, 0, [use(9000)], [], { cluster: 'other', stream: 'other/x/y' });
        const recent = async (within: number, limit: number) =>
          (await store.recent(CLUSTER, within, limit)).decided.map((o) => o.id);
        expect(await recent(61 * SECOND, 10)).toEqual([idOf(60), idOf(120), idOf(121)]);
        expect(await recent(HOUR, 2)).toEqual([idOf(120), idOf(121)]);
        expect(await store.recent('nobody', HOUR, 2)).toEqual({ decided: [], undecided: [] });
      });
    });

    describe('exactly once', () => {
      test('whatever is below the stored position changes nothing', async () => {
        const first = await send(store, 0, [use(0), use(1), use(2)]);
        expect(first).toMatchObject({ position: 3, duplicates: 0, rejected: 0 });
        expect(await send(store, 0, [use(0), use(1), use(2)])).toMatchObject({ duplicates: 3, observations: [] });
        expect(await send(store, 1, [use(1), use(2), use(3)])).toMatchObject({ duplicates: 2, position: 4 });
        expect(ids((await store.uses({}, all)).items)).toEqual([3, 2, 1, 0].map(idOf));
        expect(await positionOf()).toBe(4);
      });

      test('what the receiver set aside uses up its number', async () => {
        expect(await send(store, 0, [use(0), null, use(2)])).toMatchObject({ rejected: 1, position: 3 });
        expect(await send(store, 0, [use(0), null, use(2), use(3)])).toMatchObject({ rejected: 0, duplicates: 3 });
        expect(ids((await store.uses({}, all)).items)).toEqual([3, 2, 0].map(idOf));
      });

      test('a stream that goes on later than where it stopped is taken, and the gap is counted', async () => {
        await send(store, 0, [use(0)]);
        expect(await send(store, 4, [use(4)])).toMatchObject({ missing: 3, duplicates: 0, position: 5 });
        expect(await send(store, 5, [use(5)])).toMatchObject({ missing: 0, position: 6 });
        expect(await store.streams()).toMatchObject([{ position: 6, accepted: 3, missing: 3 }]);
        // Late, but never stored: it is taken, once.
        expect(await send(store, 1, [use(1)])).toMatchObject({ duplicates: 0, missing: 0, position: 6 });
        expect(await send(store, 1, [use(1)])).toMatchObject({ duplicates: 1, missing: 0 });
      });

      test('any split of a stream into batches, with retries and overlaps, gives the same rows', async () => {
        const total = 30;
        const runs = fc.array(fc.record({ back: fc.nat(8), length: fc.nat(12) }), { minLength: 1, maxLength: 12 });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(runs, fc.uniqueArray(fc.nat(total - 1), { maxLength: 4 }), async (batches, bad) => {
            const cluster = `c${run++}`;
            const stream = Array.from({ length: total }, (_, n) => (bad.includes(n) ? null : use(n)));
            const to = { cluster, stream: `${cluster}/a/b` };
            let next = 0;
            const sendRun = async (from: number, until: number) => {
              await send(store, from, stream.slice(from, until), undefined, to);
              next = Math.max(next, until);
            };
            for (const { back, length } of batches) {
              const from = Math.max(0, next - back);
              await sendRun(from, Math.min(total, from + length));
            }
            await sendRun(next, total);
            await sendRun(0, total);
            const expected = stream.flatMap((o) => (o ? [o.id] : [])).toReversed();
            expect(ids((await store.uses({ cluster }, all)).items)).toEqual(expected);
            expect(await positionOf(to.stream)).toBe(total);
          }),
          { numRuns: 15 },
        );
      });

      test('a commit that follows another position than the stored one is refused whole', async () => {
        const fresh = await store.unseen([arrival(0, [use(0)])]);
        await store.commit({ cluster: CLUSTER, at: START, fresh, outcome: outcome() });
        const again = store.commit({ cluster: CLUSTER, at: START, fresh, outcome: outcome([], [alert('a1')]) });
        await expect(again).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect((await store.uses({}, all)).items).toHaveLength(1);
        expect(await store.alert('a1')).toEqual([]);
      });

      test('the end of a long-running request whose beginning is stored is not a second use', async () => {
        const begin = use(0, { stage: 'ResponseStarted', request: { verb: 'watch', longRunning: true } });
        const end = { ...begin, stage: 'ResponseComplete' as const, seen: begin.seen + HOUR };
        const other = use(1, { request: { verb: 'watch', longRunning: true } });
        await send(store, 0, [begin, use(2)]);
        expect(await send(store, 2, [use(3), end, other])).toMatchObject({ duplicates: 1, position: 5 });
        expect(await send(store, 5, [end])).toMatchObject({ duplicates: 1, position: 6 });
        expect(ids((await store.uses({ verb: 'watch' }, all)).items)).toEqual([idOf(1), idOf(0)]);
      });

      test('both stages of a long-running request in one batch are one use', async () => {
        const watch = use(0, { request: { longRunning: true } });
        expect(await send(store, 0, [watch, watch])).toMatchObject({ duplicates: 1, position: 2 });
        expect((await store.uses({}, all)).items).toHaveLength(1);
      });

      test('the beginning is known whether it is decided or not, and only in its own cluster', async () => {
        const watch = use(0, { request: { longRunning: true } });
        await send(store, 0, [watch], [[watch.id, DECIDING]]);
        expect(await send(store, 1, [watch])).toMatchObject({ duplicates: 1 });
        const elsewhere = { cluster: 'other', stream: 'other/a/b' };
        expect(await send(store, 0, [watch], [], elsewhere)).toMatchObject({ duplicates: 0 });
      });

      test('a request that an agent reads again after it lost its state is not a second one', async () => {
        const again = { stream: `${STREAM}-again` };
        await send(store, 0, [use(0), use(1), issue(2)], [[idOf(1), DECIDING]]);
        expect(await send(store, 0, [use(0), use(1), issue(2), use(3)], undefined, again)).toMatchObject({
          duplicates: 3,
          observations: [expect.objectContaining({ id: idOf(3) })],
          position: 4,
        });
        expect(ids((await store.uses({}, all)).items)).toEqual([3, 1, 0].map(idOf));
        const elsewhere = { cluster: 'other', stream: 'other/a/b' };
        expect(await send(store, 0, [use(0)], undefined, elsewhere)).toMatchObject({ duplicates: 0 });
      });

      test('what an agent numbers anew after it was killed is stored once, whatever the order', async () => {
        await send(store, 0, [use(0), use(1), use(2)]);
        // Held back until then, it now comes where another was.
        const again = await send(store, 1, [use(9), use(1), use(2), use(3)]);
        expect(again).toMatchObject({ duplicates: 2, position: 5 });
        expect(ids((await store.uses({}, all)).items)).toEqual([9, 3, 2, 1, 0].map(idOf));
      });

      test('numbers that were left out are missing, once, and nothing else is', async () => {
        const holed = (...numbers: number[]): Arrival => ({
          ...arrival(0, []),
          records: numbers.map((n) => ({ position: n, observation: use(n) })),
        });
        const take = async (run: Arrival) => {
          const fresh = await store.unseen([run]);
          await store.commit({ cluster: CLUSTER, at: START, fresh, outcome: outcome() });
          return fresh[0];
        };
        expect(await take(holed(2, 3, 6))).toMatchObject({ position: 7, missing: 4, duplicates: 0 });
        expect(await take(holed(3, 4, 6, 7))).toMatchObject({ position: 8, missing: 0, duplicates: 2 });
        expect(await store.streams()).toMatchObject([{ position: 8, missing: 4, accepted: 5 }]);
      });

      test('runs of several streams, and how far a partition was consumed for them, are stored together', async () => {
        const other = 'demo/node-b/1';
        const runs = [arrival(0, [use(0), use(1)]), arrival(5, [use(1), use(2)], { stream: other })];
        const fresh = await store.unseen(runs);
        expect(fresh.map(({ observations }) => observations.map(({ id }) => id))).toEqual([
          [0, 1].map(idOf),
          [idOf(2)],
        ]);
        const consumed = { topic: 'observations', partition: 3, offset: 12, mark: 'a' };
        await store.commit({ cluster: CLUSTER, at: START, fresh, outcome: outcome(), consumed });
        await store.consume({ topic: 'observations', partition: 0, offset: 2 ** 40, mark: '' });
        await store.consume({ topic: 'other', partition: 3, offset: 1, mark: '' });
        store = await opened.reopen();
        expect(await store.consumed('observations')).toEqual([
          { topic: 'observations', partition: 0, offset: 2 ** 40, mark: '' },
          consumed,
        ]);
        expect([await positionOf(), await positionOf(other)]).toEqual([2, 7]);
        const late = store.commit({
          cluster: CLUSTER,
          at: START,
          fresh,
          outcome: outcome(),
          consumed: { ...consumed, offset: 99 },
        });
        await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        await store.consume({ ...consumed, offset: 13, mark: 'b' });
        expect((await store.consumed('observations'))[1]).toEqual({ ...consumed, offset: 13, mark: 'b' });
      });

      test('positions and counts of streams survive a restart', async () => {
        await send(store, 0, [use(0), null, use(5)], undefined, { at: START + MINUTE });
        await send(store, 3, [use(4)], undefined, { at: START + HOUR });
        store = await opened.reopen();
        expect(await store.streams()).toEqual([
          {
            stream: STREAM,
            cluster: CLUSTER,
            agent: 'node-a',
            position: 4,
            accepted: 3,
            rejected: 1,
            missing: 0,
            firstSeen: START + MINUTE,
            lastSeen: START + HOUR,
            newest: START + 5 * SECOND,
          },
        ]);
        expect(await send(store, 0, [use(0)])).toMatchObject({ duplicates: 1 });
      });
    });

    describe('verdicts', () => {
      const verdicts = async () =>
        Object.fromEntries((await store.uses({}, all)).items.map(({ use: { id }, placement }) => [id, placement]));

      test('come later for a use that was still being decided, and once they are final they stay', async () => {
        await send(
          store,
          0,
          [use(0), use(1), use(2)],
          [
            [idOf(0), DECIDING],
            [idOf(1), HOME],
          ],
        );
        expect(await verdicts()).toEqual({ [idOf(0)]: DECIDING, [idOf(1)]: HOME, [idOf(2)]: null });
        expect(await store.size()).toMatchObject({ observations: 3, undecided: 2 });
        const later = outcome([
          [idOf(0), AWAY],
          [idOf(2), HOME],
          [idOf(99), AWAY],
        ]);
        await store.commit({ cluster: CLUSTER, at: START, outcome: later });
        expect(await verdicts()).toEqual({ [idOf(0)]: AWAY, [idOf(1)]: HOME, [idOf(2)]: HOME });
        expect(await store.size()).toMatchObject({ observations: 3, undecided: 0 });
        expect((await store.uses({ where: 'internet' }, all)).items).toHaveLength(1);
      });

      test('belong to their own cluster', async () => {
        const elsewhere = { cluster: 'other', stream: 'other/a/b' };
        await send(store, 0, [use(0)], []);
        await send(store, 0, [use(0)], [], elsewhere);
        await store.commit({ cluster: 'other', at: START, outcome: outcome([[idOf(0), AWAY]]) });
        expect((await store.uses({ cluster: CLUSTER }, all)).items[0]?.placement).toBeNull();
        expect((await store.uses({ cluster: 'other' }, all)).items[0]?.placement).toEqual(AWAY);
      });
    });

    describe('questions about uses', () => {
      beforeEach(async () => {
        await send(
          store,
          0,
          [
            use(0),
            use(1, { principal: 'system:serviceaccount:shop:pay', credential: 'JTI=pay' }),
            use(2, { source: '203.0.113.9' }),
            use(3, { request: { verb: 'list', resource: 'secrets', code: 403 } }),
            use(4, { binding: { pod: { namespace: 'shop', name: 'pay-1', uid: 'uid-pay-1' } } }),
            use(5, { source: null }),
            issue(6),
          ],
          [
            [idOf(0), HOME],
            [idOf(1), HOME],
            [idOf(2), AWAY],
            [idOf(3), HOME],
            [idOf(4), DECIDING],
          ],
        );
        await send(store, 0, [use(7)], undefined, { cluster: 'other', stream: 'other/a/b' });
      });

      test.each([
        ['no filter', {}, [7, 5, 4, 3, 2, 1, 0]],
        ['since', { since: START + 5 * SECOND }, [7, 5]],
        ['until', { until: START + SECOND }, [0]],
        ['cluster', { cluster: 'other' }, [7]],
        ['principal', { principal: 'system:serviceaccount:shop:pay' }, [1]],
        ['credential', { credential: 'JTI=pay' }, [1]],
        ['pod by uid', { pod: { uid: 'uid-pay-1' } }, [4]],
        ['pod by name', { pod: { namespace: 'shop', name: 'pay-1' } }, [4]],
        ['source', { source: '203.0.113.9' }, [2]],
        ['verb', { verb: 'list' }, [3]],
        ['resource', { resource: { resource: 'secrets' } }, [3]],
        ['resource with a subresource', { resource: { resource: 'secrets', subresource: 'log' } }, []],
        ['placement', { placement: 'away' as const }, [2]],
        ['placement that is still being decided', { placement: 'unclear' as const }, [4]],
        ['where', { where: 'internet' as const }, [2]],
        ['code', { code: 403 }, [3]],
        ['several at once', { verb: 'get', source: '10.244.0.7', cluster: CLUSTER }, [4, 1, 0]],
        ['a hostile value', { principal: "' OR 1=1 --" }, []],
      ])('%s', async (_name, filter, expected) => {
        expect(ids((await store.uses(filter, all)).items)).toEqual(expected.map(idOf));
      });

      test('pages go on where the last one ended, also among equal times', async () => {
        const same = Array.from({ length: 9 }, (_, n) => use(100 + n, { time: START + (n < 5 ? 0 : HOUR) }));
        await send(store, 7, same, [[idOf(104), DECIDING]]);
        const whole = (await store.uses({}, all)).items;
        for (const limit of [1, 3, 7]) {
          const pages: PlacedUse[] = [];
          let page = await store.uses({}, { limit });
          while (page.next) {
            expect(page.items).toHaveLength(limit);
            pages.push(...page.items);
            page = await store.uses({}, { limit, after: page.next });
          }
          expect(ids([...pages, ...page.items])).toEqual(ids(whole));
        }
        expect(whole).toHaveLength(16);
      });
    });

    describe('questions about all that happened to tokens', () => {
      const OTHER = { uid: 'uid-pay-1', namespace: 'shop', name: 'pay-1' };
      const bare = tokenFile(5, { file: { path: '/p', volume: 'v', pod: { uid: 'uid-bare' } }, binding: {} });

      beforeEach(async () => {
        const { principal: _principal, credential: _credential, ...unnamed } = bare;
        await send(store, 0, [
          tokenFile(0),
          use(1),
          read(2),
          read(3, {
            principal: 'system:serviceaccount:shop:pay',
            credential: { id: 'JTI=pay', kind: 'projected' },
            file: { path: '/q', volume: 'v', pod: OTHER },
          }),
          issue(4),
          unnamed,
          use(6, { source: '203.0.113.9' }),
        ]);
        await send(store, 0, [read(7)], undefined, { cluster: 'other', stream: 'other/a/b' });
      });

      test.each([
        ['no filter', {}, [7, 6, 5, 4, 3, 2, 1, 0]],
        ['uses', { kind: 'use' as const }, [6, 1]],
        ['reads', { kind: 'read' as const }, [7, 3, 2]],
        ['files', { kind: 'file' as const }, [5, 0]],
        ['since and until', { since: START + 2 * SECOND, until: START + 5 * SECOND }, [4, 3, 2]],
        ['cluster', { cluster: 'other' }, [7]],
        ['principal', { principal: 'system:serviceaccount:shop:pay' }, [3]],
        ['credential', { credential: 'JTI=cart', cluster: CLUSTER }, [6, 4, 2, 1, 0]],
        ['pod by uid', { pod: { uid: 'uid-pay-1' } }, [3]],
        ['pod by uid, of a token that nothing is known about', { pod: { uid: 'uid-bare' } }, [5]],
        ['pod by name', { pod: { namespace: 'shop', name: 'pay-1' } }, [3]],
        ['what is about requests leaves uses alone', { source: '203.0.113.9' }, [6]],
      ])('%s', async (_name, filter, expected) => {
        expect((await store.history(filter, all)).items.map(idIn)).toEqual(expected.map(idOf));
      });

      test('each comes whole, under the name of its kind', async () => {
        const { items } = await store.history({ cluster: CLUSTER, until: START + 3 * SECOND }, all);
        expect(items).toEqual([
          { cluster: CLUSTER, read: read(2) },
          { cluster: CLUSTER, placement: HOME, use: use(1) },
          { cluster: CLUSTER, file: tokenFile(0) },
        ]);
      });

      test('pages go on through all kinds', async () => {
        const found: string[] = [];
        for (let after: Awaited<ReturnType<Store['history']>>['next'] | undefined; after !== null; ) {
          const page = await store.history({}, { limit: 2, after });
          found.push(...page.items.map(idIn));
          after = page.next;
        }
        expect(found).toEqual([7, 6, 5, 4, 3, 2, 1, 0].map(idOf));
      });
    });

    describe('the life of a credential', () => {
      test('from its issue to its last use', async () => {
        const minted = issue(1, { issued: 'JTI=stolen', principal: 'system:serviceaccount:shop:pay' });
        const made = issue(5, { issued: 'JTI=child' });
        if (made.actor.credential) made.actor.credential = { id: 'JTI=stolen', kind: 'minted' };
        const binding = { pod: { namespace: 'shop', name: 'pay-1', uid: 'uid-pay-1' } };
        const credential = 'JTI=stolen';
        await send(
          store,
          0,
          [
            minted,
            use(2, { credential, source: '203.0.113.9', binding }),
            use(3, { credential, binding, request: { code: 403 } }),
            use(4, { credential, source: '203.0.113.9', binding, staleBy: 7, request: { userAgent: 'curl/8' } }),
            made,
            use(6),
          ],
          [
            [idOf(2), AWAY],
            [idOf(3), HOME],
          ],
          { alerts: [alert('a1', { credential: null, relatedCredentials: [credential] }), alert('a2')] },
        );
        expect(await store.credential(credential)).toEqual([
          {
            cluster: CLUSTER,
            id: credential,
            kind: 'projected',
            principal: 'system:serviceaccount:shop:cart',
            binding,
            status: 'stale',
            firstSeen: START + 2 * SECOND,
            lastSeen: START + 4 * SECOND,
            uses: { total: 3, refused: 1, home: 1, away: 1, unclear: 0, undecided: 1 },
            sources: [
              { value: '203.0.113.9', count: 2, firstSeen: START + 2 * SECOND, lastSeen: START + 4 * SECOND },
              { value: '10.244.0.7', count: 1, firstSeen: START + 3 * SECOND, lastSeen: START + 3 * SECOND },
            ],
            userAgents: [
              { value: 'cart/1.0', count: 2, firstSeen: START + 2 * SECOND, lastSeen: START + 3 * SECOND },
              { value: 'curl/8', count: 1, firstSeen: START + 4 * SECOND, lastSeen: START + 4 * SECOND },
            ],
            readers: [],
            file: null,
            issue: minted,
            issues: [made],
            alerts: ['a1'],
          },
        ]);
      });

      test('issued and not used yet, unknown, and known to two clusters', async () => {
        await send(store, 0, [issue(0, { issued: 'JTI=new' }), use(1)]);
        await send(store, 0, [use(1)], undefined, { cluster: 'other', stream: 'other/a/b' });
        expect(await store.credential('JTI=new')).toMatchObject([
          { status: 'issued', kind: null, principal: 'system:serviceaccount:shop:cart', firstSeen: START },
        ]);
        expect(await store.credential('JTI=nobody')).toEqual([]);
        expect((await store.credential('JTI=cart')).map(({ cluster }) => cluster)).toEqual([CLUSTER, 'other']);
        expect(await store.credential('JTI=cart', 'other')).toHaveLength(1);
      });

      test('in a file, who read it, and not used yet', async () => {
        const cat = read(0).opener as NonNullable<ReturnType<typeof read>['opener']>;
        const { exe: _exe, ...unnamed } = cat;
        const { opener: _opener, ...nobody } = read(4, { lost: 'gone' });
        await send(store, 0, [
          tokenFile(0),
          read(1),
          read(2, { outcome: 'denied', opener: { ...unnamed, relation: 'other-pod', comm: 'sh' } }),
          read(3, { repeats: 5 }),
          nobody,
          tokenFile(5, { event: 'gone' }),
          read(6, { credential: { id: 'JTI=other', kind: 'projected' } }),
        ]);
        const at = (from: number, to = from) => ({ firstSeen: START + from * SECOND, lastSeen: START + to * SECOND });
        const by = { access: 'read', outcome: 'allowed' };
        expect(await store.credential('JTI=cart')).toMatchObject([
          {
            kind: 'projected',
            principal: 'system:serviceaccount:shop:cart',
            binding: tokenFile(0).binding,
            status: 'issued',
            ...at(0, 5),
            uses: { total: 0 },
            readers: [
              { ...by, relation: 'exec-session', program: '/usr/bin/cat', count: 7, ...at(1, 3) },
              { ...by, relation: 'other-pod', program: 'sh', outcome: 'denied', count: 1, ...at(2) },
              { ...by, relation: null, program: null, count: 1, ...at(4) },
            ],
            file: { id: idOf(5), event: 'gone' },
          },
        ]);
        expect(await store.credential('JTI=other')).toMatchObject([
          { kind: 'projected', status: 'issued', file: null, readers: [{ count: 1 }] },
        ]);
      });

      test('whatever a reader calls itself', async () => {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(arbitraryOf(TokenRead), fc.string({ unit: 'binary' }), async (any, text) => {
            const id = `JTI=${run}`;
            const opener = any.opener && {
              ...any.opener,
              comm: text.slice(0, 64),
              args: ['a\ud83d', '\udc00', '\\ud800'],
            };
            const one = { ...any, ...(opener && { opener }), credential: { id, kind: 'projected' as const } };
            await send(store, run, [{ ...one, id: idOf(run++) }]);
            const [life] = await store.credential(id);
            expect(life?.readers).toMatchObject([{ relation: opener?.relation ?? null, outcome: any.outcome }]);
            expect(life?.readers[0]?.program).toBe(opener ? (opener.exe ?? opener.comm) : null);
          }),
          { numRuns: 30 },
        );
      });
    });

    describe('blind spots', () => {
      const ok = { status: 'ok', reason: 'reading' } as const;
      const gap = { status: 'gap', reason: 'truncated' } as const;
      const unreadable = { reason: 'file-unreadable' };
      const nobody = { node: undefined };
      /** As `<node> <source> <status> <reason> <second>`. */
      const held = async (now = START + MINUTE) =>
        (await store.blindSpots(now)).map(
          ({ node, source, status: of, reason, time }) =>
            `${node} ${source} ${of} ${reason} ${(time - START) / SECOND}`,
        );

      test.each<[string, SourceStatus[], string[]]>([
        ['blind, until it says ok', [status(0), status(1, ok)], []],
        ['blind again', [status(0), status(1, ok), status(2)], ['node-a audit-file blind file-missing 2']],
        [
          'blind for two reasons',
          [status(0), status(1, unreadable)],
          ['node-a audit-file blind file-unreadable 1', 'node-a audit-file blind file-missing 0'],
        ],
        ['one ok ends all reasons', [status(0), status(1, unreadable), status(2, ok)], []],
        ['of one reason the last', [status(0), status(1)], ['node-a audit-file blind file-missing 1']],
        [
          'the ok of another node, or of another source, is none',
          [status(0), status(1, { ...ok, node: 'node-b' }), status(2, { ...ok, source: 'kubernetes' })],
          ['node-a audit-file blind file-missing 0'],
        ],
        ['a lag lasts as well', [status(0, { status: 'lag' })], ['node-a audit-file lag file-missing 0']],
        ['and ends as well', [status(0, { status: 'lag' }), status(1, ok)], []],
        [
          'a gap or a leak is not undone by an ok, nor is it one',
          [status(0), status(1, gap), status(2, { status: 'leak', reason: 'tokens' }), status(3, ok)],
          ['node-a audit-file leak tokens 2', 'node-a audit-file gap truncated 1'],
        ],
        ['a clock that went back changes nothing', [status(5), status(1, ok)], []],
        ['nor for who is blind since', [status(5, ok), status(1)], ['node-a audit-file blind file-missing 1']],
        ['an earlier agent, without a node', [status(0, nobody)], ['null audit-file blind file-missing 0']],
        ['is over once its source says ok, with a node or without', [status(0, nobody), status(1, ok)], []],
        [
          'without a node nobody else is ok',
          [status(0), status(1, { ...ok, ...nobody })],
          ['node-a audit-file blind file-missing 0'],
        ],
      ])('%s', async (_name, said, expected) => {
        for (const [position, one] of said.entries()) await send(store, position, [one]);
        expect(await held()).toEqual(expected);
        store = await opened.reopen();
        expect(await held()).toEqual(expected);
      });

      test('are told whole, of each cluster its own', async () => {
        const other = { cluster: 'other', stream: 'other/node-a/x' };
        await send(store, 0, [use(0), status(1), use(2)]);
        await send(store, 0, [status(3), status(4, ok)], undefined, other);
        expect(await store.blindSpots(START)).toEqual([
          {
            cluster: CLUSTER,
            node: 'node-a',
            source: 'audit-file',
            status: 'blind',
            reason: 'file-missing',
            detail: '/audit.log',
            time: START + SECOND,
          },
        ] satisfies BlindSpot[]);
      });

      test('without a node, too, the ok of another cluster is none', async () => {
        await send(store, 0, [status(0, nobody)]);
        await send(store, 0, [status(1, ok), status(2, { ...ok, ...nobody })], undefined, {
          cluster: 'other',
          stream: 'other/node-a/x',
        });
        expect(await held()).toEqual(['null audit-file blind file-missing 0']);
      });

      test('gaps are told for a day, blindness for as long as it lasts', async () => {
        await send(store, 0, [status(0), status(1, gap)]);
        const blind = 'node-a audit-file blind file-missing 0';
        expect(await held(START + DAY)).toEqual(['node-a audit-file gap truncated 1', blind]);
        expect(await held(START + DAY + SECOND)).toEqual([blind]);
        expect(await held(START + 40 * DAY)).toEqual([blind]);
      });

      test('are the newest 200', async () => {
        const nodes = Array.from({ length: 250 }, (_, n) => status(n, { node: `node-${n}` }));
        await send(store, 0, nodes);
        const found = await store.blindSpots(START + HOUR);
        expect(found.map(({ node }) => node)).toEqual(
          nodes
            .map(({ node }) => node)
            .slice(50)
            .toReversed(),
        );
      });

      test('whatever is said, in whatever batches, what holds is what was said last', async () => {
        const few = (text: string) => fc.constantFrom(`${text}-0`, `${text}-1\u0000"`, 'a\ud800');
        const said = fc.record({
          node: fc.option(few('node'), { nil: undefined }),
          source: few('source'),
          reason: few('reason'),
          status: fc.constantFrom(...SourceStatus.shape.status.options),
          detail: fc.string({ unit: 'binary', maxLength: 20 }),
          time: fc.nat(20).map((n) => n * SECOND),
        });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(said, { maxLength: 20 }), fc.nat(20), async (list, cut) => {
            const cluster = `c${run++}`;
            const to = { cluster, stream: `${cluster}/a/b` };
            // Later than all before: only the newest are told.
            const from = START + run * MINUTE;
            const all = list.map((parts, n) => status(n, { ...parts, time: from + parts.time }));
            await send(store, 0, all.slice(0, cut), undefined, to);
            await send(store, Math.min(cut, all.length), all.slice(cut), undefined, to);
            const expected = all.filter((one, n) => {
              const later = all.slice(n + 1).filter(({ source }) => source === one.source);
              const own = later.filter(({ node }) => node === one.node);
              if (one.status === 'ok' || own.some(({ reason }) => reason === one.reason)) return false;
              if (one.status === 'gap' || one.status === 'leak') return true;
              return !(one.node === undefined ? later : own).some((each) => each.status === 'ok');
            });
            const found = (await store.blindSpots(from + MINUTE)).filter((spot) => spot.cluster === cluster);
            const formed = (text: string) => Buffer.from(text).toString();
            expect(found.map(({ time, detail }) => [time, detail])).toEqual(
              expected
                .toReversed()
                .toSorted((a, b) => b.time - a.time)
                .map(({ time, detail }) => [time, formed(detail)]),
            );
          }),
          { numRuns: 60 },
        );
      });
    });

    describe('agents', () => {
      const of = (agent: string, at = START, stream = `demo/${agent}/s`) => ({ stream, cluster: CLUSTER, agent, at });
      const sendBeat = (position: number, beat: Heartbeat, { stream, cluster, agent, at }: ReturnType<typeof of>) =>
        send(store, position, [beat], [], { stream, cluster, agent, at });
      const beats = async () =>
        (await store.agents()).map((one) => [one.cluster, one.agent, one.heardAt, one.heartbeat.id]);

      test('are known by what they said last, whole, and it is not part of the history', async () => {
        const said = fc.array(arbitraryOf(Heartbeat), { minLength: 1, maxLength: 3 });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(said, async (list) => {
            const cluster = `c${run++}`;
            const at = START + run;
            await send(store, 0, [use(run), ...list], [], { cluster, stream: `${cluster}/a/s`, agent: 'a', at });
            const [known] = (await store.agents()).filter((one) => one.cluster === cluster);
            expect(known).toEqual({ cluster, agent: 'a', heardAt: at, heartbeat: list.at(-1) });
            expect((await store.history({ cluster }, all)).items).toHaveLength(1);
            const { decided, undecided } = await store.recent(cluster, DAY, 10);
            expect([...decided, ...undecided].map(({ kind }) => kind)).toEqual(['use']);
          }),
          { numRuns: 20 },
        );
      });

      test('say nothing that counts as stored, but have come on in their stream', async () => {
        await send(store, 0, [use(0)]);
        expect(await send(store, 1, [heartbeat(9)], [], { at: START + MINUTE })).toMatchObject({ position: 2 });
        expect(await store.streams()).toMatchObject([
          { position: 2, accepted: 1, newest: use(0).time, lastSeen: START + MINUTE },
        ]);
        expect((await store.size()).observations).toBe(1);
      });

      test('are not taken for what they said before: again, or late', async () => {
        await sendBeat(0, heartbeat(1), of('a', START + 1));
        await sendBeat(1, heartbeat(2), of('a', START + 2));
        expect(await sendBeat(0, heartbeat(1), of('a', START + 3))).toMatchObject({ duplicates: 1, observations: [] });
        expect(await beats()).toEqual([[CLUSTER, 'a', START + 2, heartbeat(2).id]]);
        // By an earlier stream of the same agent, which comes after all.
        await sendBeat(7, heartbeat(0), of('a', START + 4, 'demo/a/lost'));
        expect(await beats()).toEqual([[CLUSTER, 'a', START + 2, heartbeat(2).id]]);
        await sendBeat(0, heartbeat(3), of('a', START + 5, 'demo/a/new'));
        expect(await beats()).toEqual([[CLUSTER, 'a', START + 5, heartbeat(3).id]]);
      });

      test('whose clock was put back are heard all the same', async () => {
        await sendBeat(0, heartbeat(100), of('a', START + 1));
        await sendBeat(1, heartbeat(3), of('a', START + 2));
        expect(await beats()).toEqual([[CLUSTER, 'a', START + 2, heartbeat(3).id]]);
      });

      test('are told apart by cluster and name, and are still known after it was opened again', async () => {
        await sendBeat(0, heartbeat(1), of('b'));
        await sendBeat(0, heartbeat(2), of('a'));
        await sendBeat(0, heartbeat(3), { ...of('a', START, 'other/a/s'), cluster: 'other' });
        const known = [
          ['demo', 'a', START, heartbeat(2).id],
          ['demo', 'b', START, heartbeat(1).id],
          ['other', 'a', START, heartbeat(3).id],
        ];
        expect(await beats()).toEqual(known);
        store = await opened.reopen();
        expect(await beats()).toEqual(known);
      });

      test('are forgotten when nothing was heard of them for as long as anything is kept', async () => {
        await sendBeat(0, heartbeat(1), of('a', START));
        await sendBeat(0, heartbeat(2), of('b', START + HOUR));
        await store.retain({ now: START + DAY + 1, maxAge: DAY, maxBytes: 1e12 });
        expect((await beats()).map(([, agent]) => agent)).toEqual(['b']);
      });

      test('are not kept of a commit that fails', async () => {
        const [fresh] = await store.unseen([arrival(0, [heartbeat(1)])]);
        await send(store, 0, [use(0)]);
        const commit = store.commit({ cluster: CLUSTER, at: START, fresh: [fresh!], outcome: outcome() });
        await expect(commit).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await store.agents()).toEqual([]);
      });
    });

    describe('alerts', () => {
      const put = (...alerts: Alert[]) => store.commit({ cluster: CLUSTER, at: START, outcome: outcome([], alerts) });

      test('come back whole, and a newer revision replaces an older one, never the other way', async () => {
        const whole = alert('a1');
        expect(Alert.parse(whole)).toEqual(whole);
        await put(whole);
        await put(alert('a1', { revision: 3, severity: 'high', story: [] }));
        await put(alert('a1', { revision: 2, severity: 'low' }));
        expect(await store.alert('a1')).toEqual([alert('a1', { revision: 3, severity: 'high', story: [] })]);
        expect((await store.alerts({}, all)).items).toMatchObject([{ id: 'a1', revision: 3, severity: 'high' }]);
        expect(await store.size()).toMatchObject({ alerts: { open: 1, acknowledged: 0, closed: 0 } });
        store = await opened.reopen();
        expect((await store.alert('a1'))[0]?.revision).toBe(3);
      });

      test('by the thousand at once: of each the newest revision stays, in whatever order they come', async () => {
        await put(alert('a0', { revision: 2 }), alert('a1', { revision: 5 }));
        const many = Array.from({ length: 3000 }, (_, n) => alert(`a${n}`, { revision: 3 }));
        await put(...many, alert('a2', { revision: 4 }), alert('a2', { revision: 2 }));
        const revisionOf = async (id: string) => (await store.alert(id)).map(({ revision }) => revision);
        expect([await revisionOf('a0'), await revisionOf('a1'), await revisionOf('a2')]).toEqual([[3], [5], [4]]);
        expect(await store.size()).toMatchObject({ alerts: { open: 3000 } });
      });

      test('the same theft seen by two clusters is two alerts', async () => {
        await put(alert('a1'), alert('a1', { cluster: 'other' }));
        expect((await store.alert('a1')).map(({ cluster }) => cluster)).toEqual([CLUSTER, 'other']);
        expect(await store.alert('a1', 'other')).toHaveLength(1);
        expect(await store.alert('a9')).toEqual([]);
      });

      test('the open ones of a cluster and those that were closed lately, oldest first', async () => {
        const at = (n: number) => ({ createdAt: formatTime(START + n * HOUR) });
        const closed = (n: number) => {
          const resolution = { reason: 'benign' as const, note: '', by: 'ada', at: formatTime(START + n * HOUR) };
          return { status: 'closed' as const, resolution };
        };
        await put(
          alert('a1', at(1)),
          alert('a2', { ...at(0), status: 'acknowledged' }),
          alert('a3', { ...at(2), ...closed(5) }),
          alert('a6', { ...at(2), ...closed(4) }),
          alert('a4', { ...at(3), cluster: 'other' }),
          alert('a5', at(4)),
        );
        const current = async (closedSince: number, limit: number) =>
          (await store.currentAlerts(CLUSTER, START + closedSince * HOUR, limit)).map(({ id }) => id);
        expect(await current(6, 10)).toEqual(['a2', 'a1', 'a5']);
        expect(await current(5, 10)).toEqual(['a2', 'a1', 'a3', 'a5']);
        expect(await current(0, 4)).toEqual(['a2', 'a1', 'a6', 'a5']);
        expect(await current(0, 2)).toEqual(['a1', 'a5']);
      });

      test('are filtered, and paged newest first', async () => {
        const day = (n: number) => formatTime(START + n * DAY);
        const life = (from: number, to: number) => ({ firstSeen: day(from), lastSeen: day(to), createdAt: day(from) });
        await put(
          alert('a1', { ...life(0, 0), severity: 'low', status: 'closed' }),
          alert('a2', { ...life(1, 9), principal: 'system:serviceaccount:shop:pay' }),
          alert('a3', { ...life(2, 2), credential: null, relatedCredentials: ['JTI=child'], severity: 'high' }),
          alert('a4', { ...life(3, 4), rules: ['token-recon', 'stale-token-used-away'], cluster: 'other' }),
        );
        const found = async (filter: object) => (await store.alerts(filter, all)).items.map(({ id }) => id);
        expect(await found({})).toEqual(['a4', 'a3', 'a2', 'a1']);
        expect(await found({ status: ['closed'] })).toEqual(['a1']);
        expect(await found({ severity: 'high' })).toEqual(['a4', 'a3', 'a2']);
        expect(await found({ severity: 'critical' })).toEqual(['a4', 'a2']);
        expect(await found({ principal: 'system:serviceaccount:shop:pay' })).toEqual(['a2']);
        expect(await found({ credential: 'JTI=child' })).toEqual(['a3']);
        expect(await found({ rule: 'token-recon' })).toEqual(['a4']);
        expect(await found({ cluster: 'other' })).toEqual(['a4']);
        expect(await found({ since: START + 4 * DAY })).toEqual(['a4', 'a2']);
        expect(await found({ until: START + DAY })).toEqual(['a1']);
        const first = await store.alerts({}, { limit: 3 });
        expect(first.items[0]).not.toHaveProperty('story');
        const second = await store.alerts({}, { limit: 3, after: first.next ?? undefined });
        expect(second).toMatchObject({ items: [{ id: 'a1' }], next: null });
      });
    });

    describe('retention', () => {
      const keep = { now: START + DAY, maxAge: DAY, maxBytes: 1e12 };

      test('what is too old goes, and so do closed alerts', async () => {
        await send(store, 0, [use(-2), use(-1), use(0), use(1)], undefined, {
          alerts: [
            alert('old', { status: 'closed', updatedAt: formatTime(START - SECOND) }),
            alert('new', { status: 'closed' }),
            alert('open', { updatedAt: formatTime(START - SECOND) }),
          ],
        });
        expect(await store.retain(keep)).toMatchObject({ observations: 2 });
        expect(ids((await store.uses({}, all)).items)).toEqual([idOf(1), idOf(0)]);
        expect((await store.alerts({}, all)).items.map(({ id }) => id).toSorted()).toEqual(['new', 'open']);
        expect(await positionOf()).toBe(4);
      });

      test('what nobody decided for long stays undecided, and is let go when it is old', async () => {
        await send(store, 0, [use(0)], [[idOf(0), DECIDING]], { at: START });
        await store.retain({ ...keep, now: START + MINUTE });
        expect(await store.size()).toMatchObject({ undecided: 1 });
        await store.retain({ ...keep, now: START + 2 * HOUR });
        expect(await store.size()).toMatchObject({ observations: 1, undecided: 0 });
        expect((await store.uses({}, all)).items).toMatchObject([{ placement: { reason: 'deciding' } }]);
        expect(await store.retain({ ...keep, now: START + 2 * DAY })).toMatchObject({ observations: 1 });
      });
    });

    test('after closing, every call is refused', async () => {
      await store.close();
      await expect(store.uses({}, all)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(send(store, 0, [use(0)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await store.close();
    });
  });
}
