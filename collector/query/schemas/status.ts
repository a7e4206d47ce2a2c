/** How the collector is doing. */
import { z } from 'zod';
import { AlertStatus } from '../../../shared/schema/alert.ts';
import { SourceStatus } from '../../../shared/schema/observation.ts';
import type { BlindSpot, StoreSize, StreamState } from '../../store/store.ts';
import { cluster, count, micros } from './common.ts';

const Stream = z.strictObject({
  stream: z.string(),
  cluster: z.string(),
  agent: z.string(),
  position: count,
  accepted: count,
  rejected: count,
  missing: count,
  firstSeen: micros,
  lastSeen: micros,
  newest: micros.nullable(),
}) satisfies z.ZodType<StreamState>;

export const Blind = z.strictObject({
  cluster,
  node: z.string().nullable(),
  source: z.string(),
  status: SourceStatus.shape.status.exclude(['ok']),
  reason: z.string(),
  detail: z.string(),
  time: micros,
}) satisfies z.ZodType<BlindSpot>;

export const StatusAnswer = z.strictObject({
  time: micros,
  components: z.array(z.strictObject({ name: z.string(), state: z.string(), detail: z.string().optional() })),
  blindSpots: z.array(Blind),
  streams: z.array(Stream),
  store: z.strictObject({
    observations: count,
    undecided: count,
    alerts: z.record(AlertStatus, count),
    bytes: count,
    fileBytes: count,
  }) satisfies z.ZodType<StoreSize>,
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;
