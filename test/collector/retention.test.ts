import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createRetention } from '../../collector/store/retention.ts';
import type { LetGo, Retention, Store } from '../../collector/store/store.ts';
import { DAY } from '../../shared/time.ts';
import { manualTimers, silent } from './support/doubles.ts';
import { START } from './support/make.ts';

test('retention runs with the timer, one at a time, says when it fails, and ends with its component', async () => {
  const asked: Retention[] = [];
  const answers: { resolve: (gone: LetGo) => void; reject: (error: Error) => void }[] = [];
  const retain: Store['retain'] = (retention) => {
    asked.push(retention);
    return new Promise((resolve, reject) => answers.push({ resolve, reject }));
  };
  const timers = manualTimers();
  const registry = new Registry();
  const component = createRetention({
    store: { retain } as Store,
    days: 30,
    maxGigabytes: 0.5,
    outputs: ['siem'],
    clock: { now: () => START },
    every: timers.every,
    log: silent,
    registry,
  });
  await component.start();
  expect(asked).toEqual([]);

  timers.fire();
  timers.fire();
  expect(asked).toEqual([{ now: START, maxAge: 30 * DAY, maxBytes: 500_000_000, awaitedBy: ['siem'] }]);
  answers[0]?.reject(new Error('no space left on device'));
  await expect.poll(() => component.status()).toMatchObject({ state: 'degraded' });

  await expect.poll(() => (timers.fire(), asked.length)).toBe(2);
  answers[1]?.resolve({ observations: 7, alerts: 1, untold: 3 });
  await expect.poll(() => component.status()).toEqual({ state: 'running' });
  const counted = await registry.metrics();
  expect(counted).toContain('truant_dropped_total{component="retention",reason="observation"} 7');
  expect(counted).toContain('truant_dropped_total{component="retention",reason="alert"} 1');
  expect(counted).toContain('truant_dropped_total{component="retention",reason="untold-alert"} 3');

  await expect.poll(() => (timers.fire(), asked.length)).toBe(3);
  let stopped = false;
  const stopping = component.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([timers.running, stopped]).toEqual([0, false]);
  answers[2]?.resolve({ observations: 0, alerts: 0, untold: 0 });
  await stopping;
});
