import { describe, expect, test } from 'vitest';
import { createComponent } from '../../shared/component/component.ts';

function counted(parts: { start?: () => Promise<void>; stop?: () => Promise<void> } = {}) {
  const calls: string[] = [];
  const component = createComponent('spool', {
    start: () => {
      calls.push('start');
      return parts.start?.();
    },
    stop: () => {
      calls.push('stop');
      return parts.stop?.();
    },
  });
  return { calls, component };
}

describe('createComponent', () => {
  test('starts and stops once, however often it is asked', async () => {
    const { calls, component } = counted();
    expect(component.status()).toEqual({ state: 'idle' });
    await Promise.all([component.start(), component.start()]);
    await component.start();
    expect(component.status()).toEqual({ state: 'running' });
    await Promise.all([component.stop(), component.stop()]);
    await component.stop();
    expect(component.status()).toEqual({ state: 'stopped' });
    expect(calls).toEqual(['start', 'stop']);
  });

  test('stopped before it was started, it stays stopped', async () => {
    const { calls, component } = counted();
    await component.stop();
    await expect(component.start()).rejects.toThrow(/spool has been stopped/);
    expect(calls).toEqual([]);
  });

  test('a stop during the start waits for the start', async () => {
    let finish = (): void => undefined;
    const { calls, component } = counted({ start: () => new Promise((resolve) => (finish = resolve)) });
    const started = component.start();
    const stopped = component.stop();
    expect(component.status()).toEqual({ state: 'starting' });
    finish();
    await Promise.all([started, stopped]);
    expect(component.status()).toEqual({ state: 'stopped' });
    expect(calls).toEqual(['start', 'stop']);
  });

  test('a failed start is released, told once to everybody who asked, and kept as status', async () => {
    const { calls, component } = counted({
      start: () => Promise.reject(new Error('port in use')),
      stop: () => Promise.reject(new Error('nothing to stop')),
    });
    await expect(component.start()).rejects.toThrow('port in use');
    await expect(component.start()).rejects.toThrow('port in use');
    await component.stop();
    expect(component.status()).toEqual({ state: 'failed', detail: 'port in use' });
    expect(calls).toEqual(['start', 'stop']);
  });

  test('degraded only while it runs', async () => {
    let why: string | undefined = 'lags behind';
    const component = createComponent('tail', { start: () => undefined, stop: () => undefined, degraded: () => why });
    expect(component.status()).toEqual({ state: 'idle' });
    await component.start();
    expect(component.status()).toEqual({ state: 'degraded', detail: 'lags behind' });
    why = undefined;
    expect(component.status()).toEqual({ state: 'running' });
    why = 'lags behind';
    await component.stop();
    expect(component.status()).toEqual({ state: 'stopped' });
  });
});
