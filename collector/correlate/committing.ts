/** Stores what came of something, then tells of it. */
import type { Registry } from 'prom-client';
import type { Outcome } from '../../shared/detection/correlator-types.ts';
import { rulesById } from '../../shared/detection/rules/by-id.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { ActionRecord } from '../../shared/schema/handling.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { counter, OTHER } from '../../shared/telemetry/metrics.ts';
import type { Clock, Micros } from '../../shared/time.ts';
import type { Commit, Store } from '../store/store.ts';
import type { ExceptionsInForce } from './exceptions-in-force.ts';

export interface CommittingOptions {
  store: Store;
  clock: Clock;
  inForce: ExceptionsInForce;
  /** Its correlator is ahead of the store. */
  onFailure(cluster: string): void;
  log: Logger;
  registry: Registry;
}

export interface Committing {
  commit(change: Omit<Commit, 'at'>): Promise<void>;
  onCommit(listener: (commit: Commit) => void): () => void;
  onAlerts(listener: (alerts: readonly Alert[]) => void): () => void;
}

/** Who did what nobody did. */
const TRUANT = 'truant';

export function createCommitting({ store, clock, inForce, onFailure, log, registry }: CommittingOptions): Committing {
  const listeners = new Set<(commit: Commit) => void>();
  const help = 'Findings that exceptions kept back, by rule.';
  const suppressed = counter(registry, 'truant_suppressed_findings_total', help, ['rule']);
  for (const rule of [...rulesById.keys(), OTHER]) suppressed.inc({ rule }, 0);

  async function commit(change: Omit<Commit, 'at'>): Promise<void> {
    const { cluster, outcome } = change;
    if (isNothing(change)) return;
    const at = clock.now();
    const actions = [...(change.actions ?? []), ...reopenings(cluster, outcome, at)];
    const whole: Commit = { ...change, actions, at };
    try {
      await store.commit(whole);
    } catch (error) {
      onFailure(cluster);
      throw error;
    }
    for (const [id, { count }] of outcome.suppressed ?? []) {
      const rule = inForce.ruleOf(id) ?? OTHER;
      suppressed.inc({ rule: rulesById.has(rule) ? rule : OTHER }, count);
    }
    tell(whole);
  }

  function tell(whole: Commit): void {
    for (const listener of listeners) {
      try {
        listener(whole);
      } catch (error) {
        log.error({ err: error }, 'somebody who was told of what was stored failed');
      }
    }
  }

  function onCommit(listener: (commit: Commit) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  return {
    commit,
    onCommit,
    onAlerts: (listener) =>
      onCommit(({ outcome: { alerts } }) => {
        if (alerts.length > 0) listener(alerts);
      }),
  };
}

function isNothing({ fresh, outcome, actions, exceptions }: Omit<Commit, 'at'>): boolean {
  const { placements, alerts, suppressed } = outcome;
  return !fresh && !actions && !exceptions && !suppressed && placements.size === 0 && alerts.length === 0;
}

const reopenings = (cluster: string, { reopened = [] }: Outcome, time: Micros): ActionRecord[] =>
  reopened.map(({ alert, because }) => ({
    cluster,
    alert,
    time,
    by: TRUANT,
    action: 'reopen',
    note: because,
    assignee: null,
    reason: null,
    exceptions: [],
  }));
