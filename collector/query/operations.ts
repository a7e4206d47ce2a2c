/** How the collector itself is doing, for people, probes and Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import type { Component } from '../../shared/component/component.ts';
import { SOURCES } from '../../shared/schema/observation.ts';
import { OTHER } from '../../shared/telemetry/metrics.ts';
import type { Clock } from '../../shared/time.ts';
import { type Documentation, endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import { Problem } from '../server/problem.ts';
import type { Store } from '../store/store.ts';
import { NoQuery } from './parameters.ts';
import { HealthAnswer, StatusAnswer } from './schemas/status.ts';

export interface OperationsOptions {
  store: Store;
  clock: Clock;
  registry: Registry;
  components: () => readonly Component[];
}

export function operationsRoutes(options: OperationsOptions): RegisterRoutes {
  const { store, clock, registry } = options;
  const updateGauges = [storeGauges(store, registry), blindSpotsGauge(store, clock, registry)];
  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/healthz',
      access: 'open',
      tag: 'Operations',
      summary: 'Whether the collector is well',
      description: 'It is not when its store is broken for good, so that a restart would help.',
      query: NoQuery,
      answer: { schema: HealthAnswer },
      handle: async () => healthy(store.failure()),
    }),
    endpoint({
      method: 'GET',
      url: '/readyz',
      access: 'open',
      tag: 'Operations',
      summary: 'Whether the collector takes batches and answers questions',
      query: NoQuery,
      answer: { schema: HealthAnswer },
      handle: async () => healthy(store.failure() ?? notRunning(options.components())),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/status',
      tag: 'Operations',
      summary: 'How the collector is doing',
      description: 'Its parts, how far each stream has come, what agents cannot see, and how much is stored.',
      query: NoQuery,
      answer: { schema: StatusAnswer },
      handle: async () => {
        const time = clock.now();
        const [blindSpots, streams, size] = await Promise.all([store.blindSpots(time), store.streams(), store.size()]);
        const components = options.components().map((component) => ({ name: component.name, ...component.status() }));
        return { time, components, blindSpots, streams, store: size };
      },
    }),
    (server) => {
      server.get('/metrics', { config: { documentation: METRICS } }, async (_request, reply) => {
        await Promise.all(updateGauges.map((update) => update()));
        return reply.type(registry.contentType).send(await registry.metrics());
      });
    },
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}

const METRICS: Documentation = {
  tag: 'Operations',
  summary: 'Metrics',
  query: z.object({}),
  answer: { mediaTypes: ['text/plain'], description: "Prometheus' text format." },
};

/** @throws Problem 503 */
function healthy(failure: string | undefined): { status: 'ok' } {
  if (failure !== undefined) throw new Problem({ status: 503, detail: failure });
  return { status: 'ok' };
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
