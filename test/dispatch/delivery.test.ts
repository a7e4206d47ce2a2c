/** One attempt at a time, none longer than it may take, and nothing of it stays. */
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { Delivery } from '../../collector/dispatch/delivery.ts';
import { anySignal } from '../../shared/component/any-signal.ts';
import { Receiver } from './support/receiver.ts';
import { VirtualTime } from './support/virtual-time.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a delivery', () => {
  let siem: Receiver;
  let time: VirtualTime;
  const signals: AbortSignal[] = [];
  let delivery: Delivery;

  beforeEach(() => {
    siem = new Receiver();
    time = new VirtualTime();
    signals.length = 0;
    const output = siem.output();
    const deliver: typeof output.deliver = (messages, signal) => {
      signals.push(signal);
      return output.deliver(messages, signal);
    };
    delivery = new Delivery({ ...output, deliver }, 10, time.pause);
  });

  test('leaves nobody listening once it is over, however it ended', async () => {
    await delivery.deliver([]);
    siem.isDown = true;
    await delivery.deliver([]).catch(() => undefined);
    expect(signals).toHaveLength(2);
    expect(signals.map(listeners)).toEqual([0, 0]);
  });

  test('is not begun once it was ended', async () => {
    await delivery.end();
    await expect(delivery.deliver([])).rejects.toMatchObject({ of: 'output' });
    expect(signals).toEqual([]);
  });
});

describe('a signal of several', () => {
  test('is aborted with the first of them, for its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const { signal } = anySignal(a.signal, b.signal);
    expect(signal.aborted).toBe(false);
    b.abort('b');
    a.abort('a');
    expect(signal.reason).toBe('b');
    expect(anySignal(a.signal).signal.reason).toBe('a');
  });

  test('leaves nothing in them once it is released', () => {
    const { signal: given } = new AbortController();
    const { release } = anySignal(given);
    expect(listeners(given)).toBe(1);
    release();
    expect(listeners(given)).toBe(0);
  });
});
