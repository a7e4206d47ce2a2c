/**
 * The inventory, live: lists and watches pods and nodes, and the API servers' own endpoints where that is allowed. Keeps
 * nothing of what it sees, and tells it in the order in which it came.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Component, type ComponentStatus, createComponent } from '../../../shared/component/component.ts';
import { ApiServer } from '../../../shared/kubernetes/api-server.ts';
import { loadKubeConfig } from '../../../shared/kubernetes/kube-config.ts';
import type { InventoryEvent } from '../../../shared/schema/inventory-event.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import { type Clock, type Micros, wallClock } from '../../../shared/time.ts';
import { Connections, type KubernetesStatus } from './connections.ts';
import { createFeed, type FeedKind } from './feed.ts';
import { DEFAULT_TIMING, ListWatch, type ListWatchTiming } from './list-watch.ts';

export interface SourceTiming extends ListWatchTiming {
  /** Without a watch for this long, the source says that it is blind. */
  blindAfterMs: number;
  /** How long `start` waits for the first lists before it goes on without. */
  startMs: number;
}

export interface KubernetesSourceOptions {
  /** Path of a kubeconfig, or one that is loaded already; without, see `loadKubeConfig`. */
  kubeconfig?: string | KubeConfig | undefined;
  /** Only the pods of this node, whose token files are watched there; without, everything that holds an address. */
  onlyNode?: string;
  /** Told in order what belongs together: a page of a list, or an event of a watch. Must not throw. */
  onEvents: (events: InventoryEvent[]) => void;
  /** Told when it changes. */
  onStatus: (status: KubernetesStatus) => void;
  metrics: Pick<ComponentMetrics<never, never, 'malformed-object'>, 'deadLetter'>;
  logger: Logger;
  clock?: Clock;
  timing?: Partial<SourceTiming>;
}

interface Resource {
  kind: FeedKind;
  path: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Refusals that are taken for an answer: nice to have, and not everybody may have it. */
  giveUpOn?: readonly number[];
}

const REQUIRED: readonly Resource[] = [
  { kind: 'Pod', path: '/api/v1/pods' },
  { kind: 'Node', path: '/api/v1/nodes' },
];
const API_SERVERS: Resource = {
  kind: 'EndpointSlice',
  path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  labelSelector: 'kubernetes.io/service-name=kubernetes',
  giveUpOn: [401, 403, 404],
};

function resourcesFor(onlyNode: string | undefined): readonly Resource[] {
  if (onlyNode === undefined) return [...REQUIRED, API_SERVERS];
  return [{ kind: 'Pod', path: '/api/v1/pods', fieldSelector: `spec.nodeName=${onlyNode}` }];
}

export class KubernetesSource implements Component {
  readonly name = 'kubernetes';
  readonly #options: KubernetesSourceOptions;
  readonly #resources: readonly Resource[];
  readonly #timing: SourceTiming;
  readonly #clock: Clock;
  readonly #component: Component;
  readonly #connections: Connections;
  readonly #stopping = new AbortController();
  #running: Promise<void>[] = [];
  #lastTime: Micros = 0;

  constructor(options: KubernetesSourceOptions) {
    this.#options = options;
    this.#resources = resourcesFor(options.onlyNode);
    this.#timing = { ...DEFAULT_TIMING, blindAfterMs: 30_000, startMs: 10_000, ...options.timing };
    this.#clock = options.clock ?? wallClock;
    this.#connections = new Connections({
      names: this.#resources.filter(({ giveUpOn }) => giveUpOn === undefined).map(({ kind }) => kind),
      clock: this.#clock,
      blindAfterMs: this.#timing.blindAfterMs,
      onStatus: (status) => {
        const { status: level, ...fields } = status;
        options.logger[level === 'ok' ? 'info' : 'warn'](fields, 'inventory status');
        options.onStatus(status);
      },
    });
    this.#component = createComponent(this.name, {
      start: () => this.#start(),
      stop: () => this.#stop(),
      degraded: () => this.#connections.blindness,
    });
  }

  /**
   * Resolves once pods and nodes have been listed, or after a while without: an API server that is down must not keep
   * the rest from starting.
   *
   * @throws {TruantError} CONFIG_INVALID
   */
  start(): Promise<void> {
    return this.#component.start();
  }

  stop(): Promise<void> {
    // First of all: a start that waits for an answer must not be waited for.
    this.#stopping.abort();
    return this.#component.stop();
  }

  status(): ComponentStatus {
    return this.#component.status();
  }

  /**
   * Event time up to which everything has been told: what happened later may still be under way, because a watch was
   * interrupted. What waits for the inventory had better wait by this than by the wall clock.
   */
  freshUntil(now: Micros): Micros {
    return this.#connections.freshUntil(now);
  }

  async #start(): Promise<void> {
    const { kubeconfig } = this.#options;
    const config =
      typeof kubeconfig === 'object' ? kubeconfig : await loadKubeConfig(kubeconfig, 'agent.inventory.kubeconfig');
    const api = new ApiServer(config);
    this.#connections.start();
    this.#running = this.#resources.map((resource) => this.#watch(api, resource));
    const { signal } = this.#stopping;
    const enough = delay(this.#timing.startMs, undefined, { signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#connections.complete, enough]);
  }

  async #stop(): Promise<void> {
    this.#connections.stop();
    await Promise.all(this.#running);
  }

  #watch(api: ApiServer, { kind, path, labelSelector, fieldSelector, giveUpOn }: Resource): Promise<void> {
    const { onEvents, logger, metrics } = this.#options;
    const isRequired = giveUpOn === undefined;
    const now = () => this.#now();
    const handler = createFeed({
      kind,
      now,
      onEvents,
      onMalformed: () => {
        metrics.deadLetter('malformed-object');
        logger.debug({ kind }, 'an object could not be read');
      },
      onConnected: () => {
        logger.debug({ kind }, 'watching');
        if (isRequired) this.#connections.connected(kind);
      },
      onDisconnected: (err) => {
        if (err !== undefined) logger.debug({ kind, err }, 'not watching');
        if (isRequired) this.#connections.disconnected(kind, err);
      },
    });
    // A signal of its own: one for all would gather more listeners than Node.js thinks are in order.
    const own = new AbortController();
    this.#stopping.signal.addEventListener('abort', () => own.abort(), { once: true });
    const options = {
      api,
      path,
      now,
      timing: this.#timing,
      handler,
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
    return new ListWatch(options).run(own.signal, giveUpOn);
  }

  /** Never the same twice: what came one after the other must not seem to have come at once. */
  #now(): Micros {
    this.#lastTime = Math.max(this.#clock.now(), this.#lastTime + 1);
    return this.#lastTime;
  }
}
