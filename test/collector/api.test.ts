import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { AlertsQuery, GroupsQuery } from '../../collector/query/parameters.ts';
import { AlertAnswer, AlertsPage } from '../../collector/query/schemas/alerts.ts';
import { ProblemAnswer } from '../../collector/query/schemas/common.ts';
import { CredentialAnswer } from '../../collector/query/schemas/credential.ts';
import {
  GroupsAnswer,
  HistogramAnswer,
  HistoryPage,
  ObservationAnswer,
  TimelineAnswer,
  UsesPage,
} from '../../collector/query/schemas/history.ts';
import { StatusAnswer } from '../../collector/query/schemas/status.ts';
import { formatTime, SECOND } from '../../shared/time.ts';
import { CART_UID, idOf, issue, read, START, status, tokenFile, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const SECRET_ID = 'secret:shop/cart-token';

describe('the API', () => {
  let running: Running;

  beforeAll(async () => {
    running = await runCollector();
    await running.post(
      batch(0, [
        use(0),
        use(1, { source: '203.0.113.9', credential: SECRET_ID }),
        use(2, { request: { verb: 'list', resource: 'secrets', code: 403 } }),
        use(3, { source: '2001:db8::7' }),
        issue(4, { issued: 'JTI=new' }),
      ]),
    );
    await running.post(batch(0, [use(0), use(5)], { cluster: 'other', stream: 'other/node-a/audit-file' }));
  });

  afterAll(() => running.stop());

  async function ask<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
    const response = await running.get(path);
    expect([path, response.status]).toEqual([path, 200]);
    return schema.parse(await response.json());
  }

  async function refused(path: string, status = 400) {
    const response = await running.get(path);
    expect([path, response.status]).toEqual([path, status]);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    return ProblemAnswer.parse(await response.json());
  }

  const encoded = encodeURIComponent(SECRET_ID);

  describe('/api/v1/uses', () => {
    test('answers uses with their placement, newest first', async () => {
      const { items, next } = await ask('/api/v1/uses', UsesPage);
      expect(items.map(({ use: { id }, placement }) => [id, placement?.verdict])).toEqual([
        [idOf(5), 'home'],
        [idOf(3), 'away'],
        [idOf(2), 'home'],
        [idOf(1), 'away'],
        [idOf(0), 'home'],
        [idOf(0), 'home'],
      ]);
      expect(next).toBeNull();
    });

    test.each([
      [`since=${formatTime(START + 3 * SECOND)}`, [5, 3]],
      [`until=${encodeURIComponent('2025-06-01T14:00:01+02:00')}`, [0, 0]],
      ['cluster=other', [5, 0]],
      ['principal=system:serviceaccount:shop:cart&limit=2', [5, 3]],
      [`credential=${encoded}`, [1]],
      ['pod=shop/cart-1&verb=list', [2]],
      [`pod=${CART_UID}&code=403`, [2]],
      ['pod=shop/nobody', []],
      ['principal=shop/cart&verb=LIST', [2]],
      ['resource=secrets/log', []],
      ['source=203.0.113.9', [1]],
      ['source=2001:0DB8:0::0007', [3]],
      ['resource=secrets', [2]],
      ['placement=away', [3, 1]],
      ['where=internet', [3, 1]],
    ])('%s', async (query, expected) => {
      const { items } = await ask(`/api/v1/uses?${query}`, UsesPage);
      expect(items.map((item) => item.use.id)).toEqual(expected.map(idOf));
    });

    test('pages on with the cursor, which stays right while more comes in', async () => {
      const found: string[] = [];
      let path = '/api/v1/uses?limit=2&cluster=demo';
      for (let n = 10; ; n += 1) {
        const { items, next } = await ask(path, UsesPage);
        found.push(...items.map((item) => item.use.id));
        if (next === null) break;
        await running.post(batch(n - 10, [use(n)], { agent: 'x', stream: 'demo/x/y' }));
        path = `/api/v1/uses?limit=2&cluster=demo&cursor=${next}`;
      }
      expect(found).toEqual([3, 2, 1, 0].map(idOf));
    });
  });

  describe('/api/v1/history', () => {
    const credential = { id: 'JTI=filed', kind: 'projected' as const };

    beforeAll(async () => {
      const to = { cluster: 'files', agent: 'f', stream: 'files/f/g' };
      const observations = [
        tokenFile(20, { credential }),
        use(21, { credential: credential.id }),
        read(22, { credential }),
      ];
      await running.post(batch(0, observations, to));
    });

    test.each([
      ['', ['read', 'use', 'file']],
      ['kind=read', ['read']],
      ['principal=shop/cart&kind=file', ['file']],
      ['verb=get', ['use']],
      ['limit=2', ['read', 'use']],
    ])('answers what happened to tokens, newest first: %s', async (query, kinds) => {
      const { items } = await ask(`/api/v1/history?cluster=files&${query}`, HistoryPage);
      expect(items.map((item) => ['use', 'read', 'file'].find((kind) => kind in item))).toEqual(kinds);
    });

    test('has pages', async () => {
      const { next } = await ask('/api/v1/history?cluster=files&limit=2', HistoryPage);
      const { items } = await ask(`/api/v1/history?cluster=files&limit=2&cursor=${next}`, HistoryPage);
      expect(items).toEqual([{ cluster: 'files', file: tokenFile(20, { credential }) }]);
    });

    test('is told of a credential too', async () => {
      const life = await ask('/api/v1/credentials/JTI=filed', CredentialAnswer);
      expect(life).toMatchObject({ readers: [{ program: '/usr/bin/cat' }], file: { event: 'appeared' } });
    });
  });

  describe('what sums the history up', () => {
    test('/api/v1/history/histogram', async () => {
      const span = `since=${formatTime(START)}&until=${formatTime(START + 4 * SECOND)}`;
      const answer = await ask(`/api/v1/history/histogram?cluster=demo&${span}&buckets=4`, HistogramAnswer);
      expect(answer.buckets.map(({ home, away }) => [home, away])).toEqual([
        [1, 0],
        [0, 1],
        [1, 0],
        [0, 1],
      ]);
      expect(await ask('/api/v1/history/histogram?cluster=nobody', HistogramAnswer)).toMatchObject({ from: null });
      const ever = 'since=0000-01-01T00:00:00Z&until=9999-12-31T23:59:59Z';
      expect(await ask(`/api/v1/history/histogram?${ever}&buckets=3`, HistogramAnswer)).toMatchObject({ from: 0 });
    });

    test('/api/v1/history/groups', async () => {
      const answer = await ask('/api/v1/history/groups?cluster=demo&by=source&order=last&limit=2', GroupsAnswer);
      expect(answer).toMatchObject({
        by: 'source',
        total: 3,
        groups: [{ value: '10.244.0.7' }, { value: '2001:db8::7' }],
      });
      const newSince = formatTime(START + SECOND);
      const fresh = await ask(`/api/v1/history/groups?cluster=demo&by=source&newSince=${newSince}`, GroupsAnswer);
      expect(new Set(fresh.groups.map(({ value }) => value))).toEqual(new Set(['2001:db8::7', '203.0.113.9']));
    });

    test('/api/v1/observations', async () => {
      const path = `/api/v1/observations/${idOf(1)}`;
      const answer = await ask(`${path}?time=${formatTime(START)}`, ObservationAnswer);
      expect(answer).toMatchObject({ cluster: 'demo', observation: { id: idOf(1) }, placement: { verdict: 'away' } });
      expect(await refused(`/api/v1/observations/${idOf(0)}`)).toMatchObject({ parameters: [{ name: 'cluster' }] });
      for (const id of [idOf('none'), 'x', '%00', idOf(1).toUpperCase()]) {
        expect(await refused(`/api/v1/observations/${id}`, 404)).toMatchObject({ status: 404 });
      }
    });

    test('/api/v1/credentials/…/timeline', async () => {
      const { lines } = await ask(`/api/v1/credentials/${encoded}/timeline`, TimelineAnswer);
      expect(lines).toMatchObject([{ event: 'used', placement: 'away', source: '203.0.113.9', observation: idOf(1) }]);
      expect(await refused('/api/v1/credentials/JTI=nobody/timeline', 404)).toMatchObject({ status: 404 });
    });
  });

  describe('/api/v1/alerts', () => {
    test('answers alerts without what they are made of, and each of them whole', async () => {
      const { items } = await ask('/api/v1/alerts?severity=high&status=open', AlertsPage);
      expect(items.map(({ id }) => id).toSorted()).toEqual(['al-JTI=cart', `al-${SECRET_ID}`].toSorted());
      const whole = await ask(`/api/v1/alerts/${encodeURIComponent(`al-${SECRET_ID}`)}`, AlertAnswer);
      expect(whole).toMatchObject({
        credential: SECRET_ID,
        story: [{ sentence: expect.stringContaining('203.0.113.9') }],
      });
    });

    test.each([
      ['principal=nobody', 0],
      [`credential=${encoded}`, 1],
      ['cluster=other', 0],
      ['rule=token-used-away-from-pod', 2],
      ['since=2025-06-02T00:00:00Z', 0],
      ['until=2025-06-01T00:00:00Z', 0],
      ['limit=1', 1],
    ])('%s', async (query, expected) => {
      expect((await ask(`/api/v1/alerts?${query}`, AlertsPage)).items).toHaveLength(expected);
    });

    test('pages on with the cursor', async () => {
      const { items, next } = await ask('/api/v1/alerts?limit=1', AlertsPage);
      const second = await ask(`/api/v1/alerts?limit=1&cursor=${next}`, AlertsPage);
      expect(second.items[0]?.id).not.toBe(items[0]?.id);
      expect(second.next).toBeNull();
    });

    test('an unknown one is not found', async () => {
      expect(await refused('/api/v1/alerts/al_nobody', 404)).toMatchObject({ title: 'Not Found' });
    });
  });

  describe('/api/v1/credentials', () => {
    test('answers the life of a credential, whatever its id is made of', async () => {
      const life = await ask(`/api/v1/credentials/${encoded}`, CredentialAnswer);
      expect(life).toMatchObject({ id: SECRET_ID, uses: { total: 1, away: 1 }, alerts: [`al-${SECRET_ID}`] });
      const issued = await ask('/api/v1/credentials/JTI=new', CredentialAnswer);
      expect(issued).toMatchObject({ status: 'issued', issue: { id: idOf(4) } });
    });

    test('asks of which cluster, when several know it', async () => {
      const problem = await refused('/api/v1/credentials/JTI%3Dcart');
      expect(problem.parameters).toEqual([
        { name: 'cluster', problem: 'must be given, one of demo, other: several know that id' },
      ]);
      expect(await ask('/api/v1/credentials/JTI%3Dcart?cluster=other', CredentialAnswer)).toMatchObject({
        cluster: 'other',
        uses: { total: 2 },
      });
    });

    test('an unknown one is not found, whatever it is', async () => {
      for (const id of ['JTI=nobody', '%00', '..%2f..%2fetc%2fpasswd', "'%20OR%201=1", 'x'.repeat(2000)]) {
        expect(await refused(`/api/v1/credentials/${id}`, 404)).toMatchObject({ status: 404 });
      }
    });
  });

  test('no question, however odd, makes it fail', async () => {
    const names = [...Object.keys(GroupsQuery.shape), ...Object.keys(AlertsQuery.shape), 'time', 'buckets', 'x'];
    const parameters = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string({ unit: 'binary' }), fc.webPath()));
    const path = fc.constantFrom(
      '/api/v1/uses',
      '/api/v1/history',
      '/api/v1/history/histogram',
      '/api/v1/history/groups',
      '/api/v1/history/export',
      `/api/v1/observations/${idOf(1)}`,
      '/api/v1/credentials/JTI=cart/timeline',
      '/api/v1/alerts',
      '/api/v1/alerts/x',
      '/api/v1/credentials/JTI=cart',
    );
    await fc.assert(
      fc.asyncProperty(path, parameters, async (path, query) => {
        const { status } = await running.get(`${path}?${new URLSearchParams(query).toString()}`);
        expect([200, 400, 404]).toContain(status);
      }),
      { numRuns: 100 },
    );
  });

  describe('a wrong parameter', () => {
    test.each([
      ['/api/v1/uses?since=yesterday', 'since', 'must be the time from which on, as RFC 3339: 2030-01-31T12:00:00Z'],
      ['/api/v1/uses?until=', 'until', 'must be the time before which, as RFC 3339: 2030-01-31T12:00:00Z'],
      ['/api/v1/uses?placement=gone', 'placement', 'must be one of home, away, unclear'],
      ['/api/v1/uses?where=moon', 'where', 'must be one of internet, outside-cluster, other-node, other-pod, host'],
      ['/api/v1/uses?code=4xx', 'code', 'must be an HTTP status such as 403'],
      ['/api/v1/uses?pod=a/b/c', 'pod', 'must be a pod: <namespace>/<name>, or its uid'],
      ['/api/v1/uses?pod=/b', 'pod', 'must be a pod: <namespace>/<name>, or its uid'],
      ['/api/v1/uses?pod=cart', 'pod', 'must be a pod: <namespace>/<name>, or its uid'],
      [
        '/api/v1/uses?principal=cart',
        'principal',
        'must be a ServiceAccount: system:serviceaccount:<namespace>:<name>, or <namespace>/<name>',
      ],
      [
        '/api/v1/uses?resource=a/b/c',
        'resource',
        'must be a resource such as pods, or with its subresource: pods/exec',
      ],
      ['/api/v1/uses?code=99', 'code', 'must be an HTTP status such as 403'],
      ['/api/v1/uses?since=2025-06-01T12:00:00Z&until=2025-06-01T12:00:00Z', 'until', 'must be later than since'],
      ['/api/v1/uses?placement=unclear&where=host', 'where', 'goes with placement=away only'],
      ['/api/v1/history?kind=read&verb=get', 'verb', 'goes with kind=use, issue, entry, denied only'],
      [
        '/api/v1/history?kind=denied&principal=shop/cart',
        'principal',
        'goes with kind=use, read, file, issue, entry only',
      ],
      ['/api/v1/history?kind=entry&where=host', 'where', 'goes with kind=use, issue only'],
      [
        '/api/v1/history/groups',
        'by',
        'must be one of principal, credential, pod, node, source, userAgent, verb, resource, placement, code, kind, cluster',
      ],
      ['/api/v1/history/histogram?buckets=501', 'buckets', 'must be a whole number from 1 to 500'],
      [
        '/api/v1/history/histogram?limit=1',
        'limit',
        'is no parameter; these are: since, until, cluster, principal, credential, pod, node, userAgent, source, verb, resource, placement, where, code, kind, buckets',
      ],
      ['/api/v1/history?kind=write', 'kind', 'must be one of use, read, file, issue, entry, denied'],
      ['/api/v1/uses?source=example.org', 'source', 'must be an IP address'],
      ['/api/v1/uses?verb=', 'verb', 'must be a verb such as get'],
      ['/api/v1/uses?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
      ['/api/v1/uses?limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
      ['/api/v1/uses?limit=1e2', 'limit', 'must be a whole number from 1 to 1000'],
      ['/api/v1/uses?cursor=abc', 'cursor', 'must be the `next` of a page before, as it is'],
      ['/api/v1/uses?verb=get&verb=list', 'verb', 'must be given once'],
      ['/api/v1/alerts?severity=huge', 'severity', 'must be one of info, low, medium, high, critical'],
      ['/api/v1/alerts?status=gone', 'status', 'must be one or more of open, acknowledged, closed, with commas'],
      ['/api/v1/status?verbose=1', 'verbose', 'is not asked for here'],
      ['/api/v1/alerts/x?clutser=a', 'clutser', 'is no parameter; these are: cluster'],
    ])('%s', async (path, name, problem) => {
      const answer = await refused(path);
      expect(answer.parameters).toEqual([{ name, problem }]);
      expect(answer.detail).toBe(`${name} ${problem}`);
    });

    test('each of several is named, also hostile ones', async () => {
      const { parameters } = await refused('/api/v1/uses?limit=x&code=y&__proto__=1&toString=2&%3Cscript%3E=3');
      expect(parameters?.map(({ name }) => name).toSorted()).toEqual(
        ['<script>', '__proto__', 'code', 'limit', 'toString'].toSorted(),
      );
    });

    test.each([
      ['of another list', [START, 'al_1', 'demo']],
      ['with a time that is none', ['now', idOf(0), 'demo']],
      ['with SQL', [START, "0'; DROP TABLE observations; --", 'demo']],
      ['of another shape', { time: START }],
    ])('a cursor %s', async (_name, content) => {
      const cursor = Buffer.from(JSON.stringify(content)).toString('base64url');
      expect((await refused(`/api/v1/uses?cursor=${cursor}`)).parameters?.[0]?.name).toBe('cursor');
    });
  });

  test('/api/v1/status says how far each stream has come', async () => {
    const status = await ask('/api/v1/status', StatusAnswer);
    expect(status.streams.find(({ cluster }) => cluster === 'other')).toMatchObject({
      position: 2,
      newest: START + 5 * SECOND,
    });
    expect(status.store).toMatchObject({ alerts: { open: 2, acknowledged: 0, closed: 0 } });
    expect(status.components.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'store running',
      'outputs running',
      'correlate running',
      'retention running',
      'http running',
      'live running',
    ]);
  });

  test('/api/v1/status and /metrics say what can not be seen', async () => {
    const { blindSpots } = await ask('/api/v1/status', StatusAnswer);
    expect(blindSpots).toEqual([]);
    const gauges = async () =>
      (await (await running.get('/metrics')).text()).match(/^truant_blind_spots\{.*$/gm)?.toSorted();
    const none = ['audit-file', 'kubernetes', 'other', 'outbox', 'token-files', 'token-opens'];
    expect(await gauges()).toEqual(none.map((source) => `truant_blind_spots{source="${source}"} 0`));

    const to = { cluster: 'blind', stream: 'blind/node-a/x' };
    const unknown = { node: undefined, source: 'new" source', reason: '<b>', detail: '\u202e' };
    await running.post(batch(0, [status(0), status(1, unknown)], to));
    expect((await ask('/api/v1/status', StatusAnswer)).blindSpots).toEqual([
      { cluster: 'blind', ...unknown, node: null, status: 'blind', time: START + SECOND },
      {
        cluster: 'blind',
        node: 'node-a',
        source: 'audit-file',
        status: 'blind',
        reason: 'file-missing',
        detail: '/audit.log',
        time: START,
      },
    ]);
    expect(await gauges()).toEqual(
      none.map(
        (source) => `truant_blind_spots{source="${source}"} ${['audit-file', 'other'].includes(source) ? 1 : 0}`,
      ),
    );

    const ok = { status: 'ok', reason: 'reading' } as const;
    await running.post(batch(2, [status(2, ok), status(3, { ...unknown, ...ok })], to));
    expect((await ask('/api/v1/status', StatusAnswer)).blindSpots).toEqual([]);
    expect(await gauges()).toEqual(none.map((source) => `truant_blind_spots{source="${source}"} 0`));
  });

  test('/healthz, /readyz and /metrics', async () => {
    expect((await running.get('/healthz')).status).toBe(200);
    expect((await running.get('/readyz')).status).toBe(200);
    const response = await running.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(/^truant_store_observations \d+$/m);
    expect(text).toMatch(/^truant_store_alerts\{status="open"\} 2$/m);
    expect(text).toMatch(/^truant_store_bytes \d+$/m);
    expect(text).toMatch(/^truant_sent_total\{component="receive-http"\} \d+$/m);
  });

  test('what is not there is not found, and every answer has the security headers', async () => {
    for (const path of ['/nowhere', '/api/v1/uses', '/api/v1/uses?limit=x', '/healthz']) {
      const { headers } = await running.get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers.has('access-control-allow-origin')).toBe(false);
    }
    await refused('/nowhere', 404);
    await refused('/api/v1/uses/%ZZ', 400);
  });
});
