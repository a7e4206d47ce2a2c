/** A whole collector, over real HTTP on a free port, with an in-memory store unless a test names one. */
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { type Collector, type CollectorDeps, createCollector } from '../../../collector/topology.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { manualTimers, PlainCorrelator, silent } from './doubles.ts';
import { CLUSTER, START, STREAM } from './make.ts';

export interface Running {
  collector: Collector;
  url: string;
  timers: ReturnType<typeof manualTimers>;
  registry: Registry;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  json(path: string): Promise<never>;
  post(body: unknown, init?: { headers?: Record<string, string>; raw?: Uint8Array | string }): Promise<Response>;
  stop(): Promise<void>;
}

export async function runCollector(section: object = {}, deps: Partial<CollectorDeps> = {}): Promise<Running> {
  const timers = manualTimers();
  const registry = deps.registry ?? new Registry();
  const config = parseConfig({
    collector: { listen: { port: 0 }, store: { path: ':memory:' }, ...section },
  });
  const collector = await createCollector(config, {
    logger: silent,
    registry,
    clock: { now: () => START },
    every: timers.every,
    newCorrelator: (cluster) => new PlainCorrelator(cluster),
    ...deps,
  });
  for (const component of collector.components) await component.start();
  const url = collector.address() as string;
  const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });
  return {
    collector,
    url,
    timers,
    registry,
    get,
    json: async (path) => (await get(path)).json() as Promise<never>,
    post: (body, { headers = {}, raw } = {}) =>
      fetch(`${url}/api/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: raw === undefined ? JSON.stringify(body) : raw,
      }),
    stop: async () => {
      for (const component of collector.components.toReversed()) await component.stop();
    },
  };
}

export function batch(position: number, observations: readonly unknown[], more: object = {}) {
  const [cluster, agent] = [CLUSTER, 'node-a'];
  return { schema: 1, cluster, agent, stream: STREAM, position, observations, findings: [], ...more };
}

export const gzipped = (body: unknown) => ({
  raw: gzipSync(JSON.stringify(body)),
  headers: { 'content-encoding': 'gzip' },
});
