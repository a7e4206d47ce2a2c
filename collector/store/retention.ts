/** Has the store let go of what is too old or too much, from time to time. */
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../../shared/component/component.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { type Clock, DAY } from '../../shared/time.ts';
import type { Every } from '../every.ts';
import type { Store } from './store.ts';

export interface RetentionOptions {
  store: Store;
  days: number;
  maxGigabytes: number;
  /** Outputs that are told of alerts. */
  outputs: readonly string[];
  /** What is too old is so by this clock. */
  clock: Clock;
  every: Every;
  log: Logger;
  registry: Registry;
}

const EVERY_MS = 60_000;

export function createRetention(options: RetentionOptions): Component {
  const { store, clock, log } = options;
  const metrics = componentMetrics(options.registry, 'retention', {
    dropped: ['observation', 'alert', 'untold-alert'],
    errors: ['store'],
  });
  let cancel = (): void => undefined;
  let running: Promise<void> | undefined;
  let failure: string | undefined;

  async function run(): Promise<void> {
    try {
      const maxBytes = options.maxGigabytes * 1e9;
      const awaitedBy = options.outputs;
      const gone = await store.retain({ now: clock.now(), maxAge: options.days * DAY, maxBytes, awaitedBy });
      metrics.dropped('observation', gone.observations);
      metrics.dropped('alert', gone.alerts);
      metrics.dropped('untold-alert', gone.untold);
      failure = undefined;
      if (gone.untold > 0) log.warn({ count: gone.untold }, 'let go of alerts that outputs had still to be told of');
      if (gone.observations + gone.alerts > 0) log.info(gone, 'let go of what is too old or too much');
    } catch (error) {
      metrics.error('store');
      failure = 'What is too old could not be let go of.';
      log.warn({ err: error }, 'retention failed, trying again later');
    }
  }

  return createComponent('retention', {
    start: () => {
      cancel = options.every(EVERY_MS, () => {
        running ??= run().finally(() => {
          running = undefined;
        });
      });
    },
    stop: async () => {
      cancel();
      await running;
    },
    degraded: () => failure,
  });
}
