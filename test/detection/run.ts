/** Runs observations through the correlator, and gathers what comes of it. */
import { Correlator } from '../../shared/detection/correlator.ts';
import { defaultPolicy, type Policy } from '../../shared/detection/policy.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';

export interface Result {
  /** As they are in the end, in order of their first appearance. */
  alerts: Alert[];
  placements: Map<string, Placement>;
}

/** In order of `seen`, as a log shows them; those of the same time in the order given. */
export const inOrder = (observations: readonly Observation[]): Observation[] =>
  observations.toSorted((a, b) => a.seen - b.seen);

export const newCorrelator = (policy: Partial<Policy> = {}): Correlator =>
  new Correlator({ cluster: 'test', policy: { ...defaultPolicy, ...policy } });

export function run(observations: readonly Observation[], policy: Partial<Policy> = {}): Result {
  const correlator = newCorrelator(policy);
  const alerts = new Map<string, Alert>();
  const placements = new Map<string, Placement>();
  for (const outcome of [correlator.process(inOrder(observations), []), correlator.flush()]) {
    for (const alert of outcome.alerts) alerts.set(alert.id, alert);
    for (const [id, placement] of outcome.placements) placements.set(id, placement);
  }
  return { alerts: [...alerts.values()], placements };
}
