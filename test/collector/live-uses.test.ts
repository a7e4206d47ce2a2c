/** Uses as they come, and everything in a whole collector. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DecidedUses } from '../../collector/live/decided-uses.ts';
import type { Commit } from '../../collector/store/store.ts';
import { type Listener, listen as listenTo } from './support/listener.ts';
import { AWAY, CLUSTER, DECIDING, HOME, idOf, outcome, read, START, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

let running: Running;
const listeners: Listener[] = [];

beforeEach(async () => {
  running = await runCollector();
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  await running.stop();
});

async function listen(query: string): Promise<Listener> {
  const listener = await listenTo(`${running.url}/api/v1/live${query}`);
  listeners.push(listener);
  await listener.has('ready', 1);
  return listener;
}

const dataOf = ({ events }: Listener, name: string) =>
  events.flatMap(({ event, data }) => (event === name ? [JSON.parse(data)] : []));
const usesOf = (listener: Listener) =>
  dataOf(listener, 'use').map(({ placement, use: { id } }) => [id, placement?.verdict]);
const away = { source: '203.0.113.9' };

describe('who listens to uses', () => {
  test('is told of those that it wants, with their placement, and of alerts besides', async () => {
    await running.post(batch(0, [use(0)]));
    const all = await listen('?uses=true');
    const some = await listen('?uses=true&placement=away&principal=shop/cart');
    const none = await listen('');
    const other = use(3, { ...away, principal: 'system:serviceaccount:shop:other', credential: 'JTI=other' });
    await running.post(batch(1, [use(1), use(2, away), read(9), other]));
    await all.has('use', 3);
    await all.has('alert', 2);
    expect(usesOf(all)).toEqual([
      [idOf(1), 'home'],
      [idOf(2), 'away'],
      [idOf(3), 'away'],
    ]);
    expect(dataOf(all, 'use')[0]).toEqual({ cluster: CLUSTER, placement: HOME, use: use(1) });
    // Where to go on from is for alerts to say.
    expect(all.events.filter(({ event }) => event === 'use').every(({ id }) => id === undefined)).toBe(true);
    for (const listener of [some, none]) await listener.has('alert', 2);
    expect(usesOf(some)).toEqual([[idOf(2), 'away']]);
    expect(usesOf(none)).toEqual([]);
  });

  test('is told of a use once its verdict has come', async () => {
    const listener = await listen('?uses=true');
    await running.post(batch(0, [use(0, { request: { verb: 'defer' } }), use(1)]));
    await listener.has('use', 1);
    expect(usesOf(listener)).toEqual([[idOf(1), 'home']]);
    running.timers.fire();
    await listener.has('use', 2);
    expect(usesOf(listener)[1]).toEqual([idOf(0), 'home']);
  });

  test('is told of so many a second, and how many were left out', async () => {
    const listener = await listen('?uses=true');
    await running.post(
      batch(
        0,
        Array.from({ length: 80 }, (_, n) => use(n)),
      ),
    );
    await listener.has('use', 50);
    running.timers.fire();
    await listener.has('left-out', 1);
    expect(dataOf(listener, 'left-out')).toEqual([{ count: 30 }]);
    await running.post(batch(80, [use(80)]));
    await listener.has('use', 51);
    expect(usesOf(listener).at(-1)).toEqual([idOf(80), 'home']);
    running.timers.fire();
    expect(await (await running.get('/metrics')).text()).toContain(
      'truant_dropped_total{component="live",reason="use"} 30',
    );
    await running.post(batch(81, [use(81, away)]));
    await listener.has('alert', 1);
    expect(dataOf(listener, 'left-out')).toHaveLength(1);
  });

  test('gets what strangers write as text alone', async () => {
    const listener = await listen('?uses=true');
    const userAgent = '<img onerror>\n\nevent: alert\ndata: {}\n\n\u2028\r';
    await running.post(batch(0, [use(0, { request: { userAgent } })]));
    await listener.has('use', 1);
    expect(dataOf(listener, 'use')[0].use.request.userAgent).toBe(userAgent);
    expect(dataOf(listener, 'alert')).toEqual([]);
  });

  test('goes on where it was when the collector is another process, with what is stored', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-live-'));
    const kept = { store: { path: path.join(folder, 'truant.db') } };
    await running.stop();
    running = await runCollector(kept);
    const listener = await listen('?lastEventId=0');
    await running.post(batch(0, [use(0, away), use(1, { ...away, credential: 'JTI=b' })]));
    await listener.has('alert', 2);
    await running.stop();
    expect(await listener.ended).toBe(true);
    running = await runCollector(kept);
    await running.post(batch(2, [use(2, { ...away, credential: 'JTI=c' }), use(3, { ...away, credential: 'JTI=b' })]));
    const again = await listen(`?lastEventId=${listener.lastId}`);
    await again.has('alert', 2);
    const ids = [...listener.events, ...again.events].flatMap(({ event, id }) => (event === 'alert' ? Number(id) : []));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect(new Set(dataOf(again, 'alert').map(({ id }) => id))).toEqual(new Set(['al-JTI=b', 'al-JTI=c']));
    await running.stop();
    await rm(folder, { recursive: true });
    running = await runCollector();
    // With the number of another store.
    const foreign = await listenTo(`${running.url}/api/v1/live`, { 'last-event-id': again.lastId ?? '' });
    listeners.push(foreign);
    await foreign.has('reset', 1);
  });

  test('hears at once of what people do about an alert', async () => {
    await running.post(batch(0, [use(0, away)]));
    const listener = await listen('');
    const response = await fetch(`${running.url}/api/v1/alerts/al-JTI=cart/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'acknowledge' }),
    });
    expect(response.status).toBe(200);
    await listener.has('alert', 1);
    expect(dataOf(listener, 'alert')).toMatchObject([{ id: 'al-JTI=cart', status: 'acknowledged' }]);
  });

  test('ends with the collector', async () => {
    const listener = await listen('?uses=true');
    await running.stop();
    expect(await listener.ended).toBe(true);
  });
});

describe('uses and their verdicts', () => {
  const commit = (uses: ReturnType<typeof use>[], placements: Parameters<typeof outcome>[0]): Commit => {
    const stream = { cluster: CLUSTER, agent: 'a', stream: 's', follows: 0, position: 0 };
    const fresh = { ...stream, observations: uses, duplicates: 0, rejected: 0, missing: 0 };
    return { cluster: CLUSTER, at: START, outcome: outcome(placements), fresh: [fresh] };
  };
  const ids = (decided: ReturnType<DecidedUses['of']>) => decided.map(({ use: { id }, placement }) => [id, placement]);

  test('come together once, whenever the verdict comes', () => {
    const decided = new DecidedUses();
    const first = commit(
      [use(0), use(1), use(2)],
      [
        [idOf(0), HOME],
        [idOf(1), DECIDING],
      ],
    );
    expect(ids(decided.of(first))).toEqual([[idOf(0), HOME]]);
    expect(
      ids(
        decided.of(
          commit(
            [],
            [
              [idOf(1), AWAY],
              [idOf(0), AWAY],
              [idOf(9), AWAY],
            ],
          ),
        ),
      ),
    ).toEqual([[idOf(1), AWAY]]);
    expect(ids(decided.of(commit([], [[idOf(2), HOME]])))).toEqual([[idOf(2), HOME]]);
  });

  test('are not waited for without bound', () => {
    const decided = new DecidedUses();
    const many = Array.from({ length: 10_003 }, (_, n) => use(n));
    expect(ids(decided.of(commit(many, [])))).toEqual([0, 1, 2].map((n) => [idOf(n), null]));
    decided.clear();
    expect(decided.of(commit([], [[idOf(10_000), HOME]]))).toEqual([]);
  });
});
