/** How the collector's parts are put together: the only file of the collector that knows them all. */
import { dirname, join } from 'node:path';
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../shared/component/component.ts';
import { toPolicy } from '../shared/config/policy.ts';
import type { Config } from '../shared/config/schema.ts';
import { Correlator } from '../shared/detection/correlator.ts';
import type { CorrelatorPort } from '../shared/detection/correlator-types.ts';
import type { Alert } from '../shared/schema/alert.ts';
import { DeadLetterFile } from '../shared/telemetry/dead-letter-file.ts';
import type { Logger } from '../shared/telemetry/logger.ts';
import { componentMetrics } from '../shared/telemetry/metrics.ts';
import { type Clock, DAY, wallClock } from '../shared/time.ts';
import { type Correlation, createCorrelation } from './correlate/correlation.ts';
import type { Dispatch } from './dispatch/dispatch.ts';
import { createDispatch } from './dispatch/dispatcher.ts';
import { type Every, everyInterval } from './every.ts';
import { IDENTITY_ERRORS, type Identity } from './identity/identity.ts';
import { RefusalLog } from './identity/refusal-log.ts';
import { createIdentity } from './identity/topology.ts';
import { createLive } from './live/live.ts';
import { liveRoute } from './live/route.ts';
import { createLogin, type Login } from './login/topology.ts';
import { createOutput } from './outputs/topology.ts';
import { alertsRoutes } from './query/alerts.ts';
import { deadLettersRoute } from './query/dead-letters.ts';
import { exceptionsRoutes } from './query/exceptions.ts';
import { fleetRoute } from './query/fleet.ts';
import { historyRoutes } from './query/history-routes.ts';
import { openApiRoute } from './query/open-api-route.ts';
import { operationsRoutes } from './query/operations.ts';
import { outputsRoutes } from './query/outputs.ts';
import { queryRoutes } from './query/routes.ts';
import { rulesRoute } from './query/rules.ts';
import { batchesRoute } from './receive/http/batches.ts';
import { KAFKA_REJECTIONS, type KafkaRejection } from './receive/kafka/dead-letters.ts';
import { createKafkaReceiver } from './receive/kafka/kafka-receiver.ts';
import { refuseUnsafe } from './server/access.ts';
import { createServer, type HttpServer, type Route, refuseTaken } from './server/server.ts';
import { ServerTls } from './server/tls.ts';
import { openDuckDbStore } from './store/duckdb/duckdb-store.ts';
import { createRetention } from './store/retention.ts';
import type { Store } from './store/store.ts';
import { pageRoutes } from './web/assets.ts';

export interface CollectorDeps {
  logger: Logger;
  registry: Registry;
  /** Default: the wall clock. A playback brings its recording's own. */
  clock?: Clock;
  every?: Every;
  newCorrelator?: (cluster: string) => CorrelatorPort;
}

export interface Collector {
  /** In the order in which they start. */
  components: Component[];
  /** `http://127.0.0.1:7117`; undefined while it doesn't listen. */
  address(): string | undefined;
  /** What can be asked of it, and by whom. */
  readonly routes: readonly Route[];
  /** Tells of alerts that are new or changed, once they are stored. Returns how to end that. */
  onAlerts(listener: (alerts: readonly Alert[]) => void): () => void;
}

const STORE_MEMORY_MEGABYTES = 512;
const STORE_THREADS = 2;
const QUERY_TIMEOUT_MS = 20_000;
const MAX_CLUSTERS = 16;
const MAX_WAITING_BATCHES = 32;
const RESTORE = { within: DAY, limit: 50_000 };

/** @throws TruantError LISTEN_UNSAFE, LISTEN_FAILED, CONFIG_INVALID, STORE_LOCKED, STORE_SCHEMA_TOO_NEW, STORE_UNAVAILABLE */
export async function createCollector(config: Config, deps: CollectorDeps): Promise<Collector> {
  const { clock = wallClock } = deps;
  const { listen, store: kept } = config.collector;
  const { logger, registry } = deps;
  refuseUnsafe({ host: listen.host, ...safety(config) });
  // Tokens and certificates are of now, whatever is played.
  const metrics = componentMetrics(registry, 'identity', { errors: IDENTITY_ERRORS });
  const refusals = new RefusalLog(logger, wallClock, metrics.error);
  const identity = await createIdentity(config, { metrics, refusals, clock: wallClock });
  const { every = everyInterval } = deps;
  const login = createLogin(config, { refusals, log: logger, registry, clock: wallClock, every });
  const tls = await loadTls(config.collector.tls, logger);
  await refuseTaken(listen);
  const store = await openDuckDbStore({
    path: kept.path,
    memoryMegabytes: STORE_MEMORY_MEGABYTES,
    threads: STORE_THREADS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    at: clock.now(),
  });
  return assemble(config, deps, { store, identity, refusals, login, tls });
}

