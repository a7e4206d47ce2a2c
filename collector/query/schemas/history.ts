/** Answers about what happened to tokens. */
import { z } from 'zod';
import {
  DeniedRequest,
  Observation,
  PodEntry,
  TokenFile,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../../../shared/schema/observation.ts';
import { Placement } from '../../../shared/schema/placement.ts';
import {
  GROUPINGS,
  type Groups,
  type Histogram,
  LIFE_EVENTS,
  type LifeTimeline,
  SERIES,
  type Series,
  type StoredObservation,
} from '../../store/history-summaries.ts';
import type { HistoryItem, PlacedUse } from '../../store/store.ts';
import { cluster, count, micros, pageOf } from './common.ts';

const Placed = z.strictObject({
  cluster,
  placement: Placement.nullable(),
  use: TokenUse,
}) satisfies z.ZodType<PlacedUse>;

export const UsesPage = pageOf(Placed);
export type UsesPage = z.infer<typeof UsesPage>;

/** Which field there is tells what happened. */
export const HistoryPage = pageOf(
  z.union([
    Placed,
    z.strictObject({ cluster, read: TokenRead }),
    z.strictObject({ cluster, file: TokenFile }),
    z.strictObject({ cluster, placement: Placement.nullable(), issue: TokenIssue }),
    z.strictObject({ cluster, entry: PodEntry }),
    z.strictObject({ cluster, denied: DeniedRequest }),
  ]) satisfies z.ZodType<HistoryItem>,
);
export type HistoryPage = z.infer<typeof HistoryPage>;

const series = Object.fromEntries(SERIES.map((name) => [name, count])) as Record<Series, typeof count>;

export const HistogramAnswer = z.strictObject({
  from: micros.nullable(),
  width: micros,
  buckets: z.array(z.strictObject({ time: micros, ...series })),
}) satisfies z.ZodType<Histogram>;
export type HistogramAnswer = z.infer<typeof HistogramAnswer>;

export const GroupsAnswer = z.strictObject({
  by: z.enum(GROUPINGS),
  groups: z.array(
    z.strictObject({
      value: z.string().nullable(),
      count,
      away: count,
      unclear: count,
      refused: count,
      firstSeen: micros,
      lastSeen: micros,
    }),
  ) satisfies z.ZodType<Groups['groups']>,
  total: count,
});
export type GroupsAnswer = z.infer<typeof GroupsAnswer>;

export const ObservationAnswer = z.strictObject({
  cluster,
  observation: Observation,
  placement: Placement.nullable(),
}) satisfies z.ZodType<StoredObservation>;
export type ObservationAnswer = z.infer<typeof ObservationAnswer>;

export const TimelineAnswer = z.strictObject({
  cluster,
  id: z.string(),
  lines: z.array(
    z.strictObject({
      event: z.enum(LIFE_EVENTS),
      time: micros,
      until: micros.nullable(),
      count,
      sentence: z.string(),
      placement: z.enum(Placement.options.map(({ shape }) => shape.verdict.value)).nullable(),
      source: z.string().nullable(),
      observation: z.string().nullable(),
    }),
  ),
  left: count,
}) satisfies z.ZodType<LifeTimeline>;
export type TimelineAnswer = z.infer<typeof TimelineAnswer>;
