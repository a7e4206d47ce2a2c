import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import type { Component } from './component.ts';

export interface RunOptions {
  /** Aborting it stops everything. */
  signal: AbortSignal;
  /** How long stopping may take in all, in milliseconds. */
  deadlineMs: number;
  log: Logger;
  /** Called once everything runs. */
  onStarted?: () => void;
}

/**
 * Starts components in order, waits for the signal, and stops them in reverse order. When one fails to start, those
 * before it are stopped and its error is thrown. A component that does not stop in time is left behind, not waited for.
 *
 * @returns the names of the components that did not stop cleanly within the deadline
 */
export async function runComponents(components: readonly Component[], options: RunOptions): Promise<string[]> {
  const { signal, log } = options;
  const abort = aborted(signal);
  const started: Component[] = [];
  try {
    for (const component of components) {
      if (signal.aborted) break;
      started.push(component);
      // A start that hangs must not keep the signal from being heard.
      await Promise.race([component.start(), abort]);
      log.debug({ component: component.name }, 'component started');
    }
  } catch (error) {
    await stopAll(started, options);
    throw error;
  }
  if (!signal.aborted) options.onStarted?.();
  await abort;
  return stopAll(started, options);
}

async function stopAll(started: readonly Component[], { deadlineMs, log }: RunOptions): Promise<string[]> {
  const timer = new AbortController();
  const deadline = delay(deadlineMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  const left: string[] = [];
  for (const component of started.toReversed()) {
    const stopped = component.stop().then(
      () => 'stopped' as const,
      (error: unknown) => {
        log.error({ component: component.name, err: error }, 'component failed to stop');
        return 'failed' as const;
      },
    );
    const outcome = await Promise.race([stopped, deadline]);
    if (outcome === 'late') log.error({ component: component.name }, 'component did not stop in time');
    if (outcome !== 'stopped') left.push(component.name);
  }
  timer.abort();
  return left;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