interface Opened {
  store: Store;
  identity: Identity | undefined;
  refusals: RefusalLog;
  login: Login;
  tls: ServerTls | undefined;
}

function assemble(config: Config, deps: CollectorDeps, opened: Opened): Collector {
  const { store, identity, refusals, login, tls } = opened;
  const { logger: log, registry, clock = wallClock, every = everyInterval } = deps;
  const { listen, limits, receive, store: kept } = config.collector;
  // A playback may be of a time to come, for this machine's clock; and live agents are not to be measured by a playback.
  const latest: Clock = { now: () => Math.max(clock.now(), wallClock.now()) };
  const policy = toPolicy(config, clock);
  const correlation: Correlation = createCorrelation({
    store,
    // Rules of scope `node` are looked after by the agents.
    newCorrelator: deps.newCorrelator ?? ((cluster) => new Correlator({ cluster, policy, scopes: ['cluster'] })),
    clock,
    every,
    maxClusters: MAX_CLUSTERS,
    maxWaiting: MAX_WAITING_BATCHES,
    restore: RESTORE,
    log,
    registry,
  });
  const samples = deadLetters(kept.path, log, clock);
  const live = createLive({ store, every, log, registry });
  correlation.onAlerts(live.wake);
  const dispatch = dispatchOf(config, { store, clock: latest, log, registry });
  correlation.onAlerts(dispatch.wake);
  correlation.onCommit(live.hear);
  const server: HttpServer = createServer({
    ...listen,
    identity,
    refusals,
    sessions: login.sessions,
    publicUrl: login.publicUrl,
    tls,
    tlsElsewhere: config.collector.tls.terminatedElsewhere,
    limits,
    every,
    log,
    routes: [
      batchesRoute({
        take: correlation.take,
        setAside: (reason, line) => samples?.add(reason, line),
        clock: latest,
        registry,
      }),
      queryRoutes(store),
      historyRoutes(store),
      ...login.routes,
      alertsRoutes(store, correlation.handling),
      exceptionsRoutes({ store, handling: correlation.handling, clock }),
      operationsRoutes({ store, clock, registry, components: () => components }),
      outputsRoutes({ store, dispatch, log }),
      fleetRoute(store, clock),
      rulesRoute(store),
      liveRoute({ live, stillGood: ({ session }) => !session || login.sessions.stillGood(session) }),
      openApiRoute(() => server.routes),
      deadLettersRoute(samples),
      pageRoutes(),
    ],
  });
  const kafkaReceiver = (): Component =>
    createKafkaReceiver({
      settings: config.kafka,
      receive: receive.kafka,
      correlation,
      store,
      setAside: (reason, value) => samples?.add(reason, value),
      clock: latest,
      logger: log,
      registry,
    });
  const components = [
    createComponent('store', {
      start: () => undefined,
      stop: async () => {
        await store.close();
        await samples?.flush();
      },
      degraded: () => store.failure(),
    }),
    // Begins before there can be alerts, and has the last of them.
    dispatch.component,
    correlation.component,
    createRetention({ store, ...kept.retention, outputs: enabledOutputs(config), clock, every, log, registry }),
    server.component,
    ...login.components,
    // Stops before it: who listens would hold it up.
    live.component,
    ...(receive.kafka.enabled ? [kafkaReceiver()] : []),
  ];
  return { components, address: server.address, routes: server.routes, onAlerts: correlation.onAlerts };
}

function dispatchOf(
  { kafka, collector: { outputs, publicUrl, auth } }: Config,
  deps: { store: Store; clock: Clock; log: Logger; registry: Registry },
): Dispatch {
  const made = { kafka, environment: process.env, logger: deps.log };
  return createDispatch({
    ...deps,
    outputs,
    createOutput: (settings) => createOutput(settings, made),
    page: publicUrl ?? auth.oidc?.publicUrl,
    alertsTopic: kafka.topics.alerts,
  });
}

/** Next to the store, if that is in a file. */
function deadLetters(store: string, logger: Logger, clock: Clock): DeadLetterFile<KafkaRejection> | undefined {
  if (store === ':memory:') return undefined;
  return new DeadLetterFile({
    path: join(dirname(store), 'dead-letter.ndjson'),
    reasons: KAFKA_REJECTIONS,
    logger,
    clock,
  });
}

const enabledOutputs = ({ collector: { outputs } }: Config): string[] =>
  Object.keys(outputs).filter((name) => outputs[name]?.enabled);

async function loadTls({ certFile, keyFile, clientCaFile }: Config['collector']['tls'], logger: Logger) {
  return certFile === undefined ? undefined : ServerTls.load({ certFile, keyFile, clientCaFile }, logger);
}

const safety = ({ collector: { auth, tls } }: Config): { asked: boolean; safe: boolean } => ({
  asked: auth.mode !== 'none',
  safe: tls.certFile !== undefined || tls.terminatedElsewhere,
});
