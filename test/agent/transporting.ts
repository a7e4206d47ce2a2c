/** The HTTP transport, and something to send. */
import { Writable } from 'node:stream';
import { Registry } from 'prom-client';
import { HTTP_ERRORS, HttpTransport, type HttpTransportOptions } from '../../agent/transport/http/http-transport.ts';
import { REFUSALS, type Run } from '../../agent/transport/transport.ts';
import { keyOf } from '../../shared/schema/envelope.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { use } from '../collector/support/make.ts';

/** So many uses, of an agent's own stream. */
export const batchOf = (count: number, from = 0, cluster = 'lab'): Run => {
  const [agent, stream] = ['node-a', `${cluster}/node-a/1`];
  const records = Array.from({ length: count }, (_, n) => {
    const observation = use(from + n);
    const { kind, time } = observation;
    const envelope = { schema: 1, cluster, agent, stream, position: from + n, kind, time, observation, findings: [] };
    return { position: from + n, key: keyOf(observation), value: Buffer.from(JSON.stringify(envelope)) };
  });
  return { cluster, agent, stream, records };
};

/** A transport that doesn't wait, and what it logs and counts. */
export function transportTo(url: string, more: Partial<HttpTransportOptions> = {}) {
  const registry = new Registry();
  const lines: Record<string, unknown>[] = [];
  const pauses: number[] = [];
  const to = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const transport = new HttpTransport({
    url,
    logger: createLogger({ level: 'info' }, to),
    metrics: componentMetrics(registry, 'http-transport', { dropped: REFUSALS, errors: HTTP_ERRORS }),
    pause: async (ms) => void pauses.push(ms),
    ...more,
  });
  const count = async (name: string, labels: object = {}) => {
    const metric = await registry.getSingleMetric(`truant_${name}_total`)?.get();
    return metric?.values.find((value) => Object.entries(labels).every(([k, v]) => value.labels[k] === v))?.value;
  };
  return { transport, lines, pauses, count };
}
