/** What every store must answer about many rows of the history at once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Grouping } from '../../collector/store/history-summaries.ts';
import type { HistoryFilter, HistoryItem, Store } from '../../collector/store/store.ts';
import type { DeniedRequest, PodEntry } from '../../shared/schema/observation.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../shared/time.ts';
import type { Opened } from './store-contract.ts';
import {
  AWAY,
  CART_UID,
  CLUSTER,
  HOME,
  idOf,
  issue,
  read,
  START,
  send,
  status,
  tokenFile,
  use,
} from './support/make.ts';

const CART = 'system:serviceaccount:shop:cart';
const PAY = 'system:serviceaccount:shop:pay';

/** In the n-th second somebody of node-b runs sh in shop/pay-1. */
function entry(n: number): PodEntry {
  const {
    principal: _1,
    credential: _2,
    binding: _3,
    ...request
  } = use(n, {
    source: '192.0.2.1',
    request: { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'pay-1' },
  });
  const actor = { username: 'alice', binding: { node: { name: 'node-b' } } };
  return { ...request, kind: 'entry', actor, pod: { namespace: 'shop', name: 'pay-1' }, command: ['sh'] };
}

function denied(n: number): DeniedRequest {
  const {
    principal: _1,
    credential: _2,
    binding: _3,
    ...request
  } = use(n, {
    source: '203.0.113.9',
    request: { code: 401, userAgent: 'curl/8.1' },
  });
  return { ...request, kind: 'denied' };
}

