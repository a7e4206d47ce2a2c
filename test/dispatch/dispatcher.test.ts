/** What is sent when, over a real store and in a time of the test's own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeadLetter, Told } from '../../collector/store/outputs.ts';
import { TruantError } from '../../shared/errors.ts';
import type { SummaryNotice } from '../../shared/formats/notice.ts';
import { HOUR } from '../../shared/time.ts';
import { CLUSTER, START } from '../collector/support/make.ts';
import { Dispatching } from './support/dispatching.ts';
import { Receiver } from './support/receiver.ts';

let at: Dispatching;
let siem: Receiver;

beforeEach(async () => {
  at = await Dispatching.open();
  siem = new Receiver();
});
afterEach(() => at.dispose());

const start = (settings: object = {}, output = siem.output()) => at.start({ siem: { settings, output } });
const status = async (name = 'siem') => (await at.dispatch?.statuses())?.find((one) => one.name === name);
const letters = async () => (await at.store.deadLetters({}, { limit: 100 })).items;
const cursor = async () => (await at.store.outputCursors()).find(({ output }) => output === 'siem');
const told = (id: string): Promise<Told[]> => at.store.toldOf('siem', [{ cluster: CLUSTER, id }]);
const noticeIds = (...ids: string[]) => ids.map((id) => `${CLUSTER}/${id}`);

describe('an output', () => {
  test('begins with what happens from now on, and after a restart goes on from there', async () => {
    await at.put(at.alert('old'));
    await start();
    await at.put(at.alert('a1'), at.alert('a2'), at.alert('a3'), at.alert('a4'));
    expect(siem.ids).toEqual(noticeIds('a1/1/create', 'a2/1/create', 'a3/1/create', 'a4/1/create'));
    expect(siem.batches).toEqual([3, 1]);
    expect(siem.received[0]?.notice.link).toBe(`https://truant.example/alerts/${CLUSTER}/a1`);
    await at.dispatch?.component.stop();
    expect(siem.isClosed).toBe(true);
    await at.put(at.alert('a1', { revision: 2, status: 'closed' }));
    await start();
    await at.time.settled();
    expect(siem.ids.slice(4)).toEqual(noticeIds('a1/2/close'));
  });

  test('begins with every alert that there is, if it is to', async () => {
    await at.put(at.alert('old'), at.alert('older', { status: 'closed' }));
    await start({ from: 'beginning' });
    await at.time.settled();
    expect(siem.ids).toEqual(noticeIds('old/1/create', 'older/1/create', 'older/1/close'));
  });

  test('whose place is beyond a store that was made anew begins anew', async () => {
    await at.put(at.alert('a1'));
    await at.store.saveOutput({ cursor: { output: 'siem', change: 99, failingSince: null }, told: [], dead: [] });
    await start({ from: 'beginning' });
    await at.time.settled();
    expect(siem.ids).toEqual(noticeIds('a1/1/create'));
  });

  test('hears of updates no more often than it likes, but at once of what is worse, closed or open again', async () => {
    await start({ updateSeconds: 30 });
    await at.put(at.alert('a1', { severity: 'low' }));
    await at.put(at.alert('a1', { severity: 'low', revision: 2 }));
    await at.put(at.alert('a1', { severity: 'low', revision: 3 }));
    await at.time.advance(29_000);
    expect(siem.ids).toEqual(noticeIds('a1/1/create'));
    expect(await status()).toMatchObject({ waiting: 1, lagSeconds: 0 });
    await at.time.advance(1000);
    expect(siem.ids).toEqual(noticeIds('a1/1/create', 'a1/3/update'));
    await at.put(at.alert('a1', { severity: 'high', revision: 4 }));
    await at.put(at.alert('a1', { severity: 'high', revision: 5, status: 'closed' }));
    await at.put(at.alert('a1', { severity: 'high', revision: 6 }));
    expect(siem.ids.slice(2)).toEqual(noticeIds('a1/4/update', 'a1/5/close', 'a1/6/update'));
    // While an update of one waits, others are told.
    await at.put(at.alert('a1', { severity: 'high', revision: 7 }), at.alert('a2'));
    expect(siem.ids.slice(5)).toEqual(noticeIds('a2/1/create'));
  });

  test('does not wait for a clock that was ahead', async () => {
    await start({ updateSeconds: 30 });
    const ahead = {
      revision: 1,
      status: 'open',
      severity: 'critical',
      how: 'notice',
      at: START + 1000 * HOUR,
    } as const;
    const place = { output: 'siem', change: 0, failingSince: null };
    await at.store.saveOutput({ cursor: place, told: [{ cluster: CLUSTER, id: 'a1', ...ahead }], dead: [] });
    await at.put(at.alert('a1', { revision: 2 }));
    await at.time.advance(30_000);
    expect(siem.ids).toEqual(noticeIds('a1/2/update'));
  });

  test('hears only of what is for it, and of that whatever becomes of it', async () => {
    await start({ minSeverity: 'high', updateSeconds: 0 });
    await at.put(at.alert('a1', { severity: 'high' }), at.alert('a2', { severity: 'low' }));
    await at.put(at.alert('a1', { severity: 'low', revision: 2 }), at.alert('a2', { severity: 'low', revision: 2 }));
    expect(siem.ids).toEqual(noticeIds('a1/1/create', 'a1/2/update'));
    await at.put(at.alert('a2', { severity: 'critical', revision: 3 }));
    expect(siem.ids.slice(2)).toEqual(noticeIds('a2/3/create'));
  });

  test.each<[string[], string[]]>([
    [['create'], ['a1/1/create', 'a1/4/update', 'a2/6/create']],
    [['update'], ['a1/2/update', 'a1/4/update']],
    [['close'], ['a1/3/close', 'a1/5/close', 'a2/6/close']],
    [
      ['update', 'close'],
      ['a1/2/update', 'a1/3/close', 'a1/4/update', 'a1/5/close', 'a2/6/close'],
    ],
  ])('that wants to hear when an alert is %j hears of that', async (on, expected) => {
    await start({ on, updateSeconds: 0 });
    await at.put(at.alert('a1'));
    await at.put(at.alert('a1', { revision: 2 }));
    await at.put(at.alert('a1', { revision: 3, status: 'closed' }));
    await at.put(at.alert('a1', { revision: 4 }));
    await at.put(at.alert('a1', { revision: 5, status: 'closed' }));
    await at.put(at.alert('a2', { revision: 6, status: 'closed' }));
    expect(siem.ids).toEqual(noticeIds(...expected));
    await at.dispatch?.component.stop();
    await start({ on, updateSeconds: 0 });
    await at.time.settled();
    expect(siem.ids).toEqual(noticeIds(...expected));
  });

  test('that is told of what is not for it stores how far it is, now and then', async () => {
    await start({ minSeverity: 'critical' });
    await at.time.settled();
    for (let n = 1; n <= 3; n += 1) await at.put(at.alert('a1', { severity: 'low', revision: n }));
    expect(await cursor()).toMatchObject({ change: 0 });
    await at.time.advance(5000);
    expect(await cursor()).toMatchObject({ change: 3 });
  });
});

describe('an output that takes nothing', () => {
  test('is tried again, less and less often, and gets all of it as it is then', async () => {
    siem.isDown = true;
    await start({ updateSeconds: 0 });
    await at.put(at.alert('a1'), at.alert('a2'));
    await at.time.advance(1000);
    await at.put(at.alert('a1', { revision: 2, status: 'closed' }));
    await at.time.advance(600_000);
    // Of twice as long each time up to a minute, never less than half: between these.
    expect(siem.attempts).toBeGreaterThan(12);
    expect(siem.attempts).toBeLessThan(30);
    expect(at.dispatch?.component.status()).toEqual({
      state: 'degraded',
      detail: 'The output siem takes no alerts: Nobody answers there.',
    });
    // The first change is there no more: the alert changed again.
    expect(await cursor()).toEqual({ output: 'siem', change: 1, failingSince: START });
    expect(await status()).toMatchObject({
      state: 'retrying',
      waiting: 2,
      lagSeconds: 601,
      delivered: 0,
      failure: { reason: 'unreachable', detail: 'Nobody answers there.', remedy: 'Start it.', since: START },
    });
    siem.isDown = false;
    await at.time.advance(60_000);
    expect(siem.ids.filter((id) => id.includes('/a1/'))).toEqual(noticeIds('a1/2/create', 'a1/2/close'));
    expect(siem.ids.filter((id) => id.includes('/a2/'))).toEqual(noticeIds('a2/1/create'));
    expect(at.dispatch?.component.status()).toEqual({ state: 'running' });
    expect(await cursor()).toEqual({ output: 'siem', change: 3, failingSince: null });
    expect(await status()).toMatchObject({ state: 'ok', waiting: 0, lagSeconds: 0, delivered: 3, failure: null });
    expect((await status())?.retried).toBeGreaterThan(12);
  });

  test('is not asked sooner because there is more to tell, nor sooner than it wants to be', async () => {
    siem.isDown = true;
    siem.retryAfterMs = 600_000;
    await start();
    await at.put(at.alert('a1'));
    for (let n = 0; n < 20; n += 1) await at.put(at.alert(`b${n}`));
    await at.time.advance(599_000);
    expect(siem.attempts).toBe(1);
    await at.time.advance(2000);
    expect(siem.attempts).toBe(2);
  });

  test('has what it did not take for too long as dead letters, over a restart, and is tried on', async () => {
    siem.isDown = true;
    await start({ giveUpHours: 2 });
    await at.put(at.alert('a1'));
    await at.time.advance(HOUR / 1000);
    await at.put(at.alert('a2'));
    await at.dispatch?.component.stop();
    await at.time.advance(HOUR / 1000);
    expect(await letters()).toEqual([]);
    await start({ giveUpHours: 2 });
    await at.time.settled();
    expect(await letters()).toMatchObject([
      { alert: 'a1', revision: 1, event: 'create', reason: 'unreachable', remedy: 'Start it.', since: START },
    ]);
    expect(await status()).toMatchObject({ deadLetters: 1, waiting: 1, state: 'retrying' });
    await at.time.advance(HOUR / 1000 + 60_000);
    expect((await letters()).map(({ alert }) => alert).toSorted()).toEqual(['a1', 'a2']);
    siem.isDown = false;
    await at.put(at.alert('a3'));
    await at.time.advance(61_000);
    expect(siem.ids).toEqual(noticeIds('a3/1/create'));
    expect(await at.dispatch?.replay('siem')).toBe(2);
    await at.time.settled();
    expect(siem.ids.toSorted()).toEqual(noticeIds('a1/1/create', 'a2/1/create', 'a3/1/create'));
    expect(await letters()).toEqual([]);
  });

  test('by not answering in time is one, and never has two deliveries at a time', async () => {
    siem.hangs = true;
    await start({ timeoutSeconds: 10 });
    await at.put(at.alert('a1'));
    await at.time.advance(9000);
    expect(await status()).toMatchObject({ state: 'ok' });
    await at.time.advance(1000);
    expect(await status()).toMatchObject({
      state: 'retrying',
      failure: { reason: 'timeout', detail: 'There was no answer within 10 seconds.' },
    });
    siem.hangs = false;
    await at.time.advance(2000);
    expect(siem.ids).toEqual(noticeIds('a1/1/create'));
  });

  test('by a defect of its own is one', async () => {
    const output = siem.output({ deliver: () => Promise.reject(new TypeError('x is not a function')) });
    await start({}, output);
    await at.put(at.alert('a1'));
    expect(await status()).toMatchObject({
      failure: { reason: 'peer', detail: 'Sending failed: x is not a function' },
    });
  });

  test('holds up no other, nor the end', async () => {
    const slow = new Receiver();
    slow.hangs = true;
    await at.start({ slow: { output: slow.output() }, siem: { output: siem.output() } });
    for (let n = 0; n < 20; n += 1) await at.put(at.alert(`a${n}`));
    expect(siem.received).toHaveLength(20);
    expect(slow.received).toEqual([]);
    const stopping = at.dispatch?.component.stop();
    await at.time.advance(5000);
    await stopping;
    expect(slow.isClosed).toBe(true);
  });
});

describe('alerts that an output does not take', () => {
  const dead = { alert: 'a2', event: 'create', revision: 1, reason: 'rejected', detail: 'No.', attempts: 1 } as const;

  test('are dead letters at once, and the others arrive', async () => {
    siem.refused.add('a2');
    await start();
    await at.put(at.alert('a1'), at.alert('a2'), at.alert('a3'));
    expect(siem.ids).toEqual(noticeIds('a1/1/create', 'a3/1/create'));
    expect(await letters()).toMatchObject([dead]);
    expect(await status()).toMatchObject({ state: 'ok', delivered: 2, failed: 1, deadLetters: 1, waiting: 0 });
    expect((await cursor())?.change).toBe(3);
  });

  test('are told whole once they change, and are no dead letters then', async () => {
    siem.refused.add('a2');
    await start();
    await at.put(at.alert('a2'));
    siem.refused.clear();
    await at.put(at.alert('a2', { revision: 2 }));
    expect(siem.ids).toEqual(noticeIds('a2/2/create'));
    expect(await letters()).toEqual([]);
  });

  test('and are closed by then are not closed there either', async () => {
    siem.refused.add('a2');
    await start({}, siem.output({ maxBatch: 1 }));
    await at.put(at.alert('a2', { status: 'closed' }));
    expect(siem.received).toEqual([]);
    expect(siem.attempts).toBe(1);
    expect(await letters()).toMatchObject([dead]);
  });

  test('as they are too large are dead letters, and are not sent', async () => {
    await start({}, siem.output({ maxBytes: 10 }));
    await at.put(at.alert('a1'));
    expect(siem.attempts).toBe(0);
    expect(await letters()).toMatchObject([{ alert: 'a1', reason: 'too-large' }]);
  });

  test('are sent again when somebody asks for it, as they are by then, and stay dead letters if that fails', async () => {
    siem.refused.add('a2');
    await start({ on: ['create'] });
    await at.put(at.alert('a2'));
    expect(await at.dispatch?.replay('siem', ['dl_none'])).toBe(0);
    const [{ id }] = (await letters()) as [DeadLetter];
    await at.time.advance(1000);
    expect(await at.dispatch?.replay('siem', [id])).toBe(1);
    await at.time.settled();
    expect(await letters()).toMatchObject([{ ...dead, id, attempts: 2 }]);
    siem.refused.clear();
    await at.dispatch?.replay('siem');
    await at.time.settled();
    expect(siem.ids).toEqual(noticeIds('a2/1/create'));
    expect(await letters()).toEqual([]);
    expect(await told('a2')).toMatchObject([{ revision: 1, status: 'open', how: 'notice' }]);
  });

  test('can not be sent again by an output that is off, unknown, or not configured any more', async () => {
    await at.store.saveOutput({
      cursor: { output: 'gone', change: 0, failingSince: null },
      told: [],
      dead: [{ ...dead, id: 'dl_1', output: 'gone', cluster: CLUSTER, ...rest }],
    });
    await at.put(at.alert('a2'));
    await start({ enabled: false });
    await expect(at.dispatch?.replay('siem')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(at.dispatch?.replay('gone')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(at.dispatch?.replay('never')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(
      (await at.dispatch?.statuses())?.map(({ name, type, state, deadLetters }) => [name, type, state, deadLetters]),
    ).toEqual([
      ['gone', null, 'off', 1],
      ['siem', 'stdout', 'off', 0],
    ]);
  });
  const rest = { title: 't', severity: 'low', remedy: null, since: START, at: START } as const;
});

describe('a rate limit', () => {
  const limited = { rateLimit: { alerts: 3, perSeconds: 60 }, updateSeconds: 0 };

  test('lets so many through, and tells of the others in one summary at the end of the time', async () => {
    await start(limited);
    const rest = Array.from({ length: 30 }, (_, n) =>
      at.alert(`b${n}`, { severity: n === 7 ? 'critical' : 'low', rules: n < 3 ? ['a'] : ['a', 'b'] }),
    );
    await at.put(at.alert('a1'), at.alert('a2'), at.alert('a3'), ...rest);
    expect(siem.ids).toEqual(noticeIds('a1/1/create', 'a2/1/create', 'a3/1/create'));
    expect(await cursor()).toMatchObject({ change: 3 });
    await at.put(at.alert('a1', { revision: 2, status: 'closed' }));
    await at.time.advance(59_000);
    expect(siem.received).toHaveLength(3);
    await at.time.advance(1000);
    expect(siem.received).toHaveLength(4);
    const summary = siem.received[3]?.notice as SummaryNotice;
    expect(summary).toMatchObject({
      kind: 'summary',
      output: 'siem',
      total: 31,
      severities: { critical: 2, low: 29 },
      link: 'https://truant.example/alerts',
    });
    expect(summary.rules[0]).toEqual({ rule: 'a', count: 30 });
    expect(
      summary.alerts
        .map(({ id }) => id)
        .slice(0, 2)
        .toSorted(),
    ).toEqual(['a1', 'b7']);
    expect(summary.alerts).toHaveLength(20);
    expect(await status()).toMatchObject({ summarised: 31, delivered: 4, waiting: 0 });
    expect(await cursor()).toMatchObject({ change: 34 });
    // What was only counted is new to it once it changes; of the other it knows.
    await at.put(at.alert('b7', { revision: 2 }), at.alert('a1', { revision: 3, status: 'open' }));
    expect(siem.ids.slice(4)).toEqual(noticeIds('b7/2/create', 'a1/3/update'));
  });

  test('loses nothing when the collector ends meanwhile', async () => {
    await start(limited);
    await at.put(...Array.from({ length: 5 }, (_, n) => at.alert(`a${n}`)));
    await at.dispatch?.component.stop();
    await start(limited);
    await at.time.settled();
    expect(siem.ids).toEqual(noticeIds('a0/1/create', 'a1/1/create', 'a2/1/create', 'a3/1/create', 'a4/1/create'));
  });

  test('of one lets an alert that needs two messages be counted, and ends', async () => {
    await start({ rateLimit: { alerts: 1, perSeconds: 60 } });
    await at.put(at.alert('a1', { status: 'closed' }));
    await at.time.advance(60_000);
    expect(siem.received.map(({ notice }) => notice.kind)).toEqual(['summary']);
    expect(await told('a1')).toMatchObject([{ how: 'summary', status: 'closed' }]);
    await at.time.advance(600_000);
    expect(siem.received).toHaveLength(1);
  });

  test('has what somebody asked for wait, and tells of it one by one', async () => {
    for (let n = 0; n < 7; n += 1) siem.refused.add(`a${n}`);
    await start();
    await at.put(...Array.from({ length: 7 }, (_, n) => at.alert(`a${n}`)));
    expect(await status()).toMatchObject({ deadLetters: 7 });
    await at.dispatch?.component.stop();
    siem.refused.clear();
    await start({ rateLimit: { alerts: 3, perSeconds: 60 } });
    await at.dispatch?.replay('siem');
    await at.time.settled();
    expect(siem.received).toHaveLength(3);
    await at.time.advance(120_000);
    expect(siem.received.map(({ notice }) => notice.kind)).toEqual(Array(7).fill('alert'));
    expect(await status()).toMatchObject({ deadLetters: 0 });
  });
});

describe('an output that forgets', () => {
  test('is told of what is open again and again, and its place stays', async () => {
    const output = siem.output({ repeatSeconds: 60 });
    await at.start({ siem: { settings: { rateLimit: { alerts: 2, perSeconds: 3600 } }, output } });
    await at.put(at.alert('a1'), at.alert('a2'));
    await at.put(at.alert('a1', { revision: 2, status: 'acknowledged' }));
    await at.time.advance(60_000);
    expect(siem.ids.slice(2).toSorted()).toEqual(noticeIds('a1/2/update', 'a2/1/update'));
    await at.time.advance(120_000);
    expect(siem.received).toHaveLength(8);
  });
});

describe('a store that can not be asked', () => {
  test('is asked again, and what was delivered is not sent twice', async () => {
    let failures = 0;
    const failing = new Proxy(at.time.watched(at.store), {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (failures > 0 && name === 'saveOutput') {
            failures -= 1;
            return Promise.reject(new TruantError('STORE_UNAVAILABLE', 'no space left on device'));
          }
          return value.apply(target, given) as unknown;
        };
      },
    });
    await at.start({ siem: { output: siem.output() } }, failing);
    failures = 3;
    await at.put(at.alert('a1'));
    expect(await told('a1')).toEqual([]);
    await at.time.advance(20_000);
    expect(siem.ids).toEqual(noticeIds('a1/1/create'));
    expect(await told('a1')).toMatchObject([{ revision: 1 }]);
  });
});

describe('a test alert', () => {
  test('arrives past all filters and limits, marked, and leaves no trace', async () => {
    await start({ minSeverity: 'critical', rules: ['none'], rateLimit: { alerts: 1 } });
    const answer = await at.dispatch?.test('siem');
    expect(answer).toMatchObject({ ok: true, failure: null });
    expect(siem.received[0]?.notice).toMatchObject({ isTest: true, alert: { id: answer?.alert } });
    expect(JSON.parse(siem.received[0]?.text ?? '')).toMatchObject({ test: true });
    expect(await status()).toMatchObject({ delivered: 0 });
  });

  test('tells why it did not arrive', async () => {
    siem.isDown = true;
    await start();
    expect(await at.dispatch?.test('siem')).toMatchObject({
      ok: false,
      failure: { reason: 'unreachable', detail: 'Nobody answers there.', remedy: 'Start it.' },
    });
    await expect(at.dispatch?.test('never')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('can be sent to one that is off, and waits for what is under way', async () => {
    const off = new Receiver();
    siem.hangs = true;
    await at.start({ siem: { output: siem.output() }, off: { settings: { enabled: false }, output: off.output() } });
    expect(await at.dispatch?.test('off')).toMatchObject({ ok: true });
    await at.put(at.alert('a1'));
    const trying = at.dispatch?.test('siem');
    await at.time.advance(1000);
    siem.hangs = false;
    siem.release?.();
    expect(await trying).toMatchObject({ ok: true });
    expect(siem.received).toHaveLength(2);
  });
});
