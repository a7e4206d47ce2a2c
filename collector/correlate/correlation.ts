/**
 * Lets one correlator a cluster look at everything that comes in, and stores what came in together with what was made of
 * it: one at a time, so that a correlator is never ahead of the store by more than what is being committed. Whenever a
 * commit fails, the correlator is thrown away and made anew from what is stored.
 */
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../../shared/component/component.ts';
import type { CorrelatorPort, Outcome } from '../../shared/detection/correlator-types.ts';
import type { Alert, Finding } from '../../shared/schema/alert.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import type { Clock, Micros } from '../../shared/time.ts';
import type { Every } from '../every.ts';
import type { Arrival, Commit, Consumed, Fresh, Store } from '../store/store.ts';
import { TaskQueue } from '../task-queue.ts';
import { createCommitting } from './committing.ts';
import { Correlators } from './correlators.ts';
import { ExceptionsInForce } from './exceptions-in-force.ts';
import { createHandling, type Handling } from './handling.ts';

export interface CorrelationOptions {
  store: Store;
  newCorrelator: (cluster: string) => CorrelatorPort;
  /** Event time, as it goes on by itself. */
  clock: Clock;
  every: Every;
  /** How many clusters are followed; each takes memory. */
  maxClusters: number;
  /** How many batches may wait for their turn. */
  maxWaiting: number;
  /** What a correlator is made anew from: the newest observations, so far back and so many. */
  restore: { within: Micros; limit: number };
  log: Logger;
  registry: Registry;
}

/** What came in of one cluster in one go. */
export interface Intake {
  cluster: string;
  /** One a stream. */
  arrivals: Arrival[];
  findings: Finding[];
}

/** What became of it. */
export interface Receipt {
  accepted: number;
  /** Stored before. */
  duplicates: number;
  rejected: number;
}

export interface Correlation {
  readonly component: Component;
  /**
   * Resolves once everything is stored, together with how far a partition was consumed for it.
   *
   * @throws TruantError OVERLOADED when too much waits, LIMIT_REACHED when it would be one cluster too many,
   * STORE_UNAVAILABLE
   */
  take(intake: Intake, consumed?: Consumed): Promise<Receipt>;
  /** From now on somebody else follows the cluster; what comes of it later finds a correlator made anew. */
  release(cluster: string): Promise<void>;
  /** Tells of alerts that are new or changed, once they are stored. Returns how to end that. */
  onAlerts(listener: (alerts: readonly Alert[]) => void): () => void;
  /** What people do about alerts. */
  readonly handling: Handling;
  /** Tells of what was stored. Returns how to end that. */
  onCommit(listener: (commit: Commit) => void): () => void;
}

const TICK_MS = 1000;
const NOTHING: Outcome = { placements: new Map(), alerts: [] };

export function createCorrelation(options: CorrelationOptions): Correlation {
  const { store, clock, log } = options;
  const metrics = componentMetrics(options.registry, 'correlate', {
    dropped: ['gap', 'credential-forgotten'],
    errors: ['commit', 'restore', 'correlator'],
  });
  const turns = new TaskQueue({ concurrency: 1, capacity: options.maxWaiting });
  const inForce = new ExceptionsInForce(store, clock);
  const correlators = new Correlators({
    ...options,
    inForce,
    catchUp: async (cluster, correlator, undecided) => {
      const outcome = judged(cluster, () => correlator.process(undecided, []));
      if (outcome) await commit({ cluster, outcome });
    },
    onForgotten: (count) => metrics.dropped('credential-forgotten', count),
    onUnrestored: () => metrics.error('restore'),
  });
  const { commit, onAlerts, onCommit } = createCommitting({
    ...options,
    inForce,
    onFailure: (cluster) => {
      metrics.error('commit');
      correlators.discard(cluster);
    },
  });
  const handling = createHandling({ store, clock, turns, inForce, correlators, commit });
  let blind: string | undefined;
  let ticking = false;
  let stopTicking = (): void => undefined;

  async function take({ cluster, arrivals, findings }: Intake, consumed?: Consumed): Promise<Receipt> {
    metrics.received(arrivals.reduce((sum, { records }) => sum + records.length, 0));
    const correlator = await correlators.of(cluster);
    const fresh = await store.unseen(arrivals);
    for (const { stream, missing } of fresh.filter((one) => one.missing > 0)) {
      metrics.dropped('gap', missing);
      log.warn({ stream, missing }, 'observations of a stream never came');
    }
    const observations = fresh.flatMap((one) => one.observations);
    // A finding knows its id, so one that comes again changes nothing; and what comes again as a whole brings none.
    if (observations.length > 0 || fresh.some(({ position, follows }) => position > follows)) {
      const outcome = judged(cluster, () => correlator.process(observations, findings));
      if (!outcome) correlators.discard(cluster);
      await commit({ cluster, outcome: outcome ?? NOTHING, fresh, consumed });
      metrics.sent(observations.length);
    } else if (consumed) await store.consume(consumed);
    const sum = (count: (one: Fresh) => number) => fresh.reduce((total, one) => total + count(one), 0);
    return {
      accepted: observations.length,
      duplicates: sum((one) => one.duplicates),
      rejected: sum((one) => one.rejected),
    };
  }

  /** A defect in a rule must not keep the history from being written: then it is stored without a verdict. */
  function judged(cluster: string, work: () => Outcome): Outcome | undefined {
    try {
      const outcome = work();
      blind = undefined;
      return outcome;
    } catch (error) {
      metrics.error('correlator');
      log.error({ err: error, cluster }, 'correlator failed; what came in is stored without a verdict');
      blind = 'A correlator failed: some of what came in was stored without a verdict.';
      return undefined;
    }
  }

  /** Lets event time go on where nothing comes in. */
  async function tick(): Promise<void> {
    for (const cluster of correlators.clusters()) {
      try {
        const correlator = await correlators.of(cluster);
        const outcome = judged(cluster, () => correlator.advance(clock.now()));
        correlators.countForgotten(correlator);
        if (outcome) await commit({ cluster, outcome });
        else correlators.discard(cluster);
      } catch (error) {
        log.warn({ err: error, cluster }, 'a tick could not be stored; it will be made up for');
      }
    }
  }

  const component = createComponent('correlate', {
    start: async () => {
      for (const { cluster } of await store.streams()) correlators.hearOf(cluster);
      for (const cluster of correlators.clusters()) await correlators.of(cluster);
      stopTicking = options.every(TICK_MS, () => {
        if (ticking) return;
        ticking = true;
        const done = turns.run(tick).catch((error: unknown) => log.debug({ err: error }, 'a tick was left out'));
        void done.finally(() => {
          ticking = false;
        });
      });
    },
    stop: async () => {
      stopTicking();
      await turns.close();
    },
    degraded: () => blind,
  });

  return {
    component,
    take: (intake, consumed) => turns.run(() => take(intake, consumed)),
    release: (cluster) => turns.run(async () => correlators.forget(cluster)),
    onCommit,
    onAlerts,
    handling,
  };
}
