import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Correlation } from '../../collector/correlate/correlation.ts';
import { decodeBatch } from '../../collector/receive/decode.ts';
import { batchesRoute } from '../../collector/receive/http/batches.ts';
import { createServer } from '../../collector/server/server.ts';
import { TruantError } from '../../shared/errors.ts';
import { DAY, formatTime, SECOND, wallClock } from '../../shared/time.ts';
import { silent } from './support/doubles.ts';
import { CLUSTER, idOf, START, use } from './support/make.ts';
import { batch, gzipped, type Running, runCollector } from './support/running.ts';

describe('POST /api/v1/batches', () => {
  let running: Running;

  beforeEach(async () => {
    running = await runCollector();
  });

  afterEach(() => running.stop());

  const stored = async () => {
    const { items } = (await running.json('/api/v1/uses')) as { items: { use: { id: string } }[] };
    return items.map(({ use: { id } }) => id);
  };
  const answerOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) });

  test('answers once the batch is stored, and says what became of it', async () => {
    const response = await running.post(batch(0, [use(0), use(1)]));
    expect(await answerOf(response)).toEqual({ status: 200, accepted: 2, duplicates: 0, rejected: 0, position: 2 });
    expect(await stored()).toEqual([idOf(1), idOf(0)]);
    const again = await running.post(batch(1, [use(1), use(2)]));
    expect(await answerOf(again)).toEqual({ status: 200, accepted: 1, duplicates: 1, rejected: 0, position: 3 });
  });

  test('takes gzip', async () => {
    const body = batch(0, [use(0)]);
    expect(await answerOf(await running.post(undefined, gzipped(body)))).toMatchObject({ status: 200, accepted: 1 });
  });

  test('sets a bad observation aside by itself, and counts why', async () => {
    const odd = [
      use(0),
      { ...use(1), surprise: true },
      { kind: 'telepathy' },
      null,
      'text',
      { ...use(2), time: -1 },
      use(3, { time: Date.now() * 1000 + 2 * DAY }),
      use(4),
    ];
    const response = await running.post(batch(0, odd));
    expect(await answerOf(response)).toEqual({ status: 200, accepted: 2, duplicates: 0, rejected: 6, position: 8 });
    expect(await stored()).toEqual([idOf(4), idOf(0)]);
    const metrics = await (await running.get('/metrics')).text();
    expect(metrics).toContain('truant_dead_letters_total{component="receive-http",reason="malformed"} 2');
    expect(metrics).toContain('truant_dead_letters_total{component="receive-http",reason="unknown-kind"} 3');
    expect(metrics).toContain('truant_dead_letters_total{component="receive-http",reason="in-the-future"} 1');
  });

  const whole = batch(0, [use(0)]);
  test.each([
    ['no JSON', { raw: '{"schema":1' }, 400, 'not JSON'],
    ['not UTF-8', { raw: Buffer.from([0xff, 0xfe, 0x00]) }, 400, 'not JSON'],
    ['an empty body', { raw: '' }, 400, ''],
    ['null', { raw: 'null' }, 400, 'no batch'],
    ['a list', { raw: '[]' }, 400, 'no batch'],
    ['another schema', { raw: JSON.stringify({ ...whole, schema: 2 }) }, 400, 'schema'],
    ['a surplus field', { raw: JSON.stringify({ ...whole, x: 1 }) }, 400, 'x'],
    ['a prototype for a field', { raw: JSON.stringify(whole).replace('{', '{"__proto__":{"a":1},') }, 400, 'no batch'],
    ["another agent's stream", { raw: JSON.stringify({ ...whole, stream: 'demo/node-b/audit' }) }, 400, 'stream'],
    ['a negative position', { raw: JSON.stringify({ ...whole, position: -1 }) }, 400, 'position'],
    ['a position beyond counting', { raw: JSON.stringify({ ...whole, position: 2 ** 53 - 1 }) }, 400, 'position'],
    [
      '5,001 observations',
      { raw: JSON.stringify({ ...whole, observations: Array(5001).fill(0) }) },
      400,
      'observations',
    ],
    ['deep nesting', { raw: `${'['.repeat(200_000)}${']'.repeat(200_000)}` }, 400, ''],
    [
      'gzip that becomes millions of objects',
      { ...gzipped(''), raw: gzipSync(`[${'{},'.repeat(2_000_000)}{}]`) },
      413,
      'that many objects',
    ],
    ['a body that is too large', { raw: 'x'.repeat(8 * 1024 * 1024 + 1) }, 413, ''],
    [
      'gzip that becomes too large',
      { ...gzipped(''), raw: gzipSync(Buffer.alloc(33 * 1024 * 1024)) },
      413,
      'larger than',
    ],
    ['what only says it is gzip', { ...gzipped(''), raw: JSON.stringify(whole) }, 400, 'not gzip'],
    ['cut gzip', { ...gzipped(''), raw: gzipSync(JSON.stringify(whole)).subarray(0, 40) }, 400, 'not gzip'],
    ['another encoding', { headers: { 'content-encoding': 'br' } }, 415, 'gzip'],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, raw: 'a=b' }, 415, ''],
    ['plain text, as a page could send it', { headers: { 'content-type': 'text/plain' } }, 415, ''],
  ])('refuses %s', async (_name, init, status, detail) => {
    const response = await running.post(whole, init);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const problem = await answerOf(response);
    expect(problem).toMatchObject({ status, type: 'about:blank', detail: expect.stringContaining(detail) });
    expect(await stored()).toEqual([]);
    expect(await answerOf(await running.post(whole))).toMatchObject({ status: 200, accepted: 1 });
  });

  test('a sender that goes away in the middle leaves its place to others', async () => {
    const { hostname, port } = new URL(running.url);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await new Promise<void>((resolve) => {
        const headers = { 'content-type': 'application/json', 'content-length': '1000' };
        const request = http.request({ hostname, port, path: '/api/v1/batches', method: 'POST', headers });
        request.on('error', () => resolve());
        request.write('{', () => request.destroy(new Error('gone')));
      });
    }
    await expect.poll(async () => (await running.post(whole)).status, { timeout: 10_000 }).toBe(200);
  });

  test('is only for POST', async () => {
    expect((await running.get('/api/v1/batches')).status).toBe(404);
  });
});

