import type { Alert, Finding } from '../schema/alert.ts';
import type { Observation } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import type { Micros } from '../time.ts';

/** What changed by looking at observations, or by time going on. */
export interface Outcome {
  /** Verdicts on uses and issues, by observation id. A later verdict on the same id replaces an earlier `unclear: deciding`. */
  placements: Map<string, Placement>;
  /** Alerts that are new or changed, whole, with their new revision; each at most once. */
  alerts: Alert[];
}

/** The pure heart of the collector: one per cluster. Everything is driven by event time. */
export interface CorrelatorPort {
  /** How many credentials had to be forgotten to make room. */
  readonly forgotten: number;
  process(observations: readonly Observation[], findings: readonly Finding[]): Outcome;
  /** Lets event time go on: decisions that waited are made. */
  advance(now: Micros): Outcome;
  /** Everything that still waits is decided with what is known. */
  flush(): Outcome;
  /** Rebuilds the state after a restart from what is stored, oldest first; nothing is raised again. */
  restore(observations: Iterable<Observation>, alerts: Iterable<Alert>): void;
}
