import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLive, type Live } from '../../collector/live/live.ts';
import { liveRoute } from '../../collector/live/route.ts';
import { Summary } from '../../collector/query/schemas/alerts.ts';
import { ProblemAnswer } from '../../collector/query/schemas/common.ts';
import { createServer, type HttpServer } from '../../collector/server/server.ts';
import { Changes } from './support/changes.ts';
import { manualTimers, silent } from './support/doubles.ts';
import { type Listener, listen as listenTo } from './support/listener.ts';
import { plainServer } from './support/running.ts';

let changes: Changes;
let live: Live;
let server: HttpServer;
let timers: ReturnType<typeof manualTimers>;
let registry: Registry;
let isGood: boolean;
const listeners: Listener[] = [];

async function start(): Promise<void> {
  timers = manualTimers();
  registry = new Registry();
  live = createLive({ store: changes, every: timers.every, log: silent, registry });
  server = createServer({ ...plainServer, routes: [liveRoute({ live, stillGood: () => isGood })] });
  await server.component.start();
  await live.component.start();
}

async function stop(): Promise<void> {
  await live.component.stop();
  await server.component.stop();
}

beforeEach(async () => {
  changes = new Changes();
  isGood = true;
  await start();
});

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  await stop();
});

async function listen(query = '', headers: Record<string, string> = {}): Promise<Listener> {
  const listener = await listenTo(`${server.address()}/api/v1/live${query}`, headers);
  listeners.push(listener);
  return listener;
}

const change = (id: string, parts: Parameters<Changes['change']>[1] = {}): void => {
  changes.change(id, parts);
  live.wake();
};
const alertsOf = ({ events }: Listener) =>
  events
    .filter(({ event }) => event === 'alert')
    .map(({ id, data }) => ({ id: Number(id), alert: Summary.parse(JSON.parse(data)) }));
const told = (listener: Listener) => alertsOf(listener).map(({ id, alert }) => `${id} ${alert.id}`);
const expectCounted = async (line: string): Promise<void> => expect(await registry.metrics()).toContain(line);