describe('when it can not be stored', () => {
  async function receiving(take: Correlation['take'], maxInFlight: number) {
    const routes = [batchesRoute({ take, clock: wallClock, registry: new Registry(), maxInFlight })];
    const server = createServer({ host: '127.0.0.1', port: 0, authentication: undefined, routes, log: silent });
    await server.component.start();
    const post = (position: number) =>
      fetch(`${server.address()}/api/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch(position, [])),
      });
    return { post, stop: () => server.component.stop() };
  }

  test.each([
    ['STORE_UNAVAILABLE', 503],
    ['OVERLOADED', 429],
  ] as const)('%s is answered %i and when to try again', async (code, status) => {
    const { post, stop } = await receiving(() => Promise.reject(new TruantError(code, 'not now')), 5);
    const response = await post(0);
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, '2']);
    expect(await response.json()).toMatchObject({ status, detail: 'not now' });
    await stop();
  });

  test('an error of ours says nothing of itself', async () => {
    const { post, stop } = await receiving(() => Promise.reject(new Error('password of the database')), 5);
    const response = await post(0);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('password');
    await stop();
  });

  test('no more than so many are read at a time, and places become free again', async () => {
    const waiting: (() => void)[] = [];
    const receipt = { accepted: 0, duplicates: 0, rejected: 0, position: 0 };
    const take = () => new Promise<typeof receipt>((resolve) => waiting.push(() => resolve(receipt)));
    const { post, stop } = await receiving(take, 2);
    const [first, second] = [post(0), post(1)];
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(2);
    const third = await post(2);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '2']);
    for (const answer of waiting.splice(0)) answer();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    const fourth = post(3);
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(1);
    waiting[0]?.();
    expect((await fourth).status).toBe(200);
    await stop();
  });
});

describe('decoding a batch', () => {
  const now = START + DAY;

  test('keeps good findings, and sets bad ones aside', () => {
    const finding = {
      id: 'f1',
      rule: 'exec-reads-token',
      title: 't',
      severity: 'high',
      confidence: 'low',
      confidenceWhy: 'w',
      summary: 's',
      time: START,
      principal: 'p',
      source: null,
      observations: ['o'],
      keys: ['k'],
      attack: [],
    };
    const decoded = decodeBatch(batch(0, [], { findings: [finding, { ...finding, severity: 'huge' }] }), now);
    expect(decoded.findings).toEqual([finding]);
    expect([...decoded.rejected]).toEqual([['finding-malformed', 1]]);
  });

  test('takes what is a little ahead of the clock, and nothing from the far future', () => {
    const at = (time: number) => use(0, { time, timeText: formatTime(time), seen: time });
    const decoded = decodeBatch(
      batch(0, [at(now + DAY), at(now + DAY + SECOND), { ...use(0), seen: now + 2 * DAY }]),
      now,
    );
    expect(decoded.observations.map((o) => o !== null)).toEqual([true, false, false]);
    expect(decoded).toMatchObject({ cluster: CLUSTER, position: 0 });
  });
});
