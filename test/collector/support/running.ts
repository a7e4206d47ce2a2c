/** A whole collector, over real HTTP on a free port, with an in-memory store unless a test names one. */
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { RefusalLog } from '../../../collector/identity/refusal-log.ts';
import { createLogin } from '../../../collector/login/topology.ts';
import { type Collector, type CollectorDeps, createCollector } from '../../../collector/topology.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { wallClock } from '../../../shared/time.ts';
import { manualTimers, PlainCorrelator, silent } from './doubles.ts';
import { CLUSTER, START, STREAM } from './make.ts';

export interface Running {
  collector: Collector;
  url: string;
  timers: ReturnType<typeof manualTimers>;
  registry: Registry;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  json(path: string): Promise<never>;
  post(
    envelopes: readonly unknown[],
    init?: { headers?: Record<string, string>; raw?: Uint8Array | string },
  ): Promise<Response>;
  stop(): Promise<void>;
}

/** @param more other sections of the configuration */
export async function runCollector(
  section: object = {},
  deps: Partial<CollectorDeps> = {},
  more: object = {},
): Promise<Running> {
  const timers = manualTimers();
  const registry = deps.registry ?? new Registry();
  const config = parseConfig({
    cluster: { name: CLUSTER },
    collector: { listen: { port: 0 }, store: { path: ':memory:' }, ...section },
    ...more,
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
    post: (envelopes, { headers = {}, raw } = {}) =>
      fetch(`${url}/api/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', ...headers },
        body: raw === undefined ? lines(envelopes) : raw,
      }),
    stop: async () => {
      for (const component of collector.components.toReversed()) await component.stop();
    },
  };
}

const refusals = new RefusalLog(silent, wallClock, () => undefined);
const never = () => () => undefined;

/** For a server without authentication, on loopback. */
export const plainServer = {
  host: '127.0.0.1',
  port: 0,
  identity: undefined,
  tls: undefined,
  tlsElsewhere: false,
  ...createLogin(parseConfig({}), { refusals, log: silent, registry: new Registry(), clock: wallClock, every: never }),
  refusals,
  limits: parseConfig({}).collector.limits,
  every: never,
  log: silent,
};

/** Envelopes of a run without holes, whatever its observations are. */
export function batch(position: number, observations: readonly unknown[], more: object = {}): object[] {
  return observations.map((observation, index) => {
    const { kind, time } = { kind: 'use', time: START, ...(observation as object | null) };
    const head = { schema: 1, cluster: CLUSTER, agent: 'node-a', stream: STREAM, position: position + index };
    return { ...head, kind, time, observation, findings: [], ...more };
  });
}

export const lines = (envelopes: readonly unknown[]): string =>
  envelopes.map((envelope) => `${JSON.stringify(envelope)}\n`).join('');

export const gzipped = (envelopes: readonly unknown[]) => ({
  raw: gzipSync(lines(envelopes)),
  headers: { 'content-encoding': 'gzip' },
});
