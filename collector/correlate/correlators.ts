/** One correlator a cluster, made (anew) from what is stored when it is asked for. */

import { CLOSED_LASTS } from '../../shared/detection/alert-life.ts';
import type { CorrelatorPort } from '../../shared/detection/correlator-types.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Exception } from '../../shared/schema/handling.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { following } from '../../shared/telemetry/metrics.ts';
import type { Clock, Micros } from '../../shared/time.ts';
import type { Store } from '../store/store.ts';
import type { ExceptionsInForce } from './exceptions-in-force.ts';

export interface CorrelatorsOptions {
  store: Store;
  newCorrelator: (cluster: string) => CorrelatorPort;
  clock: Clock;
  maxClusters: number;
  /** What a correlator is made anew from: the newest observations, so far back and so many. */
  restore: { within: Micros; limit: number };
  inForce: ExceptionsInForce;
  /** Looks again at what nobody has been told of yet. */
  catchUp(cluster: string, correlator: CorrelatorPort, undecided: readonly Observation[]): Promise<void>;
  onForgotten(count: number): void;
  onUnrestored(): void;
  log: Logger;
}

const MOST_ALERTS = 5000;

export class Correlators {
  readonly #options: CorrelatorsOptions;
  /** Every cluster that was ever heard of; undefined until its correlator is made (anew). */
  readonly #byCluster = new Map<string, CorrelatorPort | undefined>();
  /** What each correlator has forgotten, as far as it is counted. */
  readonly #forgotten = new WeakMap<CorrelatorPort, () => void>();

  constructor(options: CorrelatorsOptions) {
    this.#options = options;
  }

  clusters(): IterableIterator<string> {
    return this.#byCluster.keys();
  }

  /** Heard of before; one too many is left out. */
  hearOf(cluster: string): void {
    if (this.#byCluster.size < this.#options.maxClusters) this.#byCluster.set(cluster, undefined);
  }

  /** @throws TruantError LIMIT_REACHED when it would be one cluster too many, STORE_UNAVAILABLE */
  async of(cluster: string): Promise<CorrelatorPort> {
    const { store, clock, restore, maxClusters, inForce, catchUp, onForgotten } = this.#options;
    const existing = this.#byCluster.get(cluster);
    if (existing) return existing;
    if (!this.#byCluster.has(cluster) && this.#byCluster.size >= maxClusters) {
      throw new TruantError('LIMIT_REACHED', `This collector follows ${maxClusters} clusters and takes no other.`);
    }
    const { decided, undecided } = await store.recent(cluster, restore.within, restore.limit);
    const alerts = await store.currentAlerts(cluster, clock.now() - CLOSED_LASTS, MOST_ALERTS);
    const correlator = this.#restored(cluster, decided, alerts);
    correlator.except(await inForce.all());
    if (undecided.length > 0) await catchUp(cluster, correlator, undecided);
    this.#byCluster.set(cluster, correlator);
    this.#forgotten.set(
      correlator,
      following(() => correlator.forgotten, onForgotten),
    );
    return correlator;
  }

  /** It is ahead of the store, or has failed: it is made anew. */
  discard(cluster: string): void {
    if (this.#byCluster.has(cluster)) this.#byCluster.set(cluster, undefined);
  }

  forget(cluster: string): void {
    this.#byCluster.delete(cluster);
  }

  countForgotten(correlator: CorrelatorPort): void {
    this.#forgotten.get(correlator)?.();
  }

  /** What is made of an alert once it is stored. A correlator that is made later reads it from there. */
  adopt(alert: Alert): void {
    this.#byCluster.get(alert.cluster)?.adopt(alert);
  }

  except(exceptions: readonly Exception[]): void {
    for (const correlator of this.#byCluster.values()) correlator?.except(exceptions);
  }

  #restored(cluster: string, observations: Observation[], alerts: Alert[]): CorrelatorPort {
    const { newCorrelator, onUnrestored, log } = this.#options;
    const correlator = newCorrelator(cluster);
    try {
      correlator.restore(observations, alerts);
      return correlator;
    } catch (error) {
      // Better to go on without the past than not at all.
      onUnrestored();
      log.error({ err: error, cluster }, 'correlator could not be restored from what is stored');
      return newCorrelator(cluster);
    }
  }
}
