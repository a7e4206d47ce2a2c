/** What is counted of each output. Names come from the configuration: there is a series for each of these, and no more. */
import { Gauge, type Registry } from 'prom-client';
import { componentMetrics, counter } from '../../shared/telemetry/metrics.ts';
import { FAILURE_REASONS, type FailureReason } from '../outputs/failure.ts';

export interface OutputCounts {
  delivered(messages: number): void;
  /** Of attempts that came to nothing. */
  failed(reason: FailureReason, messages: number): void;
  /** Sent again after such an attempt. */
  retried(messages: number): void;
  summarised(alerts: number): void;
  /** Alerts that changed, for this output or not. */
  read(alerts: number): void;
  /** Alerts that became dead letters. */
  gaveUp(reason: FailureReason, alerts: number): void;
  storeTrouble(): void;
  readonly totals: { delivered: number; failed: number; retried: number; summarised: number };
}

export function outputCounts(registry: Registry, output: string): OutputCounts {
  const totals = { delivered: 0, failed: 0, retried: 0, summarised: 0 };
  const of = (name: keyof typeof totals, help: string) => {
    const total = counter(registry, `truant_output_${name}_total`, help, ['output']);
    total.inc({ output }, 0);
    return (count: number): void => {
      totals[name] += count;
      total.inc({ output }, count);
    };
  };
  const component = componentMetrics(registry, 'outputs', {
    errors: ['attempt', 'store'],
    deadLetters: FAILURE_REASONS,
  });
  const delivered = of('delivered', 'Messages that an output has acknowledged.');
  const help = 'Messages of attempts that came to nothing, by reason.';
  const failures = counter(registry, 'truant_output_failed_total', help, ['output', 'reason']);
  for (const reason of FAILURE_REASONS) failures.inc({ output, reason }, 0);
  return {
    totals,
    delivered: (messages) => {
      delivered(messages);
      component.sent(messages);
    },
    failed: (reason, messages) => {
      totals.failed += messages;
      component.error('attempt', messages);
      failures.inc({ output, reason }, messages);
    },
    retried: of('retried', 'Messages that were sent again after an attempt that came to nothing.'),
    summarised: of('summarised', 'Alerts that were told in a summary, as they came faster than the rate limit.'),
    read: component.received,
    gaveUp: component.deadLetter,
    storeTrouble: () => component.error('store'),
  };
}

export interface Measured {
  name: string;
  waiting: number;
  lagSeconds: number;
}

/** @param deadLetters by output; when that can't be read, what it was is told */
export function measureOutputs(
  registry: Registry,
  measured: () => readonly Measured[],
  deadLetters: () => Promise<ReadonlyMap<string, number>>,
): void {
  const gauge = (name: string, help: string, collect: (set: (output: string, value: number) => void) => unknown) =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['output'],
        registers: [],
        async collect() {
          await collect((output, value) => this.set({ output }, value));
        },
      }),
    );
  gauge('truant_output_waiting', 'Alerts that wait, as far as they have been read.', (set) => {
    for (const { name, waiting } of measured()) set(name, waiting);
  });
  gauge('truant_output_lag_seconds', 'For how long the oldest alert that an output is to be told of waits.', (set) => {
    for (const { name, lagSeconds } of measured()) set(name, lagSeconds);
  });
  gauge('truant_output_dead_letters', 'Alerts that could not be delivered and were given up.', async (set) => {
    const counts = await deadLetters().catch(() => undefined);
    if (counts) for (const { name } of measured()) set(name, counts.get(name) ?? 0);
  });
}
