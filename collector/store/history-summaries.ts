/** Questions about many rows of the history at once. */
import type { Observation } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import type { Micros } from '../../shared/time.ts';
import type { HistoryFilter } from './store.ts';

/** What rows are counted as: uses by their verdict, all else by its kind. */
export const SERIES = ['home', 'away', 'unclear', 'undecided', 'read', 'file', 'issue', 'entry', 'denied'] as const;
export type Series = (typeof SERIES)[number];

export interface Histogram {
  /** Of the first bucket. Null, with no buckets: nothing matches. */
  from: Micros | null;
  /** Of one bucket, the same for all; at least a millisecond. */
  width: Micros;
  /** In order, without a hole. */
  buckets: ({ time: Micros } & Record<Series, number>)[];
}

export const GROUPINGS = [
  'principal',
  'credential',
  'pod',
  'node',
  'source',
  'userAgent',
  'verb',
  'resource',
  'placement',
  'code',
  'kind',
  'cluster',
] as const;
export type Grouping = (typeof GROUPINGS)[number];
export const GROUP_ORDERS = ['count', 'first', 'last'] as const;
export type GroupOrder = (typeof GROUP_ORDERS)[number];

export interface GroupsOptions {
  by: Grouping;
  /** `count`: most first; `first`: seen first latest, so that what is new comes first; `last`: seen last latest. */
  order: GroupOrder;
  limit: number;
  /** Only what was never seen before this time, in all that is kept and the filter leaves but for its `since`. */
  newSince?: Micros | undefined;
}

export interface Group {
  /** As filters take it; a pod as `<namespace>/<name>`, a resource as `pods/exec`. Null: rows that have none. */
  value: string | null;
  count: number;
  away: number;
  unclear: number;
  /** Requests answered with 400 or more. */
  refused: number;
  firstSeen: Micros;
  lastSeen: Micros;
}

export interface Groups {
  groups: Group[];
  /** How many there are in all. */
  total: number;
}

/** An observation as it was stored. */
export interface StoredObservation {
  cluster: string;
  observation: Observation;
  placement: Placement | null;
}

/** What a credential's life is made of. */
export const LIFE_EVENTS = [
  'issued',
  'appeared',
  'read',
  'used',
  'minted',
  'superseded',
  'expired',
  'pod-gone',
  'file-gone',
] as const;
export type LifeEvent = (typeof LIFE_EVENTS)[number];

/** One line of a credential's life. What goes on in the same way is one line. */
export interface LifeLine {
  event: LifeEvent;
  time: Micros;
  /** When it was last so; null: it was once. */
  until: Micros | null;
  count: number;
  /** For people, whole. */
  sentence: string;
  /** Of uses. */
  placement: Placement['verdict'] | null;
  source: string | null;
  /** The first observation that shows it. Null: it follows from others. */
  observation: string | null;
}

export interface LifeTimeline {
  cluster: string;
  id: string;
  /** In order of time, at most 500; what is left out in between is said in `left`. */
  lines: LifeLine[];
  left: number;
}

export interface HistorySummariesStore {
  /** @param buckets how many at most, over the filter's time, or where it has none, over what matches */
  histogram(filter: HistoryFilter, buckets: number): Promise<Histogram>;
  groups(filter: HistoryFilter, options: GroupsOptions): Promise<Groups>;
  /** @param near the observation's own time, if it is known: looking is then much cheaper */
  observation(id: string, cluster?: string, near?: Micros): Promise<StoredObservation[]>;
  /** One a cluster that knows it. */
  timeline(id: string, cluster?: string): Promise<LifeTimeline[]>;
}
