/** What the API says and does about alerts, over real HTTP. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  AlertAnswer,
  AlertsPage,
  BulkAnswer,
  BulkBody,
  CountsAnswer,
  ExceptionBody,
  ExceptionsAnswer,
  RelatedAnswer,
} from '../../collector/query/schemas/alerts.ts';
import { ProblemAnswer } from '../../collector/query/schemas/common.ts';
import { AlertAction, Exception } from '../../shared/schema/handling.ts';
import { DAY } from '../../shared/time.ts';
import { arbitraryOf } from './support/arbitrary-of.ts';
import { CLUSTER, START, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const HOSTILE = '<img src=x onerror=alert(1)>\u202e\u0000"; DROP TABLE alerts; --';
const CART = 'al-JTI=cart';
const PAY = 'al-JTI=pay';

describe('the API of alerts', () => {
  let running: Running;

  beforeEach(async () => {
    running = await runCollector();
    await running.post(
      batch(0, [use(0, { source: '203.0.113.9' }), use(1, { source: '203.0.113.9', credential: 'JTI=pay' })]),
    );
  });

  afterEach(() => running.stop());

  const post = (path: string, body?: unknown) =>
    fetch(running.url + path, {
      method: 'POST',
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  async function expectAnswer<Schema extends z.ZodType>(response: Promise<Response>, schema: Schema) {
    const { status, text } = await response.then(async (answer) => ({
      status: answer.status,
      text: await answer.text(),
    }));
    expect([status, text]).toEqual([200, text]);
    return schema.parse(JSON.parse(text));
  }
  async function expectRefused(response: Promise<Response>, status: number) {
    const answer = await response;
    const problem = ProblemAnswer.parse(await answer.json());
    expect([answer.status, problem.status]).toEqual([status, status]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    return problem;
  }
  const ask = <Schema extends z.ZodType>(path: string, schema: Schema) => expectAnswer(running.get(path), schema);
  const act = (id: string, action: unknown, query = '') =>
    post(`/api/v1/alerts/${encodeURIComponent(id)}/actions${query}`, action);
  const oneOf = (id: string) => ask(`/api/v1/alerts/${encodeURIComponent(id)}`, AlertAnswer);
  const ids = async (query: string) => (await ask(`/api/v1/alerts?${query}`, AlertsPage)).items.map(({ id }) => id);

  test('an alert from its opening to its end', async () => {
    expect(await oneOf(CART)).toMatchObject({ status: 'open', activity: [] });
    await expectAnswer(act(CART, { action: 'assign', assignee: HOSTILE }), AlertAnswer);
    await expectAnswer(act(CART, { action: 'acknowledge', note: HOSTILE }), AlertAnswer);
    const closed = await expectAnswer(act(CART, { action: 'close', reason: 'benign', note: ' known \n' }), AlertAnswer);
    expect(closed).toMatchObject({
      revision: 4,
      status: 'closed',
      resolution: { reason: 'benign', note: 'known', by: 'anybody' },
    });
    expect(closed.activity.map(({ action, note, by, time }) => [action, note, by, time])).toEqual([
      ['close', 'known', 'anybody', START],
      ['acknowledge', HOSTILE, 'anybody', START],
      ['assign', null, 'anybody', START],
    ]);
    expect(closed.assignee).toBe(HOSTILE);
    expect(await oneOf(CART)).toEqual(closed);
    expect(await ids('status=closed')).toEqual([CART]);
    expect(await ids(`assignee=${encodeURIComponent(HOSTILE)}`)).toEqual([CART]);
    await expectAnswer(act(CART, { action: 'reopen' }), AlertAnswer);
    expect(await ids('status=open,acknowledged')).toEqual([PAY, CART]);
  });

  test.each([
    ['reopens what is open', [{ action: 'reopen' }]],
    ['acknowledges twice', [{ action: 'acknowledge' }, { action: 'acknowledge' }]],
    [
      'closes twice',
      [
        { action: 'close', reason: 'benign' },
        { action: 'close', reason: 'true-positive' },
      ],
    ],
  ])('who %s is told that it is not in a state for that', async (_name, actions) => {
    for (const action of actions.slice(0, -1)) await expectAnswer(act(CART, action), AlertAnswer);
    const before = await oneOf(CART);
    expect(await expectRefused(act(CART, actions.at(-1)), 409)).toMatchObject({ title: 'Conflict' });
    expect(await oneOf(CART)).toEqual(before);
  });

  test('what is not there is not found', async () => {
    for (const id of ['al_none', '..', '%00', "' OR 1=1 --", 'actions']) {
      await expectRefused(act(id, { action: 'acknowledge' }), 404);
    }
    await expectRefused(act(CART, { action: 'acknowledge' }, '?cluster=other'), 404);
    await expectRefused(running.get('/api/v1/alerts/al_none/related'), 404);
    await expectRefused(post('/api/v1/exceptions/ex_none/revoke'), 404);
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'body'],
    ['null', null, 'body'],
    ['a text', 'acknowledge', 'body'],
    ['no action', {}, 'action'],
    ['another action', { action: 'delete' }, 'action'],
    ['more than is known', { action: 'acknowledge', by: 'somebody else' }, 'body'],
    ['no reason', { action: 'close' }, 'reason'],
    ['another reason', { action: 'close', reason: 'whatever' }, 'reason'],
    ['a note that is too long', { action: 'acknowledge', note: 'x'.repeat(4001) }, 'note'],
    ['an empty comment', { action: 'comment', note: ' \n ' }, 'note'],
    ['nobody to assign to', { action: 'assign' }, 'assignee'],
    [
      'too many exceptions',
      {
        action: 'close',
        reason: 'benign',
        exceptions: Array.from({ length: 101 }, () => ({ rule: 'r', principal: 'p', source: null })),
      },
      'exceptions',
    ],
    [
      'an exception without a source',
      { action: 'close', reason: 'benign', exceptions: [{ rule: 'r', principal: 'p' }] },
      'exceptions.0.source',
    ],
  ])('%s is no action', async (_name, body, field) => {
    const { parameters } = await expectRefused(act(CART, body), 400);
    expect(parameters?.map(({ name }) => name)).toContain(field);
    expect(await oneOf(CART)).toMatchObject({ revision: 1, activity: [] });
  });

  test('what is too large is not read, nor what is no JSON', async () => {
    await expectRefused(act(CART, { action: 'comment', note: 'x'.repeat(300_000) }), 413);
    const raw = (type: string, body: string) =>
      fetch(`${running.url}/api/v1/alerts/${CART}/actions`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
    await expectRefused(raw('application/json', '{"action":'), 400);
    await expectRefused(raw('application/x-www-form-urlencoded', 'action=acknowledge'), 415);
    // What a form of any web page could send.
    await expectRefused(raw('text/plain', '{"action":"acknowledge"}'), 415);
    await expectRefused(raw('application/json', '{"action":"acknowledge","__proto__":{"x":1}}'), 400);
    expect(await oneOf(CART)).toMatchObject({ revision: 1 });
  });

  test('several at once: of each what became of it', async () => {
    const alerts = [CART, PAY, 'al_none'].map((id) => ({ cluster: CLUSTER, id }));
    await expectAnswer(act(PAY, { action: 'close', reason: 'benign' }), AlertAnswer);
    const body = { alerts, do: { action: 'acknowledge' } };
    expect(await expectAnswer(post('/api/v1/alerts/actions', body), BulkAnswer)).toMatchObject({
      items: [
        { id: CART, alert: { status: 'acknowledged', revision: 2 } },
        { id: PAY, problem: 'The alert is closed. Reopen it first.' },
        { id: 'al_none', problem: 'There is no alert with that id.' },
      ],
    });
    expect(await oneOf(CART)).toMatchObject({ activity: [{ action: 'acknowledge', by: 'anybody' }] });
    await expectRefused(post('/api/v1/alerts/actions', { ...body, alerts: [] }), 400);
    const many = Array.from({ length: 201 }, () => ({ cluster: CLUSTER, id: CART }));
    await expectRefused(post('/api/v1/alerts/actions', { ...body, alerts: many }), 400);
  });

  test('lists have an order, and pages go on in it alone', async () => {
    for (const order of ['newest', 'worst', 'latest']) {
      const { items, next } = await ask(`/api/v1/alerts?order=${order}&limit=1`, AlertsPage);
      const rest = await ask(`/api/v1/alerts?order=${order}&limit=1&cursor=${next}`, AlertsPage);
      expect([...items, ...rest.items].map(({ id }) => id).toSorted()).toEqual([CART, PAY]);
      expect(rest.next).toBeNull();
      const other = order === 'worst' ? 'newest' : 'worst';
      const problem = await expectRefused(running.get(`/api/v1/alerts?order=${other}&cursor=${next}`), 400);
      expect(problem.parameters).toEqual([{ name: 'cursor', problem: 'goes with the order that it came with' }]);
    }
    const problem = await expectRefused(running.get('/api/v1/alerts?order=best'), 400);
    expect(problem.parameters).toEqual([{ name: 'order', problem: 'must be one of newest, worst, latest' }]);
  });

  test('are found by words, and by address', async () => {
    expect(await ids('q=SHOP%20jti=pay')).toEqual([PAY]);
    expect(await ids('q=nowhere')).toEqual([]);
    expect(await ids('source=::ffff:203.0.113.9')).toHaveLength(2);
    expect(await ids('source=203.0.113.1')).toEqual([]);
    await expectRefused(running.get(`/api/v1/alerts?q=${'x'.repeat(201)}`), 400);
  });

  test('are counted', async () => {
    await expectAnswer(act(CART, { action: 'acknowledge' }), AlertAnswer);
    expect(await ask('/api/v1/alerts/counts', CountsAnswer)).toMatchObject({
      total: 2,
      status: { open: 1, acknowledged: 1, closed: 0 },
      severity: { critical: 2, low: 0 },
      cluster: [{ value: CLUSTER, count: 2 }],
    });
    expect(await ask('/api/v1/alerts/counts?status=open&q=pay', CountsAnswer)).toMatchObject({ total: 1 });
    const { parameters } = await expectRefused(running.get('/api/v1/alerts/counts?limit=3'), 400);
    expect(parameters?.[0]?.name).toBe('limit');
  });

  test('are told with what they have in common', async () => {
    const { items } = await ask(`/api/v1/alerts/${CART}/related`, RelatedAnswer);
    expect(items.map(({ alert: { id }, because }) => [id, because])).toEqual([[PAY, ['source', 'principal']]]);
  });

  describe('exceptions', () => {
    const body = {
      rule: 'token-used-away-from-pod',
      principal: 'system:serviceaccount:shop:cart',
      source: '203.0.113.0/24',
      reason: HOSTILE,
    };
    const list = async (query = '') => (await ask(`/api/v1/exceptions${query}`, ExceptionsAnswer)).items;

    test('from their making to their end', async () => {
      const made = await expectAnswer(post('/api/v1/exceptions', body), Exception);
      expect(made).toMatchObject({ ...body, cluster: null, alert: null, createdBy: 'anybody', expiresAt: null });
      await running.post(batch(2, [use(2, { source: '203.0.113.9' })]));
      expect(await list()).toEqual([{ ...made, suppressed: 1, lastSuppressed: use(2).time }]);
      const revoked = await expectAnswer(post(`/api/v1/exceptions/${made.id}/revoke`), Exception);
      expect(revoked).toMatchObject({ revokedBy: 'anybody', revokedAt: START, suppressed: 1 });
      expect(await list()).toEqual([]);
      expect(await list('?state=all')).toEqual([revoked]);
      await expectRefused(post(`/api/v1/exceptions/${made.id}/revoke`), 409);
      expect(await (await running.get('/metrics')).text()).toContain(
        'truant_suppressed_findings_total{rule="token-used-away-from-pod"} 1',
      );
    });

    test('are those of a cluster, and those of all', async () => {
      await expectAnswer(post('/api/v1/exceptions', body), Exception);
      await expectAnswer(post('/api/v1/exceptions', { ...body, cluster: 'other', source: null }), Exception);
      expect((await list('?cluster=demo')).map(({ cluster }) => cluster)).toEqual([null]);
      expect(await list('?cluster=other&state=all')).toHaveLength(2);
      await expectRefused(running.get('/api/v1/exceptions?state=gone'), 400);
    });

    test('that there are already are not made again', async () => {
      const { id } = await expectAnswer(post('/api/v1/exceptions', body), Exception);
      expect((await expectRefused(post('/api/v1/exceptions', body), 409)).detail).toContain(id);
    });

    test.each([
      ['of no rule', { rule: 'token-stolen' }],
      ['of no address', { source: '203.0.113.0/33' }],
      ['without a reason', { reason: ' ' }],
      ['that has ended', { expiresAt: START - DAY }],
      ['with an id', { id: 'ex_1' }],
      ['without a source', { source: undefined }],
    ])('%s are refused', async (_name, parts) => {
      await expectRefused(post('/api/v1/exceptions', { ...body, ...parts }), 400);
      expect(await list('?state=all')).toEqual([]);
    });
  });

  test('no body, however odd, makes it fail', async () => {
    const paths = ['/api/v1/alerts/al-JTI=cart/actions', '/api/v1/alerts/actions', '/api/v1/exceptions'];
    const body = fc.oneof(
      fc.jsonValue(),
      arbitraryOf(AlertAction),
      arbitraryOf(BulkBody),
      arbitraryOf(ExceptionBody),
      arbitraryOf(AlertAction).map((action) => ({ alerts: [{ cluster: CLUSTER, id: CART }], do: action })),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), body, async (path, given) => {
        const { status } = await post(path, given);
        expect([200, 400, 404, 409, 413]).toContain(status);
      }),
      { numRuns: 150 },
    );
    expect((await ask('/api/v1/alerts', AlertsPage)).items).toHaveLength(2);
  });
});
