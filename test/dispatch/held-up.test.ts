/** What one alert, a clock that is put right, or many open alerts must not hold up. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SummaryNotice } from '../../shared/formats/notice.ts';
import { DAY, HOUR } from '../../shared/time.ts';
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
const letters = async () => (await at.store.deadLetters({}, { limit: 100 })).items;
const alerts = (count: number, prefix = 'a') => Array.from({ length: count }, (_, n) => at.alert(`${prefix}${n}`));
const told = () => siem.received.flatMap(({ notice }) => (notice.kind === 'alert' ? [notice.alert.id] : [])).toSorted();
const ids = (count: number) =>
  alerts(count)
    .map(({ id }) => id)
    .toSorted();

describe('an alert with which the other side takes nothing', () => {
  test.each([1, 3, 100])('holds up no other, %i at a time', async (maxBatch) => {
    siem.chokesOn.add('a7');
    await start({}, siem.output({ maxBatch }));
    await at.put(...alerts(20));
    await at.time.advance(120_000);
    expect(told()).toEqual(ids(20).filter((id) => id !== 'a7'));
    await at.put(at.alert('b1'));
    await at.time.advance(60_000);
    expect(told()).toContain('b1');
    siem.chokesOn.clear();
    await at.time.advance(60_000);
    expect(told()).toContain('a7');
  });

  test('is not what an outage was: then those that wait longest are not the last', async () => {
    siem.isDown = true;
    await start({}, siem.output({ maxBatch: 1 }));
    await at.put(...alerts(300));
    await at.time.advance(600_000);
    siem.isDown = false;
    await at.time.advance(60_000);
    const order = siem.received.flatMap(({ notice }) => (notice.kind === 'alert' ? [notice.alert.id] : []));
    expect(order).toHaveLength(300);
    // Behind those that were chosen together with the first that arrived.
    expect(order.indexOf('a0')).toBeLessThan(150);
  });

  test('is a dead letter in the end, though others arrive', async () => {
    siem.chokesOn.add('a1');
    await start({ giveUpHours: 2 });
    await at.put(at.alert('a1'));
    for (let n = 0; n < 9; n += 1) {
      await at.time.advance(HOUR / 1000 / 4 - 60_000);
      await at.put(at.alert(`b${n}`));
      await at.time.advance(60_000);
      expect(told()).toHaveLength(n + 1);
      expect(await letters()).toHaveLength(n < 8 ? 0 : 1);
    }
    expect(await letters()).toMatchObject([{ alert: 'a1', reason: 'authorisation', detail: 'It answers 403.' }]);
  });

  test('holds up no other when it is told again', async () => {
    await start({}, siem.output({ repeatSeconds: 60 }));
    await at.put(at.alert('a1'), at.alert('a2'));
    siem.chokesOn.add('a1');
    await at.time.advance(61_000);
    await at.put(at.alert('a3'));
    await at.time.advance(60_000);
    expect(told()).toContain('a3');
  });
});

describe('a clock that was ahead and is put right', () => {
  test('has nobody wait longer', async () => {
    at.time.set(DAY / 1000);
    await start({ rateLimit: { alerts: 3, perSeconds: 60 }, updateSeconds: 30 }, siem.output({ repeatSeconds: 120 }));
    await at.put(at.alert('a1'));
    await at.put(at.alert('a1', { revision: 2 }));
    await at.put(...alerts(4, 'b'));
    at.time.set(-DAY / 1000);
    await at.time.advance(100_000);
    expect(siem.received.map(({ notice }) => notice.kind)).toEqual(['alert', 'alert', 'alert', 'summary']);
    expect(siem.received[3]?.notice).toMatchObject({ total: 3 });
    await at.time.advance(120_000);
    expect(told().filter((id) => id === 'a1').length).toBeGreaterThan(1);
  });
});

describe('an output that forgets', () => {
  test('is told again of all that is open, however much that is', async () => {
    await start({}, siem.output({ repeatSeconds: 600, maxBatch: 100 }));
    await at.put(...alerts(1200));
    expect(told()).toHaveLength(1200);
    siem.received.length = 0;
    await at.time.advance(600_000);
    expect(told()).toEqual(ids(1200));
  });
});

describe('a summary of which nobody knows whether it arrived', () => {
  test('is sent again as it was, and what came meanwhile is not in it', async () => {
    await start({ rateLimit: { alerts: 1, perSeconds: 60 } });
    await at.put(...alerts(4));
    siem.isMute = true;
    await at.time.advance(60_000);
    await at.put(at.alert('b1'), at.alert('a2', { revision: 2 }));
    siem.isMute = false;
    await at.time.advance(10_000);
    const [first, second] = siem.received.slice(1).map(({ notice }) => notice as SummaryNotice);
    expect(first).toMatchObject({ kind: 'summary', total: 3 });
    expect(second).toEqual(first);
    await at.time.advance(120_000);
    const next = siem.received.at(-1)?.notice as SummaryNotice;
    expect(next.alerts.map(({ id }) => id).toSorted()).toEqual(['a2', 'b1']);
  });
});

describe('a dead letter of an alert that is closed', () => {
  test('stays one until its closing was told of, too', async () => {
    siem.refused.add('a1');
    await start({}, siem.output({ maxBatch: 1 }));
    await at.put(at.alert('a1', { status: 'closed' }));
    siem.refused.clear();
    const output = siem.output({ maxBatch: 1 });
    const deliver: typeof output.deliver = (messages, signal) =>
      messages.some(({ notice }) => notice.id.endsWith('/close'))
        ? new Promise(() => undefined)
        : output.deliver(messages, signal);
    await at.dispatch?.component.stop();
    await start({}, { ...output, deliver });
    // It has stored nothing for a while, and does with the next that arrives.
    await at.time.advance(1000);
    await at.dispatch?.replay('siem');
    await at.time.advance(1000);
    // Killed now, there is a letter of what is still to be told.
    expect(siem.ids.map((id) => id.split('/').at(-1))).toEqual(['create']);
    expect(await letters()).toHaveLength(1);
  });
});
