/** Stand-ins: a correlator whose verdicts are plain to see, a store that can be made to fail, a timer that a test turns. */
import { pino } from 'pino';
import type { Every } from '../../../collector/every.ts';
import type { Store } from '../../../collector/store/store.ts';
import type { CorrelatorPort, Outcome } from '../../../shared/detection/correlator-types.ts';
import { TruantError } from '../../../shared/errors.ts';
import type { Alert, Finding } from '../../../shared/schema/alert.ts';
import type { Exception } from '../../../shared/schema/handling.ts';
import type { Observation, TokenUse } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import { AWAY, alert, DECIDING, HOME, outcome } from './make.ts';

export const silent = pino({ level: 'silent' });

/**
 * Uses from 10.* are at home, others are away and raise or extend the alert of their credential; a use of verb `defer`
 * is decided when time goes on. A user agent `poison` makes it throw, `another` opens a closed alert again. Exceptions are
 * by principal alone.
 */
export class PlainCorrelator implements CorrelatorPort {
  forgotten = 0;
  readonly alerts = new Map<string, Alert>();
  readonly processed: string[] = [];
  readonly restored: string[] = [];
  readonly findings: Finding[] = [];
  exceptions: readonly Exception[] = [];
  #waiting: TokenUse[] = [];
  readonly cluster: string;

  constructor(cluster: string) {
    this.cluster = cluster;
  }

  process(observations: readonly Observation[], findings: readonly Finding[]): Outcome {
    const result = outcome();
    this.findings.push(...findings);
    for (const observation of observations) {
      if ('request' in observation && observation.request.userAgent === 'poison') throw new Error('poisoned');
      this.processed.push(observation.id);
      if (observation.kind !== 'use') continue;
      if (observation.request.verb === 'defer') {
        this.#waiting.push(observation);
        result.placements.set(observation.id, DECIDING);
      } else this.#decide(observation, result);
    }
    return result;
  }

  advance(_now: Micros): Outcome {
    const result = outcome();
    for (const waiting of this.#waiting.splice(0)) this.#decide(waiting, result);
    return result;
  }

  flush(): Outcome {
    return this.advance(Infinity);
  }

  adopt(stored: Alert): void {
    this.alerts.set(stored.credential ?? '', stored);
  }

  except(exceptions: readonly Exception[]): void {
    this.exceptions = exceptions;
  }

  restore(observations: Iterable<Observation>, alerts: Iterable<Alert>): void {
    for (const observation of observations) {
      if ('request' in observation && observation.request.userAgent === 'poison') throw new Error('poisoned');
      this.restored.push(observation.id);
    }
    for (const stored of alerts) this.alerts.set(stored.credential ?? '', stored);
  }

  #decide(use: TokenUse, result: Outcome): void {
    if (use.source.address?.startsWith('10.')) {
      result.placements.set(use.id, HOME);
      return;
    }
    result.placements.set(use.id, AWAY);
    const exception = this.exceptions.find(({ principal }) => principal === use.principal);
    if (exception) {
      const count = (result.suppressed?.get(exception.id)?.count ?? 0) + 1;
      result.suppressed = new Map([[exception.id, { count, last: use.time }]]);
      return;
    }
    const credential = use.credential.id;
    const before = this.alerts.get(credential);
    const revision = (before?.revision ?? 0) + 1;
    const counts = { findings: revision, observations: revision };
    const { assignee, status = 'open', resolution } = before ?? {};
    // By another client it goes on, so it is open again.
    const isReopened = status === 'closed' && use.request.userAgent === 'another';
    const life = {
      status: isReopened ? ('open' as const) : status,
      ...(assignee !== undefined && { assignee }),
      ...(resolution && !isReopened && { resolution }),
    };
    const next = alert(`al-${credential}`, { cluster: this.cluster, credential, revision, counts, ...life });
    if (isReopened) result.reopened = [{ alert: next.id, because: 'It goes on.' }];
    this.alerts.set(credential, next);
    result.alerts = [...result.alerts.filter(({ id }) => id !== next.id), next];
  }
}

/** A store whose next commits fail, as if the disk were full. */
export function failing(store: Store): { store: Store; failNext(count: number): void } {
  let failures = 0;
  const commit: Store['commit'] = (given) => {
    if (failures === 0) return store.commit(given);
    failures -= 1;
    return Promise.reject(new TruantError('STORE_UNAVAILABLE', 'no space left on device'));
  };
  return {
    store: new Proxy(store, {
      get: (target, name) => {
        if (name === 'commit') return commit;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    failNext: (count) => {
      failures = count;
    },
  };
}

/** Timers that only go off when a test says so. */
export function manualTimers(): { every: Every; fire(): void; readonly running: number } {
  const tasks = new Set<() => void>();
  return {
    every: (_milliseconds, task) => {
      const entry = () => task();
      tasks.add(entry);
      return () => tasks.delete(entry);
    },
    fire: () => {
      for (const task of tasks) task();
    },
    get running() {
      return tasks.size;
    },
  };
}
