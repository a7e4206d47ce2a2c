import { describe, expect, test } from 'vitest';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { runComponents } from '../../shared/component/run.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';

const log = createLogger({ level: 'silent' });
const never = (): Promise<void> => new Promise(() => undefined);

function stage() {
  const calls: string[] = [];
  const stop = new AbortController();
  const add = (name: string, parts: { start?: () => Promise<void>; stop?: () => Promise<void> } = {}): Component =>
    createComponent(name, {
      start: () => {
        calls.push(`start ${name}`);
        return parts.start?.();
      },
      stop: () => {
        calls.push(`stop ${name}`);
        return parts.stop?.();
      },
    });
  return { calls, stop, add };
}

describe('runComponents', () => {
  test('starts in order and stops in reverse', async () => {
    const { calls, stop, add } = stage();
    const left = await runComponents([add('store'), add('receive'), add('query')], {
      signal: stop.signal,
      deadlineMs: 10_000,
      log,
      onStarted: () => {
        calls.push('started');
        stop.abort();
      },
    });
    expect(left).toEqual([]);
    expect(calls).toEqual([
      'start store',
      'start receive',
      'start query',
      'started',
      'stop query',
      'stop receive',
      'stop store',
    ]);
  });

  test('when one fails to start, those before it are stopped and nothing after it is started', async () => {
    const { calls, stop, add } = stage();
    const components = [add('a'), add('b', { start: () => Promise.reject(new Error('no disk')) }), add('c')];
    await expect(runComponents(components, { signal: stop.signal, deadlineMs: 10_000, log })).rejects.toThrow(
      'no disk',
    );
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('one that does not stop, or fails to, is named and does not keep the others from stopping', async () => {
    const { calls, stop, add } = stage();
    const components = [
      add('first'),
      add('broken', { stop: () => Promise.reject(new Error('disk full')) }),
      add('stuck', { stop: never }),
      add('last'),
    ];
    const left = await runComponents(components, {
      signal: stop.signal,
      deadlineMs: 20,
      log,
      onStarted: () => stop.abort(),
    });
    expect(calls.slice(4)).toEqual(['stop last', 'stop stuck', 'stop broken', 'stop first']);
    expect(left).toContain('stuck');
    expect(left).toContain('broken');
    expect(left).not.toContain('last');
  });

  test('a signal during the start stops what has been started, even if the start hangs', async () => {
    const { calls, stop, add } = stage();
    const hanging = add('hanging', {
      start: () => {
        stop.abort();
        return never();
      },
    });
    const left = await runComponents([add('first'), hanging, add('never')], {
      signal: stop.signal,
      deadlineMs: 20,
      log,
      onStarted: () => calls.push('started'),
    });
    expect(left).toContain('hanging');
    expect(calls).toEqual(['start first', 'start hanging', 'stop first']);
  });

  test('a signal before the start starts nothing', async () => {
    const { calls, add } = stage();
    await runComponents([add('a')], { signal: AbortSignal.abort(), deadlineMs: 20, log });
    expect(calls).toEqual([]);
  });
});