export function historyContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} as a store of the history`, () => {
    let opened: Opened;
    let store: Store;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });

    afterEach(() => opened.dispose());

    const idIn = (item: HistoryItem): string => {
      const { cluster: _1, placement: _2, ...happened } = { placement: null, ...item };
      return Object.values(happened)[0]?.id ?? '';
    };

    describe('of every kind', () => {
      const minted = issue(2, {
        principal: PAY,
        issued: 'JTI=new',
        actor: { username: CART, principal: CART, credential: { id: 'JTI=cart', kind: 'projected' }, binding: {} },
      });
      const asked = issue(3, {
        principal: CART,
        issued: 'JTI=cart',
        actor: { username: 'system:node:n', binding: {} },
      });

      beforeEach(async () => {
        await send(
          store,
          0,
          [
            tokenFile(0),
            use(1),
            minted,
            asked,
            entry(4),
            denied(5),
            read(6),
            use(7, { credential: 'JTI=other', source: '203.0.113.9', request: { userAgent: 'curl/8.2' } }),
            status(8),
          ],
          [
            [idOf(1), HOME],
            [idOf(2), AWAY],
            [idOf(7), AWAY],
          ],
        );
      });

      test.each<[string, HistoryFilter, number[]]>([
        ['everything but what sources say of themselves', {}, [7, 6, 5, 4, 3, 2, 1, 0]],
        ['issues', { kind: 'issue' }, [3, 2]],
        ['entries', { kind: 'entry' }, [4]],
        ['refusals', { kind: 'denied' }, [5]],
        ['for whom a token was issued', { principal: PAY }, [2]],
        ['who used it, whose it is, for whom it was issued, each once', { principal: CART }, [7, 6, 3, 2, 1, 0]],
        ['where a credential comes from', { credential: 'JTI=new' }, [2]],
        ['a credential in all its roles, each once', { credential: 'JTI=cart' }, [6, 3, 2, 1, 0]],
        ['a principal and a credential', { principal: PAY, credential: 'JTI=new' }, [2]],
        ['a principal and a credential of others', { principal: PAY, credential: 'JTI=other' }, []],
        ['a pod that was entered', { pod: { namespace: 'shop', name: 'pay-1' } }, [4]],
        ['a pod by uid', { pod: { uid: CART_UID } }, [7, 6, 1, 0]],
        ['a pod and a principal', { pod: { namespace: 'shop', name: 'cart-1' }, principal: CART }, [7, 6, 1, 0]],
        ['where a file is, or what a token is bound to', { node: 'node-a' }, [7, 6, 1, 0]],
        ['a node of who entered', { node: 'node-b' }, [4]],
        ['a user agent', { userAgent: 'curl/8.1' }, [5]],
        ['what a user agent begins with', { userAgent: 'curl/*' }, [7, 5]],
        ['a user agent with a wildcard of SQL in it', { userAgent: 'curl%*' }, []],
        ['a source of any kind of request', { source: '203.0.113.9' }, [7, 5]],
        ['verdicts of any kind', { placement: 'away' }, [7, 2]],
        ['kinds that exclude each other', { kind: 'use', credential: 'JTI=new' }, []],
        ['an unknown credential', { credential: 'JTI=nobody' }, []],
        ['a credential at another time', { credential: 'JTI=cart', since: START + DAY }, []],
      ])('%s', async (_name, filter, expected) => {
        const { items } = await store.history(filter, { limit: 100 });
        expect(items.map(idIn)).toEqual(expected.map(idOf));
        const { groups } = await store.groups(filter, { by: 'kind', order: 'count', limit: 10 });
        expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
        const { buckets } = await store.histogram(filter, 10);
        const counted = buckets.flatMap(({ time: _time, ...series }) => Object.values(series));
        expect(counted.reduce((sum, count) => sum + count, 0)).toBe(expected.length);
      });

      test('an issue comes with what was made of it, and nothing else of requests that are no uses does', async () => {
        const { items } = await store.history({ kind: 'issue' }, { limit: 2 });
        expect(items).toEqual([
          { cluster: CLUSTER, placement: null, issue: asked },
          { cluster: CLUSTER, placement: AWAY, issue: minted },
        ]);
        expect((await store.history({ kind: 'entry' }, { limit: 2 })).items).toEqual([
          { cluster: CLUSTER, entry: entry(4) },
        ]);
      });

      test.each<[Grouping, [string | null, number][]]>([
        [
          'principal',
          [
            [CART, 6],
            [null, 2],
          ],
        ],
        [
          'credential',
          [
            ['JTI=cart', 5],
            [null, 2],
            ['JTI=other', 1],
          ],
        ],
        [
          'pod',
          [
            ['shop/cart-1', 4],
            [null, 3],
            ['shop/pay-1', 1],
          ],
        ],
        [
          'node',
          [
            ['node-a', 4],
            [null, 3],
            ['node-b', 1],
          ],
        ],
        [
          'source',
          [
            ['10.244.0.7', 3],
            ['203.0.113.9', 2],
            [null, 2],
            ['192.0.2.1', 1],
          ],
        ],
        [
          'resource',
          [
            ['configmaps', 5],
            [null, 2],
            ['pods/exec', 1],
          ],
        ],
        [
          'placement',
          [
            [null, 5],
            ['away', 2],
            ['home', 1],
          ],
        ],
        [
          'code',
          [
            ['200', 5],
            [null, 2],
            ['401', 1],
          ],
        ],
        [
          'kind',
          [
            ['use', 2],
            ['issue', 2],
            ['read', 1],
            ['denied', 1],
            ['entry', 1],
            ['file', 1],
          ],
        ],
        ['cluster', [[CLUSTER, 8]]],
      ])('by %s', async (by, expected) => {
        const { groups, total } = await store.groups({}, { by, order: 'count', limit: 10 });
        expect(groups.map(({ value, count }) => [value, count])).toEqual(expected);
        expect(total).toBe(expected.length);
      });

      test('a group says how it went, and the limit does not change how many there are', async () => {
        const { groups, total } = await store.groups({}, { by: 'source', order: 'last', limit: 1 });
        expect(groups).toEqual([
          {
            value: '203.0.113.9',
            count: 2,
            away: 1,
            unclear: 0,
            refused: 1,
            firstSeen: START + 5 * SECOND,
            lastSeen: START + 7 * SECOND,
          },
        ]);
        expect(total).toBe(4);
      });

      test.each<[string, HistoryFilter, number, (string | null)[]]>([
        ['since the beginning everything', {}, 0, ['203.0.113.9', '192.0.2.1', '10.244.0.7', null]],
        ['what was seen before is not', {}, 4, ['203.0.113.9', '192.0.2.1']],
        ['since forgets nothing of before', { since: START + 6 * SECOND }, 5, ['203.0.113.9']],
        ['what is new is in the time that is asked about', { since: START + 6 * SECOND }, 4, ['203.0.113.9']],
        ['until', { until: START + 5 * SECOND }, 4, ['192.0.2.1']],
      ])('what is new: %s', async (_name, filter, from, expected) => {
        const newSince = START + from * SECOND;
        const { groups } = await store.groups(filter, { by: 'source', order: 'first', limit: 10, newSince });
        expect(groups.map(({ value }) => value)).toEqual(expected);
      });

      test('one observation, whatever it is', async () => {
        expect(await store.observation(idOf(8))).toEqual([
          { cluster: CLUSTER, observation: status(8), placement: null },
        ]);
        const found = [
          {
            cluster: CLUSTER,
            observation: use(7, { credential: 'JTI=other', source: '203.0.113.9', request: { userAgent: 'curl/8.2' } }),
            placement: AWAY,
          },
        ];
        expect(await store.observation(idOf(7), CLUSTER, START)).toEqual(found);
        expect(await store.observation(idOf(7), CLUSTER, START + DAY)).toEqual([]);
        expect(await store.observation(idOf(7), 'other')).toEqual([]);
      });
    });

    describe('over time', () => {
      test('a histogram has no hole, and counts uses by their verdict', async () => {
        const away = use(3, { source: '203.0.113.9' });
        await send(
          store,
          0,
          [use(0), read(1), use(2), away],
          [
            [idOf(0), HOME],
            [idOf(3), AWAY],
          ],
        );
        const none = { home: 0, away: 0, unclear: 0, undecided: 0, read: 0, file: 0, issue: 0, entry: 0, denied: 0 };
        const span = { since: START - SECOND, until: START + 5 * SECOND };
        expect(await store.histogram(span, 3)).toEqual({
          from: START - SECOND,
          width: 2 * SECOND,
          buckets: [
            { time: START - SECOND, ...none, home: 1 },
            { time: START + SECOND, ...none, read: 1, undecided: 1 },
            { time: START + 3 * SECOND, ...none, away: 1 },
          ],
        });
        const { from, buckets } = await store.histogram({}, 3);
        expect([from, buckets.length]).toEqual([START, 3]);
        expect((await store.histogram({ kind: 'read' }, 500)).buckets).toMatchObject([{ read: 1 }]);
        expect(await store.histogram({ verb: 'watch' }, 5)).toEqual({ from: null, width: 1000, buckets: [] });
        expect(await store.histogram({ ...span, verb: 'watch' }, 5)).toMatchObject({ from: null });
      });

      test('pages reach over hours and months in which nothing happened, in both directions', async () => {
        const far = [0, 1, 30 * MINUTE, 5 * HOUR, 90 * DAY, 90 * DAY + 1, 400 * DAY].map((after) => START + after);
        await send(
          store,
          0,
          far.map((time, n) => use(n, { time })),
        );
        const found: string[] = [];
        for (let after: Awaited<ReturnType<Store['history']>>['next'] | undefined; after !== null; ) {
          const page = await store.history({}, { limit: 2, after });
          found.push(...page.items.map(idIn));
          after = page.next;
        }
        expect(found).toEqual(far.map((_time, n) => idOf(n)).toReversed());
        const middle = await store.history({ since: START + 1, until: START + 90 * DAY + 1 }, { limit: 10 });
        expect(middle.items.map(idIn)).toEqual([4, 3, 2, 1].map(idOf));
      });

      test('a credential is found in all its hours, after a restart, a commit that failed, and retention', async () => {
        const at = (n: number, hours: number) => use(n, { time: START + hours * HOUR, credential: 'JTI=long' });
        await send(store, 0, [at(0, 0), at(1, 0)]);
        const fresh = await store.unseen([
          { cluster: CLUSTER, agent: 'a', stream: 's', records: [{ position: 0, observation: at(2, 7) }] },
        ]);
        const failing = { ...fresh[0]!, observations: [{ ...at(2, 7), time: 1.5 }] };
        const outcome = { placements: new Map(), alerts: [] };
        await expect(store.commit({ cluster: CLUSTER, at: START, fresh: [failing], outcome })).rejects.toMatchObject({
          code: 'STORE_UNAVAILABLE',
        });
        await store.commit({ cluster: CLUSTER, at: START, fresh, outcome });
        store = await opened.reopen();
        await send(store, 2, [at(3, 7), at(4, 100)]);
        const found = async () =>
          (await store.uses({ credential: 'JTI=long' }, { limit: 9 })).items.map(({ use: { id } }) => id);
        expect(await found()).toEqual([
          idOf(4),
          ...[2, 3].map(idOf).toSorted().toReversed(),
          ...[0, 1].map(idOf).toSorted().toReversed(),
        ]);
        await store.retain({ now: START + 100 * HOUR, maxAge: 95 * HOUR, maxBytes: 1e9 });
        expect(await found()).toHaveLength(3);
      });
    });

    describe('the timeline of a credential', () => {
      test('from its issue to its end, folded', async () => {
        const id = 'JTI=cart';
        const kubelet = { username: 'system:node:node-a', binding: {} };
        const child = issue(60, {
          principal: PAY,
          issued: 'JTI=child',
          actor: { username: CART, principal: CART, credential: { id, kind: 'projected' }, binding: {} },
        });
        const gone = {
          inventory: 'live' as const,
          network: 'pods' as const,
          holders: [],
          home: { pod: 'gone' as const, hostNetwork: false, addresses: [], nodeAddresses: [] },
        };
        const home = [10, 20, 30, 40].map((n) => use(n));
        const away = use(35, { source: '203.0.113.9', request: { verb: 'list', resource: 'secrets' } });
        const late = use(100, { source: '203.0.113.9', whereabouts: gone });
        await send(
          store,
          0,
          [
            issue(0, { issued: id, actor: kubelet }),
            tokenFile(1, { expiresAt: START + 90 * SECOND }),
            read(5),
            read(6),
            ...home,
            away,
            child,
            tokenFile(80, { event: 'rotated', credential: { id: 'JTI=next', kind: 'projected' } }),
            late,
            tokenFile(110, { event: 'gone' }),
          ],
          [...home.map(({ id }): [string, typeof HOME] => [id, HOME]), [away.id, AWAY], [late.id, AWAY]],
        );
        const [timeline] = await store.timeline(id);
        expect(timeline).toMatchObject({ cluster: CLUSTER, id, left: 0 });
        const told = timeline?.lines.map(({ event, time, until, count, observation }) => [
          event,
          (time - START) / SECOND,
          until && (until - START) / SECOND,
          count,
          observation,
        ]);
        expect(told).toEqual([
          ['issued', 0, null, 1, idOf(0)],
          ['appeared', 1, null, 1, idOf(1)],
          ['read', 5, 6, 2, idOf(5)],
          ['used', 10, 40, 4, idOf(10)],
          ['used', 35, 100, 2, idOf(35)],
          ['minted', 60, null, 1, idOf(60)],
          ['superseded', 80, null, 1, idOf(80)],
          ['expired', 90, null, 1, null],
          ['pod-gone', 100, null, 1, idOf(100)],
          ['file-gone', 110, null, 1, idOf(110)],
        ]);
        expect(timeline?.lines.map(({ sentence }) => sentence).slice(3, 5)).toEqual([
          'The token of shop/cart was used from 10.244.0.7, at home, with cart/1.0: get configmaps in shop: 200 (4 times).',
          'The token of shop/cart was used from 203.0.113.9, on the internet, with cart/1.0: 2 requests: list secrets in shop: 200; get configmaps in shop: 200.',
        ]);
      });

      test('of a pod whose files are not known, superseded by what is used next; nobody knows of others', async () => {
        await send(store, 0, [use(0), use(1), use(50, { credential: 'JTI=next' }), use(51)]);
        const [timeline] = await store.timeline('JTI=cart');
        expect(timeline?.lines.map(({ event }) => event)).toEqual(['used', 'superseded']);
        const [next] = await store.timeline('JTI=next');
        expect(next?.lines.map(({ event }) => event)).toEqual(['used']);
        expect(await store.timeline('JTI=nobody')).toEqual([]);
        expect(await store.timeline('JTI=cart', 'other')).toEqual([]);
      });
    });
  });
}
