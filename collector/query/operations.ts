/** How the collector itself is doing, for people, probes and Prometheus. */
import type { FastifyInstance } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import type { Component } from '../../shared/component/component.ts';
import { SOURCES } from '../../shared/schema/observation.ts';
import { OTHER } from '../../shared/telemetry/metrics.ts';
import type { Clock } from '../../shared/time.ts';
import { readQuery } from '../server/input.ts';
import { Problem } from '../server/problem.ts';
import type { Store } from '../store/store.ts';
import { NoQuery } from './parameters.ts';
import type { StatusAnswer } from './schemas/status.ts';

export interface OperationsOptions {
  store: Store;
  clock: Clock;
  registry: Registry;
  components: () => readonly Component[];
}

export function operationsRoutes(options: OperationsOptions): (server: FastifyInstance) => void {
  const { store, clock, registry } = options;
  const updateGauges = [storeGauges(store, registry), blindSpotsGauge(store, clock, registry)];
  return (server) => {
    /** Whether a restart would help: the store is broken for good. */
    server.get('/healthz', { config: { access: 'open' } }, async () => {
      const failure = store.failure();
      if (failure !== undefined) throw new Problem({ status: 503, detail: failure });
      return { status: 'ok' };
    });

    /** Whether it can take batches and answer questions. */
    server.get('/readyz', { config: { access: 'open' } }, async () => {
      const failure = store.failure() ?? notRunning(options.components());
      if (failure !== undefined) throw new Problem({ status: 503, detail: failure });
      return { status: 'ok' };
    });

    server.get('/metrics', async (_request, reply) => {
      await Promise.all(updateGauges.map((update) => update()));
      return reply.type(registry.contentType).send(await registry.metrics());
    });

    server.get('/api/v1/status', async (request): Promise<StatusAnswer> => {
      readQuery(NoQuery, request.query);
      const time = clock.now();
      const [blindSpots, streams, size] = await Promise.all([store.blindSpots(time), store.streams(), store.size()]);
      const components = options.components().map((component) => ({ name: component.name, ...component.status() }));
      return { time, components, blindSpots, streams, store: size };
    });
  };
}

function notRunning(components: readonly Component[]): string | undefined {
  const waiting = components.find((component) => !['running', 'degraded'].includes(component.status().state));
  return waiting && `The component ${waiting.name} is ${waiting.status().state}.`;
}

/** @returns how to bring them up to date */
function storeGauges(store: Store, registry: Registry): () => Promise<void> {
  const registers = [registry];
  const observations = new Gauge({ name: 'truant_store_observations', help: 'Observations in the store.', registers });
  const alerts = new Gauge({
    name: 'truant_store_alerts',
    help: 'Alerts, by status.',
    labelNames: ['status'],
    registers,
  });
  const files = new Gauge({ name: 'truant_store_file_bytes', help: "Size of the store's files.", registers });
  const help = "Bytes in use in the store's files, which retention bounds.";
  const bytes = new Gauge({ name: 'truant_store_bytes', help, registers });
  return async () => {
    const size = await store.size().catch(() => undefined);
    if (!size) return;
    observations.set(size.observations);
    files.set(size.fileBytes);
    bytes.set(size.bytes);
    for (const [status, count] of Object.entries(size.alerts)) alerts.set({ status }, count);
  };
}

/** @returns how to bring it up to date */
function blindSpotsGauge(store: Store, clock: Clock, registry: Registry): () => Promise<void> {
  const gauge = new Gauge({
    name: 'truant_blind_spots',
    help: 'What sources can not see, and gaps and leaks of the last day, by source; at most 200 in all.',
    labelNames: ['source'],
    registers: [registry],
  });
  const known: ReadonlySet<string> = new Set(SOURCES);
  return async () => {
    const blindSpots = await store.blindSpots(clock.now()).catch(() => undefined);
    if (!blindSpots) return;
    for (const source of [...SOURCES, OTHER]) gauge.set({ source }, 0);
    for (const { source } of blindSpots) gauge.inc({ source: known.has(source) ? source : OTHER });
  };
}
