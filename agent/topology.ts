/** How the agent's parts are put together: the only file of the agent that knows them all. */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../shared/component/component.ts';
import { toCidrs, toPolicy } from '../shared/config/policy.ts';
import type { Config } from '../shared/config/schema.ts';
import { Memory } from '../shared/detection/memory.ts';
import { inCidrs } from '../shared/inventory/address.ts';
import { ClusterInventory } from '../shared/inventory/cluster-inventory.ts';
import { KAFKA_TROUBLES } from '../shared/kafka/trouble.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { Whereabouts } from '../shared/schema/observation.ts';
import { DeadLetterFile } from '../shared/telemetry/dead-letter-file.ts';
import type { Logger } from '../shared/telemetry/logger.ts';
import { type ComponentMetrics, componentMetrics, following } from '../shared/telemetry/metrics.ts';
import { type Clock, type Micros, SECOND, wallClock } from '../shared/time.ts';
import { AgentState } from './agent-state.ts';
import { FileObserver, SENSOR_REJECTS, type SensorLine } from './file-observer.ts';
import { Observer, sourceStatus, type Tell } from './observer.ts';
import { createOperations, type Operations } from './operations.ts';
import { Outbox } from './outbox.ts';
import { Pipeline } from './pipeline.ts';
import { ReadFold } from './read-fold.ts';
import { createReadProfilesFile } from './read-profiles-file.ts';
import { createSensors } from './sensors/topology.ts';
import { AuditFileSource } from './sources/audit-file/audit-file-source.ts';
import { AuditCheckpoint } from './sources/audit-file/checkpoint.ts';
import { DEAD_LETTER_REASONS, type DeadLetterReason, type DeadLetters } from './sources/audit-file/dead-letter.ts';
import type { AuditBatch } from './sources/audit-file/log-reader.ts';
import { readInventoryFile } from './sources/inventory-file.ts';
import { KubernetesSource } from './sources/kubernetes/kubernetes-source.ts';
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
  const state = await AgentState.open({ folder: config.agent.stateDir, place: AuditCheckpoint, logger: deps.logger });
  return assemble(config, deps, mode, state);
}

function assemble(
  config: Config,
  deps: AgentDeps,
  mode: Whereabouts['inventory'],
  state: AgentState<AuditCheckpoint>,
): Agent {
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
  });

  const { transport, connection } = transportOf(config, deps);
  const outbox = new Outbox({
    cluster,
    agent: node,
    stream: `${cluster}/${node}/audit-file/${state.stream}`,
    position: state.position,
    transport,
    metrics: componentMetrics(registry, 'outbox', { dropped: REFUSALS }),
    onAcknowledged: (position, signal) => state.advance(position, pipeline.reached(position), signal),
    onRefused: ({ reason, detail }, observations) => {
      logger.error(
        { reason, detail, observations: observations.length },
        'the collector refused observations for good',
      );
      for (const observation of observations) samples.add(reason, Buffer.from(JSON.stringify(observation)));
      // Of the refusal of such a status there is nothing new to tell; and it could go on for ever.
      if (observations.every((observation) => observation.kind === 'status' && observation.source === OUTBOX)) return;
      tell(OUTBOX, 'gap', reason, `The collector refused ${observations.length} observations for good: ${detail}`);
    },
  });
  const fold = new ReadFold(config.agent.tokenFiles.foldSeconds * SECOND);
  const pipeline = new Pipeline({ node, observer, files, fold, memory, outbox, policy, holdBack, registry });
  const tell: Tell = (source, status, reason, detail) =>
    pipeline.tell(sourceStatus({ node, source, status, reason, detail, time: clock.now() }));

  if (state.setAside !== undefined) {
    tell('audit-file', 'gap', 'state-lost', `The agent's state could not be read and was set aside: ${state.setAside}`);
  }
  const stopping = new AbortController();
  const take = async (batch: AuditBatch): Promise<void> => {
    await state.begin(batch.checkpoint, stopping.signal);
    await pipeline.take(batch);
  };
  const operations = operationsOf(config, deps, () => components);
  const components: Component[] = [
    // First and last: nobody else may have the folder while anything of this agent runs.
    createComponent('state', { start: () => undefined, stop: () => state.close(), degraded: () => state.trouble }),
    ...(operations ? [operations.component] : []),
    ...connection,
    delivery(outbox, transport, samples),
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
    ...auditSource(config, { logger, metrics, deadLetter, tell, take, resume: state.checkpoint }),
    // Stops first: a source may be waiting for room.
    createComponent('intake', {
      start: () => undefined,
      stop: () => {
        stopping.abort();
        outbox.close();
      },
    }),
  ];
  return {
    components,
    learn: (events) => pipeline.learn(events),
    see: (lines) => pipeline.see(lines),
    undelivered: () => outbox.waiting,
    address: () => operations?.address(),
  };
}

function operationsOf(config: Config, deps: AgentDeps, components: () => Component[]): Operations | undefined {
  const { enabled, listen } = config.agent.metrics;
  if (!enabled || deps.metricsElsewhere) return undefined;
  return createOperations({ listen, registry: deps.registry, logger: deps.logger, components });
}

/** Stops last: what is still waiting gets a moment to be delivered. */
const delivery = (outbox: Outbox, transport: Transport, samples: { flush(): Promise<void> }): Component =>
  createComponent(OUTBOX, {
    start: () => undefined,
    stop: async () => {
      await outbox.stop(STOP_GRACE_MS);
      await samples.flush();
    },
    degraded: () => transport.trouble(),
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

function httpTransport(config: Config, { logger, registry }: AgentDeps): Transport {
  const { url, tokenFile } = config.agent.collector;
  return new HttpTransport({
    url,
    ...(tokenFile !== undefined && { token: async () => (await readFile(tokenFile, 'utf8')).trim() }),
    logger,
    metrics: componentMetrics(registry, 'http-transport', { dropped: REFUSALS, errors: HTTP_ERRORS }),
  });
}

/** Lets what is held back go when its time has come, though the log be silent. */
function releasing(pipeline: Pipeline, clock: Clock, countLosses: () => void): Component {
  let timer: NodeJS.Timeout | undefined;
  return createComponent('hold-back', {
    start: () => {
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
  resume: AuditCheckpoint | undefined;
}

function auditSource(config: Config, { logger, metrics, deadLetter, tell, take, resume }: AuditParts): Component[] {
  const { path, fromBeginning, maxLineBytes } = config.agent.auditLog;
  if (path === undefined) return [];
  return [
    new AuditFileSource({
      path,
      fromBeginning,
      maxLineBytes,
      resume,
      deadLetter,
      logger,
      onBatch: async (batch) => {
        metrics.received(batch.linesRead);
        await take(batch);
        metrics.sent(batch.linesRead);
      },
      onStatus: ({ status, reason, detail }) => tell('audit-file', status, reason, detail),
    }),
  ];
}

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
