/** How the agent's parts are put together: the only file of the agent that knows them all. */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../shared/component/component.ts';
import { toCidrs, toPolicy } from '../shared/config/policy.ts';
import type { Config } from '../shared/config/schema.ts';
import { Memory } from '../shared/detection/memory.ts';
import { TruantError } from '../shared/errors.ts';
import { inCidrs } from '../shared/inventory/address.ts';
import { ClusterInventory } from '../shared/inventory/cluster-inventory.ts';
import { KAFKA_TROUBLES } from '../shared/kafka/trouble.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { Observation, Whereabouts } from '../shared/schema/observation.ts';
import { DeadLetterFile } from '../shared/telemetry/dead-letter-file.ts';
import type { Logger } from '../shared/telemetry/logger.ts';
import { type ComponentMetrics, componentMetrics, following } from '../shared/telemetry/metrics.ts';
import { type Clock, type Micros, SECOND, wallClock } from '../shared/time.ts';
import { FileObserver, SENSOR_REJECTS, type SensorLine } from './file-observer.ts';
import { createHeartbeat } from './heartbeat.ts';
import { Observer } from './observer.ts';
import { createOperations, type Operations } from './operations.ts';
import { Outbox } from './outbox.ts';
import { Pipeline } from './pipeline.ts';
import { ReadFold } from './read-fold.ts';
import { createReadProfilesFile } from './read-profiles-file.ts';
import { createSensors } from './sensors/topology.ts';
import { Statuses, type Tell } from './source-status.ts';
import { AuditFileSource } from './sources/audit-file/audit-file-source.ts';
import { AuditCheckpoint } from './sources/audit-file/checkpoint.ts';
import { DEAD_LETTER_REASONS, type DeadLetterReason, type DeadLetters } from './sources/audit-file/dead-letter.ts';
import type { AuditBatch } from './sources/audit-file/log-reader.ts';
import { readInventoryFile } from './sources/inventory-file.ts';
import { KubernetesSource } from './sources/kubernetes/kubernetes-source.ts';
import { gaugeSpool } from './spool/gauges.ts';
import { observationOf } from './spool/record.ts';
import { SPOOL_LABELS, Spool } from './spool/spool.ts';
import { unwritable } from './state-folder.ts';
import { type FolderLock, lockFolder } from './state-lock.ts';
import { HTTP_ERRORS, HttpTransport } from './transport/http/http-transport.ts';
import { KafkaTransport } from './transport/kafka/kafka-transport.ts';
import { REFUSALS, type Transport } from './transport/transport.ts';

export interface AgentDeps {
  logger: Logger;
  registry: Registry;
  /** Default: the wall clock. A playback brings its recording's own. */
  clock?: Clock;
  /** Whoever runs the agent serves the registry already. */
  metricsElsewhere?: true;
  /** The inventory comes through `learn`, not from a source of the agent's own. */
  inventoryFromOutside?: true;
}

export interface Agent {
  /** In the order in which they start. */
  components: Component[];
  learn(events: readonly InventoryEvent[]): void;
  /** What sensors of token files saw that are none of the agent's own. */
  see(lines: readonly SensorLine[]): void;
  /** How many observations the collector has not acknowledged. */
  undelivered(): number;
  /** Where metrics and health are served, if they are. */
  address(): string | undefined;
}

const OUTBOX = 'outbox';
const TICK_MS = 250;
const STOP_GRACE_MS = 5000;

