import type { Alert, Finding } from '../schema/alert.ts';
import type { Exception } from '../schema/handling.ts';
import type { Observation } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import type { Micros } from '../time.ts';

/** What changed by looking at observations, or by time going on. */
export interface Outcome {
  /** Verdicts on uses and issues, by observation id. A later verdict on the same id replaces an earlier `unclear: deciding`. */
  placements: Map<string, Placement>;
  /** Alerts that are new or changed, whole, with their new revision; each at most once. */
  alerts: Alert[];
  /** Findings that exceptions kept back, by the exception's id. Left out: none were. */
  suppressed?: ReadonlyMap<string, Suppressed>;
  /** Closed alerts, by id, that were opened again, and what was not known when they were closed. Left out: none were. */
  reopened?: readonly Reopened[];
}

export interface Reopened {
  alert: string;
  /** A sentence. */
  because: string;
}

export interface Suppressed {
  count: number;
  /** The newest finding's own time. */
  last: Micros;
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
  /** What people have made of an alert: it goes on from there. Of a closed one only what was not known opens it again. */
  adopt(alert: Alert): void;
  /** From now on these findings are kept back; they replace those before. */
  except(exceptions: readonly Exception[]): void;
  /** Rebuilds the state after a restart from what is stored, oldest first; nothing is raised again. */
  restore(observations: Iterable<Observation>, alerts: Iterable<Alert>): void;
}
