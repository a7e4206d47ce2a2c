import { describe, expect, test } from 'vitest';
import { Envelope } from '../../shared/schema/envelope.ts';
import { heartbeat, read, status, use } from '../collector/support/make.ts';
import { ALL, close, ids, MEGABYTE, opened, place, uses } from './support/open.ts';

const finding = (severity: 'info' | 'low' | 'critical') => ({ severity }) as never;

describe('a spool', () => {
  test('that is new has a stream of its own, and holds nothing', async () => {
    const [one, other] = [await opened(place()), await opened(place())];
    expect(one.uuid).not.toBe(other.uuid);
    expect([one.checkpoint, one.records, one.bytes, one.oldestSeconds(), one.read(ALL)]).toEqual([
      undefined,
      0,
      0,
      0,
      [],
    ]);
    expect([...one.held]).toEqual([]);
    expect(one.setAside).toBeUndefined();
  });

  test('gives back what was put, in order and numbered, with all that is needed to send it', async () => {
    const spool = await opened(place());
    await spool.put({ items: uses(0, 2) });
    await spool.put({ items: uses(2, 3) });
    const records = spool.read(ALL);
    expect(records.map(({ position, key }) => [position, key])).toEqual([0, 1, 2].map((n) => [n, 'JTI=cart']));
    const head = '{"schema":1,"cluster":"lab","agent":"node-a","stream":"s","position":1,';
    expect(Envelope.parse(JSON.parse(head + records[1]?.body.toString()))).toMatchObject({
      kind: 'use',
      time: use(1).time,
      observation: use(1),
      findings: [],
    });
  });

  test('has nothing to read of what is not on disk', async () => {
    const spool = await opened(place());
    const written = spool.put({ items: uses(0, 2) });
    expect(spool.read(ALL)).toEqual([]);
    expect(spool.records).toBe(2);
    await written;
    expect(spool.read(ALL)).toHaveLength(2);
  });

  test('comes back as it was, and goes on with the same stream and numbers', async () => {
    const folder = place();
    let spool = await opened(folder);
    const { uuid } = spool;
    await spool.put({
      items: uses(0, 10),
      hold: new Map([
        ['a', use(100)],
        ['b', use(101)],
      ]),
      checkpoint: 7,
    });
    spool.acknowledge(spool.read({ ...ALL, records: 4 }));
    await spool.put({ release: ['a'], hold: new Map([['b', use(102)]]) });
    const { bytes } = spool;
    await close(spool);
    spool = await opened(folder);
    expect([spool.uuid, spool.checkpoint, spool.records, spool.bytes]).toEqual([uuid, 7, 6, bytes]);
    expect([...spool.held].map(([name, { observation }]) => [name, observation.id])).toEqual([['b', use(102).id]]);
    await spool.put({ items: uses(10, 11) });
    expect(spool.read(ALL).map(({ position }) => position)).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  test('never gives a number again, though all that had one was delivered', async () => {
    const folder = place();
    let spool = await opened(folder);
    await spool.put({ items: uses(0, 3) });
    spool.acknowledge(spool.read(ALL));
    await close(spool);
    spool = await opened(folder);
    expect(spool.read(ALL)).toEqual([]);
    await spool.put({ items: uses(3, 4) });
    expect(spool.read(ALL).map(({ position }) => position)).toEqual([3]);
  });

  test('keeps the newest place in the log where a change names none', async () => {
    const spool = await opened(place());
    await spool.put({ checkpoint: 3 });
    await spool.put({ items: uses(0, 1) });
    expect(spool.checkpoint).toBe(3);
  });

  test('reads as much as is asked for, and one at least', async () => {
    const spool = await opened(place());
    await spool.put({ items: uses(0, 10) });
    expect(spool.read({ records: 3, bytes: MEGABYTE })).toHaveLength(3);
    expect(spool.read({ records: 100, bytes: 2500 }).length).toBeLessThan(4);
    expect(spool.read({ records: 100, bytes: 1 })).toHaveLength(1);
  });

  test('says how long the oldest has waited', async () => {
    let now = 1_000_000;
    const spool = await opened(place(), { now: () => now });
    await spool.put({ items: uses(0, 1) });
    now += 5000;
    await spool.put({ items: uses(1, 2) });
    now += 1000;
    expect(spool.oldestSeconds()).toBe(6);
    spool.acknowledge(spool.read({ ...ALL, records: 1 }));
    expect(spool.oldestSeconds()).toBe(1);
  });

  test('tells who waits that there is more', async () => {
    const spool = await opened(place());
    const more = spool.more();
    await spool.put({ items: uses(0, 1) });
    await more;
    expect(spool.read(ALL)).toHaveLength(1);
    const woken = spool.more();
    spool.wake();
    await woken;
  });

  test('counts what came and what was delivered', async () => {
    const spool = await opened(place());
    await spool.put({ items: uses(0, 5) });
    spool.acknowledge(spool.read({ ...ALL, records: 2 }));
    expect([await spool.count('received'), await spool.count('sent')]).toEqual([5, 2]);
  });
});

describe('a full spool', () => {
  const big = (n: number, parts: Parameters<typeof read>[1] = {}) =>
    read(n, { excused: 'x'.repeat(950_000), ...parts });
  const ordinary = (n: number) => ({ observation: big(n), findings: [] });
  const odd = (n: number) => ({ observation: big(n, { outcome: 'denied' }), findings: [] });
  const found = (n: number, severity: 'info' | 'low' | 'critical') => ({
    observation: big(n),
    findings: [finding(severity)],
  });

  type Big = ReturnType<typeof ordinary | typeof found>;
  const fill = (count: number, make: (n: number) => Big): Big[] => Array.from({ length: count }, (_, n) => make(n));
  const large = { observation: status(1, { detail: 'x'.repeat(1_200_000) }), findings: [] };

  /** Of 16 MB with 1 MB in reserve: 16 of these fit. */
  async function full(items: readonly Big[], folder = place()) {
    const spool = await opened(folder);
    for (const item of items) await spool.put({ items: [item] });
    return spool;
  }

  test('leaves out the oldest of the least severe first', async () => {
    const folder = place();
    const gone: number[] = [];
    let spool = await full(
      [
        found(0, 'critical'),
        found(1, 'info'),
        odd(2),
        ordinary(3),
        ordinary(4),
        ...fill(11, (n) => found(5 + n, 'critical')),
      ],
      folder,
    );
    for (let n = 0; n < 6; n += 1) {
      await spool.put({ items: [found(20 + n, 'critical')] });
      // Opened anew, as what was read is on its way and not left out.
      await close(spool);
      spool = await opened(folder);
      const kept = ids(spool.read(ALL));
      gone.push(...[0, 1, 2, 3, 4, 5].filter((id) => !gone.includes(id) && !kept.includes(use(id).id)));
      await close(spool);
      spool = await opened(folder);
    }
    expect(gone).toEqual([3, 4, 2, 1, 0, 5]);
  });

  test.each([
    { newcomer: ordinary(90), leaves: 90, because: 'it is the least severe itself' },
    { newcomer: odd(90), leaves: 90, because: 'all others are more severe' },
    { newcomer: found(90, 'info'), leaves: 0, because: 'that is the oldest of the same severity' },
    { newcomer: found(90, 'critical'), leaves: 0, because: 'that is the oldest of a lesser one' },
  ])('leaves out $leaves for another: $because', async ({ newcomer, leaves }) => {
    const spool = await full(fill(16, (n) => found(n, 'info')));
    expect(await spool.count('dropped')).toBe(0);
    await spool.put({ items: [newcomer] });
    const kept = ids(spool.read(ALL));
    expect([0, ...Array.from({ length: 15 }, (_, n) => n + 1), 90].filter((n) => !kept.includes(use(n).id))).toEqual([
      leaves,
    ]);
    expect(await spool.count('dropped')).toBe(1);
    expect(spool.records).toBe(16);
  });

  test('does not leave out what is on its way', async () => {
    const spool = await full(fill(16, (n) => found(n, 'info')));
    const onItsWay = spool.read({ ...ALL, records: 3 });
    await spool.put({ items: [found(90, 'info')] });
    spool.acknowledge(onItsWay);
    expect(spool.records).toBe(13);
    expect(ids(spool.read(ALL))[0]).toBe(use(4).id);
  });

  test('has room for what sources say, and for requests that were read already', async () => {
    const spool = await full(fill(16, (n) => found(n, 'info')));
    await spool.put({ items: [{ observation: status(50), findings: [] }, ...uses(60, 61)] });
    expect(ids(spool.read(ALL)).slice(-2)).toEqual([status(50).id, use(60).id]);
  });

  test('lets who reads the log wait until there is room', async () => {
    const spool = await full(fill(16, (n) => found(n, 'info')));
    await spool.put({ items: [large] });
    let hasRoom: boolean | undefined;
    const room = spool.room().then((said) => {
      hasRoom = said;
    });
    await spool.written();
    expect(hasRoom).toBeUndefined();
    spool.acknowledge(spool.read({ ...ALL, records: 2 }));
    await room;
    expect(hasRoom).toBe(true);
  });

  test('says how many it left out once there is room, and only once; over a restart too', async () => {
    const folder = place();
    let spool = await full(
      fill(16, (n) => found(n, 'info')),
      folder,
    );
    await spool.put({ items: [ordinary(90), ordinary(91)] });
    expect(spool.takeLosses()).toBeUndefined();
    await close(spool);
    spool = await opened(folder);
    expect(spool.takeLosses()).toBeUndefined();
    spool.acknowledge(spool.read({ ...ALL, records: 5 }));
    expect(spool.takeLosses()).toEqual({ count: 2, seen: big(91).seen });
    expect(spool.takeLosses()).toBeUndefined();
  });

  test('lets go who waits for room when nobody is to wait any more', async () => {
    const spool = await full(fill(16, (n) => found(n, 'info')));
    await spool.put({ items: [large] });
    const room = spool.room();
    spool.release();
    await expect(Promise.all([room, spool.room()])).resolves.toEqual([false, false]);
  });

  test('holds a bounded amount in memory that is not on disk yet', async () => {
    const spool = await opened(place(), { maxBytes: 64 * MEGABYTE });
    const written = spool.put({ items: fill(30, ordinary) });
    expect(await spool.count('dropped')).toBeGreaterThanOrEqual(20);
    await written;
    expect(spool.read(ALL)).toHaveLength(30 - (await spool.count('dropped')));
  });
});

describe('a heartbeat', () => {
  test('is put once, and again only when the one before it has been delivered', async () => {
    const folder = place();
    let spool = await opened(folder);
    await spool.put({ items: uses(0, 2) });
    expect([1, 2, 3].map((n) => spool.offer(heartbeat(n)))).toEqual([true, false, false]);
    await spool.put({ items: uses(2, 4) });
    await close(spool);
    // By an agent that comes after it, too.
    spool = await opened(folder);
    expect(spool.offer(heartbeat(4))).toBe(false);
    expect(ids(spool.read(ALL))).toEqual([use(0), use(1), heartbeat(1), use(2), use(3)].map(({ id }) => id));
    spool.acknowledge(spool.read({ ...ALL, records: 2 }));
    expect(spool.offer(heartbeat(5))).toBe(false);
    spool.acknowledge(spool.read({ ...ALL, records: 1 }));
    expect(spool.offer(heartbeat(6))).toBe(true);
  });

  test('is left out where there is no room for it, and takes none from others', async () => {
    const spool = await opened(place(), { maxBytes: 64 * 1024 });
    for (let n = 0; spool.bytes < 56 * 1024; n += 1)
      await spool.put({ items: [{ observation: read(n), findings: [] }] });
    const before = [spool.records, spool.bytes, await spool.count('dropped')];
    const detail = 'x'.repeat(512);
    const parts = Array.from({ length: 8 }, (_, n) => ({ name: `part-${n}`, state: 'degraded', detail }));
    expect(spool.offer(heartbeat(0, { parts }))).toBe(false);
    expect([spool.records, spool.bytes, await spool.count('dropped')]).toEqual(before);
    expect(spool.takeLosses()?.count ?? 0).toBe(before[2]);
  });
});