/** @throws TruantError STATE_LOCKED, STATE_UNWRITABLE, CHECKPOINT_UNREADABLE, INVENTORY_UNREADABLE */
export async function createAgent(config: Config, deps: AgentDeps): Promise<Agent> {
  const mode = await inventoryMode(config, deps);
  const { stateDir } = config.agent;
  const lock = await lockFolder(stateDir).catch((cause: unknown) => {
    throw cause instanceof TruantError ? cause : unwritable(stateDir, cause);
  });
  try {
    return await assemble(config, deps, mode, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function assemble(
  config: Config,
  deps: AgentDeps,
  mode: Whereabouts['inventory'],
  lock: FolderLock,
): Promise<Agent> {
  const { logger, registry, clock = wallClock } = deps;
  const node = nodeOf(config);
  const cluster = config.cluster.name;
  const holdBack: Micros = config.agent.holdBackMs * 1000;

  const samples = new DeadLetterFile({
    path: join(config.agent.stateDir, 'dead-letter.ndjson'),
    reasons: [...DEAD_LETTER_REASONS, ...REFUSALS],
    logger,
    clock,
  });
  const metrics = componentMetrics(registry, 'audit-file', { deadLetters: DEAD_LETTER_REASONS });
  const deadLetter: DeadLetters = {
    add: (reason, line) => {
      metrics.deadLetter(reason);
      samples.add(reason, line);
    },
  };
  const trusted = toCidrs(config.networks.trustedProxies);
  const inventory = inventorySource(config, deps, {
    learn: (events) => pipeline.learn(events),
    tell: (source, status, reason, detail) => tell(source, status, reason, detail),
  });
  const known = new ClusterInventory({ mode, networks: config.networks });
  const policy = toPolicy(config, clock);
  const memory = new Memory({ learningPeriod: policy.learningPeriod });
  const readMetrics = componentMetrics(registry, 'reads', { dropped: ['excused'], deadLetters: SENSOR_REJECTS });
  const files = new FileObserver({
    node,
    policy,
    onReject: (reason) => readMetrics.deadLetter(reason),
    onExcuse: () => readMetrics.dropped('excused'),
  });
  const observer = new Observer({
    node,
    inventory: known,
    holdBack,
    freshUntil: inventory.freshUntil,
    normalise: { isTrustedProxy: (address) => inCidrs(address, trusted) },
    onReject: (reason, line) => deadLetter.add(reason === 'bad-time' ? 'not-an-event' : reason, line),
    onHold: (observation) => pipeline.hold(observation),
  });
  const spool = await openSpool(config, deps, () =>
    tell(OUTBOX, 'gap', 'damaged', 'An observation that waited to be delivered could not be read any more.'),
  );

  const { transport, connection } = transportOf(config, deps);
  const outbox = new Outbox({
    cluster,
    agent: node,
    spool,
    transport,
    metrics: componentMetrics(registry, 'outbox', { dropped: REFUSALS }),
    logger,
    onRefused: ({ reason, detail }, records) => {
      logger.error({ reason, detail, observations: records.length }, 'the collector refused observations for good');
      const observations = records.map(observationOf);
      for (const observation of observations) samples.add(reason, Buffer.from(JSON.stringify(observation)));
      // Of the refusal of what an agent says about itself there is nothing new to tell; and it could go on for ever.
      if (observations.every(isAboutItself)) return;
      tell(OUTBOX, 'gap', reason, `The collector refused ${observations.length} observations for good: ${detail}`);
    },
  });
  const fold = new ReadFold(config.agent.tokenFiles.foldSeconds * SECOND);
  const statuses = new Statuses(node);
  const pipeline = new Pipeline({ observer, files, fold, memory, statuses, spool, policy, logger, registry });
  const tell: Tell = (source, status, reason, detail) =>
    pipeline.tell(statuses.of({ source, status, reason, detail, time: clock.now() }));

  if (spool.setAside !== undefined) tell('audit-file', 'gap', 'state-lost', spool.setAside);
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  // What can't be written is waited for, but not when the agent is to stop: it is read again then.
  const take = (batch: AuditBatch): Promise<void> => Promise.race([pipeline.take(batch), stopped]);
  const operations = operationsOf(config, deps, () => components);
  const audit = auditSource(config, {
    logger,
    metrics,
    deadLetter,
    tell,
    take,
    room: () => spool.room(),
    resume: spool.checkpoint,
  });
  const components: Component[] = [
    // First and last: nobody else may have the folder while anything of this agent runs.
    createComponent('spool', {
      start: () => undefined,
      stop: async () => {
        await spool.close();
        lock.release();
      },
      degraded: () => spool.trouble ?? lock.unguarded,
    }),
    ...(operations ? [operations.component] : []),
    ...connection,
    delivery(outbox, samples),
    ...inventory.components,
    createReadProfilesFile({ folder: config.agent.stateDir, profiles: memory.profiles, logger }),
    releasing(pipeline, clock, countLosses(registry, known, observer)),
    ...createSensors(config, {
      node,
      policy,
      workloads: files.workloads,
      see: (lines) => pipeline.see(lines),
      tell,
      deps,
    }),
    ...(audit ? [audit] : []),
    // Stops first: a source may be waiting for room.
    createComponent('intake', {
      start: () => undefined,
      stop: () => {
        stopping.abort();
        spool.release();
      },
    }),
    createHeartbeat({
      node,
      clock,
      components: () => components,
      lag: () => audit && lagOf(audit, observer.watermark, clock.now()),
      waiting: () => ({ records: spool.records, bytes: spool.bytes }),
      offer: (heartbeat) => pipeline.beat(heartbeat),
    }),
  ];
  return {
    components,
    learn: (events) => pipeline.learn(events),
    see: (lines) => pipeline.see(lines),
    undelivered: () => spool.records,
    address: () => operations?.address(),
  };
}

function operationsOf(config: Config, deps: AgentDeps, components: () => Component[]): Operations | undefined {
  const { enabled, listen } = config.agent.metrics;
  if (!enabled || deps.metricsElsewhere) return undefined;
  return createOperations({ listen, registry: deps.registry, logger: deps.logger, components });
}

/** Stops last: what is still waiting gets a moment to be delivered. */
const delivery = (outbox: Outbox, samples: { flush(): Promise<void> }): Component =>
  createComponent(OUTBOX, {
    start: () => outbox.start(),
    stop: async () => {
      await outbox.stop(STOP_GRACE_MS);
      await samples.flush();
    },
    degraded: () => outbox.trouble,
  });

/** Connections end after the last of what waits has been delivered. */
function transportOf(config: Config, deps: AgentDeps): { transport: Transport; connection: Component[] } {
  if (config.agent.transport === 'http') return { transport: httpTransport(config, deps), connection: [] };
  const { logger, registry } = deps;
  const metrics = componentMetrics(registry, 'kafka-transport', { dropped: REFUSALS, errors: KAFKA_TROUBLES });
  const transport = new KafkaTransport({ settings: config.kafka, logger, metrics });
  const connection = createComponent('kafka-transport', { start: () => undefined, stop: () => transport.close() });
  return { transport, connection: [connection] };
}

async function openSpool(
  config: Config,
  { logger, registry }: AgentDeps,
  onDamaged: () => void,
): Promise<Spool<AuditCheckpoint>> {
  const { stateDir, spool } = config.agent;
  const opened = await Spool.open({
    folder: join(stateDir, 'spool'),
    place: AuditCheckpoint,
    maxBytes: spool.maxMegabytes * 1024 * 1024,
    logger,
    metrics: componentMetrics(registry, 'spool', SPOOL_LABELS),
    onDamaged,
  });
  gaugeSpool(opened, registry);
  return opened;
}

function httpTransport(config: Config, { logger, registry }: AgentDeps): Transport {
  const { url, tokenFile, caFile, certFile, keyFile } = config.agent.collector;
  return new HttpTransport({
    url,
    ...(tokenFile !== undefined && { token: async () => (await readFile(tokenFile, 'utf8')).trim() }),
    tls: { caFile, certFile, keyFile },
    logger,
    metrics: componentMetrics(registry, 'http-transport', { dropped: REFUSALS, errors: HTTP_ERRORS }),
  });
}

/** Lets what is held back go when its time has come, though the log be silent. */
function releasing(pipeline: Pipeline, clock: Clock, countLosses: () => void): Component {
  let timer: NodeJS.Timeout | undefined;
  return createComponent('hold-back', {
    start: () => {
      pipeline.resume();
      timer = setInterval(() => {
        pipeline.advance(clock.now());
        countLosses();
      }, TICK_MS);
    },
    stop: () => {
      clearInterval(timer);
      pipeline.flush();
    },
  });
}

/** What limits took away, brought into the counters. */
function countLosses(registry: Registry, inventory: ClusterInventory, observer: Observer): () => void {
  const ofInventory = componentMetrics(registry, 'inventory', { dropped: ['evicted'] });
  const ofHoldBack = componentMetrics(registry, 'hold-back', { errors: ['too-many-wait'] });
  const counters = [
    following(
      () => inventory.stats.evicted,
      (count) => ofInventory.dropped('evicted', count),
    ),
    following(
      () => observer.early,
      (count) => ofHoldBack.error('too-many-wait', count),
    ),
  ];
  return () => {
    for (const count of counters) count();
  };
}

interface AuditParts {
  logger: Logger;
  metrics: ComponentMetrics<never, never, DeadLetterReason>;
  deadLetter: DeadLetters;
  tell: Tell;
  take(batch: AuditBatch): Promise<void>;
  room(): Promise<boolean>;
  resume: AuditCheckpoint | undefined;
}

function auditSource(
  config: Config,
  { logger, metrics, deadLetter, tell, take, room, resume }: AuditParts,
): AuditFileSource | undefined {
  const { path, fromBeginning, maxLineBytes } = config.agent.auditLog;
  if (path === undefined) return undefined;
  return new AuditFileSource({
    path,
    fromBeginning,
    maxLineBytes,
    resume,
    room,
    deadLetter,
    logger,
    onBatch: async (batch) => {
      metrics.received(batch.linesRead);
      await take(batch);
      metrics.sent(batch.linesRead);
    },
    onStatus: ({ status, reason, detail }) => tell('audit-file', status, reason, detail),
  });
}

/** By the newest line that was read, unless all of them were. */
function lagOf({ isAtEnd }: AuditFileSource, newest: Micros, now: Micros): Micros | undefined {
  if (isAtEnd) return 0;
  return isAtEnd === undefined || newest === 0 ? undefined : Math.max(0, now - newest);
}

const isAboutItself = (observation: Observation): boolean =>
  observation.kind === 'heartbeat' || (observation.kind === 'status' && observation.source === OUTBOX);

async function inventoryMode(config: Config, deps: AgentDeps): Promise<Whereabouts['inventory']> {
  const { kubernetes, file } = config.agent.inventory;
  if (deps.inventoryFromOutside || kubernetes) return 'live';
  return file === undefined || isIdle(config) ? 'none' : (await readInventoryFile(file)).mode;
}

const nodeOf = (config: Config): string => config.agent.node ?? hostname();

/** With neither a log nor a sensor there is nothing to ask an inventory about. */
const isIdle = ({ agent: { auditLog, tokenFiles } }: Config): boolean =>
  auditLog.path === undefined && !tokenFiles.enabled;

interface Inventory {
  components: Component[];
  freshUntil?: (now: Micros) => Micros;
}

interface InventoryParts {
  learn(events: InventoryEvent[]): void;
  tell: Tell;
}

function inventorySource(config: Config, deps: AgentDeps, { learn, tell }: InventoryParts): Inventory {
  const { kubernetes, kubeconfig, file } = config.agent.inventory;
  if (deps.inventoryFromOutside || isIdle(config)) return { components: [] };
  if (kubernetes) {
    const source = new KubernetesSource({
      kubeconfig,
      // A watch of all pods by every node would be a burden to the API server.
      ...(config.agent.auditLog.path === undefined && { onlyNode: nodeOf(config) }),
      logger: deps.logger,
      onEvents: learn,
      metrics: componentMetrics(deps.registry, 'kubernetes', { deadLetters: ['malformed-object'] }),
      onStatus: ({ status, reason, detail }) => tell('kubernetes', status, reason, detail),
    });
    return { components: [source], freshUntil: (now) => source.freshUntil(now) };
  }
  if (file === undefined) return { components: [] };
  const read = async (): Promise<void> => {
    for await (const event of (await readInventoryFile(file)).events) learn([event]);
  };
  return { components: [createComponent('inventory-file', { start: read, stop: () => undefined })] };
}