describe('who listens', () => {
  test('is told from where on, and then of each alert as it changes', async () => {
    change('before');
    const listener = await listen();
    await listener.has('ready', 1);
    expect(listener.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(listener.headers['content-encoding']).toBeUndefined();
    expect(listener.events).toEqual([{ event: 'ready', id: '1', data: '{"change":1}' }]);
    change('a');
    change('b', { summary: 'two\nlines\r\n\u2028event: alert\ndata: {}' });
    change('a', { status: 'closed' });
    await listener.has('alert', 3);
    expect(told(listener)).toEqual(['2 a', '3 b', '4 a']);
    expect(alertsOf(listener)[2]?.alert).toMatchObject({ status: 'closed', revision: 4 });
    expect(alertsOf(listener)[1]?.alert.summary).toBe('two\nlines\r\n\u2028event: alert\ndata: {}');
  });

  test('and comes back is told of all that changed since, once, as it is now', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    change('a');
    change('b');
    await listener.has('alert', 2);
    await listener.close();
    for (const id of ['c', 'b', 'd', 'c']) change(id);
    const again = await listen('?lastEventId=1', { 'last-event-id': listener.lastId ?? '' });
    await again.has('alert', 3);
    change('e');
    await again.has('alert', 4);
    expect(again.events[0]).toEqual({ event: 'ready', id: '2', data: '{"change":2}' });
    expect(told(again)).toEqual(['4 b', '5 d', '6 c', '7 e']);
    const byParameter = await listen('?lastEventId=5');
    await byParameter.has('alert', 2);
    expect(told(byParameter)).toEqual(['6 c', '7 e']);
  });

  test('is told of what changed while the collector was restarted', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    change('a');
    await listener.has('alert', 1);
    await stop();
    expect(await listener.ended).toBe(true);
    changes.change('b');
    await start();
    change('c');
    const again = await listen('', { 'last-event-id': listener.lastId ?? '' });
    await again.has('alert', 2);
    expect(told(again)).toEqual(['2 b', '3 c']);
  });

  test('with the number of another store is told to begin anew', async () => {
    change('a');
    const listener = await listen('', { 'last-event-id': '99' });
    await listener.has('reset', 1);
    expect(listener.events[0]).toEqual({ event: 'reset', id: '1', data: '{"change":1}' });
    change('b');
    await listener.has('alert', 1);
    expect(told(listener)).toEqual(['2 b']);
  });

  test('from the beginning is told of everything, however much it is', async () => {
    for (let n = 0; n < 1050; n += 1) changes.change(`a${n}`);
    const listener = await listen('?lastEventId=0');
    await listener.has('alert', 1050);
    expect(alertsOf(listener).map(({ id }) => id)).toEqual(Array.from({ length: 1050 }, (_, n) => n + 1));
  });

  test('learns nothing twice and misses nothing, whenever it goes and comes back', async () => {
    const step = fc.oneof(
      fc.record({ change: fc.constantFrom('a', 'b', 'c') }),
      fc.constant('leave' as const),
      fc.constant('wait' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const begin = changes.last;
        const seen: ReturnType<typeof alertsOf> = [];
        let listener = await listen(`?lastEventId=${begin}`);
        const leave = async () => {
          await listener.close();
          seen.push(...alertsOf(listener));
        };
        for (const what of steps) {
          if (what === 'wait') await new Promise((resolve) => setImmediate(resolve));
          else if (what !== 'leave') change(what.change);
          else {
            await leave();
            listener = await listen('', { 'last-event-id': listener.lastId ?? `${begin}` });
          }
        }
        change('last');
        const isAll = () => expect(alertsOf(listener).at(-1)?.id).toBe(changes.last);
        await vi.waitFor(isAll, { timeout: 20_000, interval: 5 });
        await leave();
        const ids = seen.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
        const newest = new Map(seen.map(({ id, alert }) => [alert.id, id]));
        const expected = [...changes.alerts].filter(([, { change }]) => change > begin);
        expect(newest).toEqual(new Map(expected.map(([id, { change }]) => [id, change])));
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    '-1',
    '1e3',
    '0x10',
    '1.5',
    '9'.repeat(17),
    '9'.repeat(5000),
    'abc',
    '1,2',
    '<script>',
    "1'; DROP TABLE alerts; --",
    '\u00a0',
    'null',
  ])('with an id that is none is told what is wrong: %s', async (id) => {
    for (const [query, headers, name] of [
      ['', { 'last-event-id': id }, 'Last-Event-ID'],
      [`?lastEventId=${encodeURIComponent(id)}`, {}, 'lastEventId'],
    ] as const) {
      const listener = await listen(query, headers);
      const { parameters } = ProblemAnswer.parse(JSON.parse(await listener.body()));
      expect([listener.status, parameters?.map((parameter) => parameter.name)]).toEqual([400, [name]]);
    }
  });

  test.each([
    ['?uses=maybe', 'uses', 'must be one of true, false'],
    ['?principal=shop/cart', 'principal', 'goes with uses=true only'],
    ['?uses=false&placement=away', 'placement', 'goes with uses=true only'],
    ['?uses=true&placement=gone', 'placement', 'must be one of home, away, unclear'],
    ['?since=now', 'since', 'is no parameter; these are: lastEventId, uses, principal, placement'],
  ])('%s is refused', async (query, name, problem) => {
    const listener = await listen(query);
    expect(listener.status).toBe(400);
    expect(JSON.parse(await listener.body())).toMatchObject({ parameters: [{ name, problem }] });
  });

  test('hears now and then that somebody is still there', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    timers.fire();
    await vi.waitFor(() => expect(listener.comments).toBe(1));
  });

  test('is told later of what could not be read', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    changes.failing = 1;
    change('a');
    await vi.waitFor(() => expectCounted('truant_errors_total{component="live",error_type="store"} 1'));
    expect(told(listener)).toEqual([]);
    timers.fire();
    await listener.has('alert', 1);
    expect(told(listener)).toEqual(['1 a']);
  });

  test('is no longer told once it may not be', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    timers.fire();
    isGood = false;
    timers.fire();
    expect(await listener.ended).toBe(true);
    await expectCounted('truant_live_subscribers 0');
  });

  test('is counted for as long as it does', async () => {
    const listener = await listen();
    await listener.has('ready', 1);
    await expectCounted('truant_live_subscribers 1');
    await listener.close();
    await vi.waitFor(() => expectCounted('truant_live_subscribers 0'));
  });

  test('by HEAD is nobody', async () => {
    expect((await fetch(`${server.address()}/api/v1/live`, { method: 'HEAD' })).status).toBe(404);
  });
});

