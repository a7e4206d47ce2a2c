import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Correlation } from '../../collector/correlate/correlation.ts';
import type { Caller } from '../../collector/identity/caller.ts';
import type { Identity } from '../../collector/identity/identity.ts';
import { decodeEnvelope, gather } from '../../collector/receive/decode.ts';
import { batchesRoute } from '../../collector/receive/http/batches.ts';
import { createServer } from '../../collector/server/server.ts';
import { TruantError } from '../../shared/errors.ts';
import { DAY, formatTime, SECOND, wallClock } from '../../shared/time.ts';
import { CLUSTER, heartbeat, idOf, read, START, STREAM, use } from './support/make.ts';
import { batch, gzipped, lines, plainServer, type Running, runCollector } from './support/running.ts';

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
    expect(await answerOf(response)).toEqual({ status: 200, accepted: 2, duplicates: 0, rejected: 0 });
    expect(await stored()).toEqual([idOf(1), idOf(0)]);
    const again = await running.post(batch(1, [use(1), use(2)]));
    expect(await answerOf(again)).toEqual({ status: 200, accepted: 1, duplicates: 1, rejected: 0 });
  });

  test('takes gzip', async () => {
    const body = batch(0, [use(0)]);
    expect(await answerOf(await running.post([], gzipped(body)))).toMatchObject({ status: 200, accepted: 1 });
  });

  test('sets what is bad aside by itself, counts why, and keeps a sample that is free of tokens', async () => {
    const [good, last] = [batch(0, [use(0)]), batch(9, [use(4)])].map(lines) as [string, string];
    const observations = [
      { ...use(1), surprise: true },
      { kind: 'telepathy' },
      null,
      { ...use(2), time: -1 },
      use(3, { time: Date.now() * 1000 + 2 * DAY }),
    ];
    const odd = lines(batch(1, observations).map((envelope, n) => (n === 2 ? { ...envelope, kind: 'use' } : envelope)));
    const response = await running.post([], { raw: `${good}${odd}no JSON\n\n[]\n{"schema":1}\n${last}` });
    expect(await answerOf(response)).toEqual({ status: 200, accepted: 2, duplicates: 0, rejected: 8 });
    expect(await stored()).toEqual([idOf(4), idOf(0)]);
    const metrics = await (await running.get('/metrics')).text();
    const count = (reason: string) =>
      Number(new RegExp(`dead_letters_total{component="receive-http",reason="${reason}"} (\\d+)`).exec(metrics)?.[1]);
    expect({
      malformed: count('malformed'),
      kind: count('unknown-kind'),
      future: count('in-the-future'),
      json: count('not-json'),
      envelope: count('not-an-envelope'),
    }).toEqual({ malformed: 2, kind: 1, future: 1, json: 1, envelope: 3 });
    expect(metrics).toContain('truant_dropped_total{component="correlate",reason="gap"} 4');
  });

  const whole = batch(0, [use(0)]);
  test.each([
    ['an empty body', { raw: '' }, 400, ''],
    ['empty lines', { raw: '\n\n\n' }, 400, 'envelope on each line'],
    ['5,001 lines', { raw: 'x\n'.repeat(5001) }, 413, '5000 lines'],
    [
      'more streams than any agent has',
      { raw: Array.from({ length: 17 }, (_, n) => lines(batch(0, [use(0)], { stream: `${STREAM}${n}` }))).join('') },
      400,
      '16 streams',
    ],
    ['a body that is too large', { raw: 'x'.repeat(8 * 1024 * 1024 + 1) }, 413, ''],
    [
      'gzip that becomes too large',
      { ...gzipped([]), raw: gzipSync(Buffer.alloc(33 * 1024 * 1024)) },
      413,
      'larger than',
    ],
    ['what only says it is gzip', { ...gzipped([]), raw: lines(whole) }, 400, 'not gzip'],
    ['cut gzip', { ...gzipped([]), raw: gzipSync(lines(whole)).subarray(0, 40) }, 400, 'not gzip'],
    ['another encoding', { headers: { 'content-encoding': 'br' } }, 415, 'gzip'],
    ['plain JSON', { headers: { 'content-type': 'application/json' } }, 415, ''],
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
        const headers = { 'content-type': 'application/x-ndjson', 'content-length': '1000' };
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
    const routes = [
      batchesRoute({ take, setAside: () => undefined, clock: wallClock, registry: new Registry(), maxInFlight }),
    ];
    const server = createServer({ ...plainServer, routes });
    await server.component.start();
    const post = (position: number) =>
      fetch(`${server.address()}/api/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines(batch(position, [use(position)])),
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
    const receipt = { accepted: 1, duplicates: 0, rejected: 0 };
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

const asAgent = (agent: string): Caller => ({
  role: 'writer',
  id: `agent demo/${agent}`,
  writes: { cluster: CLUSTER, agent },
});
const receipt = { accepted: 1, duplicates: 0, rejected: 0 };

async function receivingFrom(identify: () => Promise<Caller>, take: Correlation['take'], maxInFlight: number) {
  const identity = { identify, trouble: () => undefined } as unknown as Identity;
  const routes = [
    batchesRoute({ take, setAside: () => undefined, clock: wallClock, registry: new Registry(), maxInFlight }),
  ];
  const server = createServer({ ...plainServer, identity, routes });
  await server.component.start();
  const { hostname, port } = new URL(server.address() as string);
  const headers = { authorization: 'Bearer whoever', 'content-type': 'application/x-ndjson' };
  const begin = () => {
    const request = http.request({ hostname, port, path: '/api/v1/batches', method: 'POST', headers });
    request.on('error', () => undefined);
    request.write('{');
    return request;
  };
  const post = (agent = 'node-a') =>
    fetch(`${server.address()}/api/v1/batches`, {
      method: 'POST',
      headers,
      body: lines(batch(0, [use(0)], { agent, stream: `${CLUSTER}/${agent}/s` })),
    });
  return { begin, post, stop: () => server.component.stop() };
}

describe('places of those whose name is asked for first', () => {
  test('who is gone before it is known who it was has taken none', async () => {
    const asked: ((caller: Caller) => void)[] = [];
    let isSlow = true;
    const identify = () =>
      isSlow ? new Promise<Caller>((resolve) => asked.push(resolve)) : Promise.resolve(asAgent('node-a'));
    const { begin, post, stop } = await receivingFrom(identify, async () => receipt, 1);
    const sender = begin();
    await expect.poll(() => asked.length).toBe(1);
    const gone = new Promise((resolve) => sender.once('close', resolve));
    sender.destroy();
    await gone;
    // Its connection's end is known to the server once a later request is.
    isSlow = false;
    await (await post()).text();
    asked[0]?.(asAgent('node-a'));
    await expect.poll(async () => (await post()).status).toBe(200);
    await stop();
  });
});

describe('places are shared out', () => {
  test('one agent has two at most, however many it would like', async () => {
    let caller = asAgent('node-a');
    const { begin, post, stop } = await receivingFrom(
      () => Promise.resolve(caller),
      async () => receipt,
      4,
    );
    const held = Array.from({ length: 6 }, begin);
    await expect.poll(async () => (await post()).status).toBe(429);
    caller = asAgent('node-b');
    expect((await post('node-b')).status).toBe(200);
    for (const one of held) one.destroy();
    caller = asAgent('node-a');
    await expect.poll(async () => (await post()).status).toBe(200);
    await stop();
  });
});

describe('decoding an envelope', () => {
  const now = START + DAY;
  const decode = (envelope: unknown) => decodeEnvelope(Buffer.from(JSON.stringify(envelope)), now);
  const [whole] = batch(7, [use(0)]) as [object];
  const head = { cluster: CLUSTER, agent: 'node-a', stream: STREAM, position: 7 };

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
      observations: [idOf(0)],
      keys: ['k'],
      attack: [],
    };
    const bad = [
      { ...finding, rule: 'other', severity: 'huge' },
      { ...finding, rule: 'about-another', observations: [idOf(1), idOf(0)] },
      { ...finding, rule: 'of-another-time', time: START + 1 },
      { ...finding, id: 'f2' },
      { ...finding, rule: 'keys', keys: Array.from({ length: 17 }, (_, n) => `k${n}`) },
    ];
    const decoded = decode({ ...whole, findings: [finding, ...bad] });
    expect(decoded).toEqual({ head, observation: use(0), findings: [finding], rejection: 'finding-malformed' });
  });

  test('takes what is a little ahead of the clock, and nothing from the far future', () => {
    const at = (time: number) => decode(batch(7, [use(0, { time, timeText: formatTime(time), seen: time })])[0]);
    expect(at(now + DAY)).toMatchObject({ head, rejection: undefined });
    expect(at(now + DAY + SECOND)).toEqual({ head, observation: null, findings: [], rejection: 'in-the-future' });
    expect(decode(batch(7, [{ ...use(0), seen: now + 2 * DAY }])[0])).toMatchObject({ rejection: 'in-the-future' });
  });

  test('how an agent is, is for itself to say', () => {
    expect(decode(batch(7, [heartbeat(0)])[0])).toMatchObject({ observation: { kind: 'heartbeat' } });
    expect(decode(batch(7, [heartbeat(0, { node: 'node-b' })])[0])).toMatchObject({
      head,
      observation: null,
      rejection: 'foreign-node',
    });
  });

  test.each([
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), 'not-json'],
    ['cut', Buffer.from('{"schema":1'), 'not-json'],
    ['null', Buffer.from('null'), 'not-an-envelope'],
    ['a list', Buffer.from('[]'), 'not-an-envelope'],
    ['deep nesting', Buffer.from(`${'['.repeat(9_000)}${']'.repeat(9_000)}`), 'not-an-envelope'],
    ['objects by the thousand', Buffer.from(`[${'{},'.repeat(20_000)}{}]`), 'too-large'],
    ['a megabyte', Buffer.from(JSON.stringify('x'.repeat(1024 * 1024))), 'too-large'],
    [
      'a prototype for a field',
      Buffer.from(JSON.stringify(whole).replace('{', '{"__proto__":{"a":1},')),
      'not-an-envelope',
    ],
  ])('nothing can be told of %s', (_name, value, rejection) => {
    expect(decodeEnvelope(value, now)).toEqual({ head: undefined, observation: null, findings: [], rejection });
  });

  test('brackets in texts are no objects: whoever writes many of them is seen all the same', () => {
    const words = (count: number) => Array.from({ length: count }, () => '["{[\\'.repeat(51));
    const comm = '[{[{"[{\\';
    const lineage = Array.from({ length: 16 }, (_, pid) => ({ pid, comm, args: words(32) }));
    const seen = read(0);
    const observation = { ...seen, opener: { ...seen.opener, args: words(32), lineage } };
    expect(decode(batch(7, [observation])[0]).rejection).toBe(undefined);
  });

  test.each([
    ['another schema', { schema: 2 }],
    ['a surplus field', { x: 1 }],
    ["another agent's stream", { stream: 'demo/node-b/audit' }],
    ['a negative position', { position: -1 }],
    ['a position beyond counting', { position: 2 ** 53 - 1 }],
    ['findings beyond all rules', { findings: Array.from({ length: 17 }, () => ({})) }],
  ])('%s is no envelope', (_name, more) => {
    expect(decode({ ...whole, ...more })).toMatchObject({ head: undefined, rejection: 'not-an-envelope' });
  });

  test.each([
    ['another kind than the observation', { kind: 'read' }, 'malformed'],
    ['another time than the observation', { time: 1 }, 'malformed'],
    ['a kind of a later release', { kind: 'telepathy', observation: { kind: 'telepathy' } }, 'unknown-kind'],
  ])('with %s it is set aside, and its number used up', (_name, more, rejection) => {
    expect(decode({ ...whole, ...more })).toEqual({ head, observation: null, findings: [], rejection });
  });

  test('what came is gathered by cluster in order, and in it by stream', () => {
    const of = (cluster: string, agent: string, position: number) =>
      decode(batch(position, [use(position)], { cluster, agent, stream: `${cluster}/${agent}/s` })[0]);
    const decoded = [
      of('a', 'x', 0),
      of('a', 'y', 5),
      decode([]),
      of('a', 'x', 1),
      of('b', 'x', 0),
      of('a', 'x', 2),
      decode([]),
    ];
    const told = gather(decoded).map(({ intake: { cluster, arrivals }, until }) => [
      cluster,
      until,
      arrivals.map(({ stream, records }) => [stream, records.map(({ position }) => position)]),
    ]);
    expect(told).toEqual([
      [
        'a',
        4,
        [
          ['a/x/s', [0, 1]],
          ['a/y/s', [5]],
        ],
      ],
      ['b', 5, [['b/x/s', [0]]]],
      ['a', 6, [['a/x/s', [2]]]],
    ]);
  });
});
