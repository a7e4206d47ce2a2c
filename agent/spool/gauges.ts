import { Gauge, type Registry } from 'prom-client';
import type { Spool } from './spool.ts';

/** What waits to be delivered, as Prometheus asks. */
export function gaugeSpool(
  spool: Pick<Spool<unknown>, 'bytes' | 'records' | 'oldestSeconds'>,
  registry: Registry,
): void {
  gauge('truant_spool_bytes', 'How much of its room the spool uses.', () => spool.bytes);
  gauge('truant_spool_records', 'Observations that are not delivered.', () => spool.records);
  gauge('truant_spool_oldest_seconds', 'How long the oldest of them has waited.', () => spool.oldestSeconds());

  function gauge(name: string, help: string, value: () => number): void {
    const collect = function (this: Gauge) {
      this.set(value());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  }
}