describe('one who takes nothing', () => {
  const LARGE = 'x'.repeat(100_000);
  const COUNT = 300;

  test('holds up nobody, is not remembered for, is cut off, and goes on where it was', async () => {
    const [slow, quick] = [await listen(), await listen()];
    await slow.has('ready', 1);
    slow.pause();
    for (let n = 0; n < COUNT; n += 1) change(`a${n}`, { title: LARGE });
    await quick.has('alert', COUNT);
    // Once what it has is all that it takes, it is not read for any more.
    const asked = changes.asked.length;
    change('one-more');
    await quick.has('alert', COUNT + 1);
    expect(changes.asked.slice(asked).every((after) => after >= COUNT)).toBe(true);
    timers.fire();
    await expectCounted('truant_errors_total{component="live",error_type="slow"} 0');
    timers.fire();
    await expectCounted('truant_errors_total{component="live",error_type="slow"} 1');
    slow.resume();
    expect(await slow.ended).toBe(false);
    const taken = told(slow);
    expect(taken.length).toBeLessThan(COUNT);
    const again = await listen('', { 'last-event-id': slow.lastId ?? '' });
    await again.has('alert', COUNT + 1 - taken.length);
    expect([...taken, ...told(again)]).toEqual(told(quick));
  });

  test('and then takes it all after all is told the rest', async () => {
    const slow = await listen();
    await slow.has('ready', 1);
    slow.pause();
    for (let n = 0; n < COUNT; n += 1) change(`a${n}`, { title: LARGE });
    timers.fire();
    slow.resume();
    await slow.has('alert', COUNT);
    timers.fire();
    timers.fire();
    change('last');
    await slow.has('alert', COUNT + 1);
    expect(told(slow).at(-1)).toBe(`${COUNT + 1} last`);
  });

  test('does not hold up the end', async () => {
    const [slow, quick] = [await listen(), await listen()];
    await slow.has('ready', 1);
    slow.pause();
    for (let n = 0; n < COUNT; n += 1) change(`a${n}`, { title: LARGE });
    await quick.has('alert', COUNT);
    await stop();
    slow.resume();
    expect(await slow.ended).toBe(false);
    await start();
  });
});

describe('how many listen', () => {
  test('is bounded for each, and a place that was given back can be had', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => listen()));
    const refused = await listen();
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2']);
    expect(JSON.parse(await refused.body())).toMatchObject({
      title: 'Too Many Requests',
      detail: 'So many listen already: 10 of one caller. Close one of them.',
    });
    await ten[0]?.close();
    await vi.waitFor(async () => expect((await listen()).status).toBe(200));
  });

  test('is bounded in all', () => {
    const response = () => new EventEmitter() as ServerResponse;
    const responses = Array.from({ length: 200 }, response);
    for (const [n, one] of responses.entries()) live.reserve(`caller ${n % 50}`, one);
    expect(() => live.reserve('another', response())).toThrow('So many listen already: 200 in all.');
    responses[7]?.emit('close');
    const late = response();
    live.reserve('another', late);
    for (const one of [...responses, late]) one.emit('close');
  });
});
