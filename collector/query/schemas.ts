/** What the API answers. Times are in microseconds since 1970 UTC unless they are text. */
import { z } from 'zod';
import { Alert, AlertStatus } from '../../shared/schema/alert.ts';
import {
  Binding,
  CredentialKind,
  Relation,
  SourceStatus,
  TokenFile,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../../shared/schema/observation.ts';
import { Placement } from '../../shared/schema/placement.ts';
import type {
  AlertSummary,
  BlindSpot,
  CredentialLife,
  HistoryItem,
  PlacedUse,
  StoreSize,
  StreamState,
} from '../store/store.ts';

const micros = z.int();
const count = z.int().nonnegative();

/** `next` is the cursor of the page after, null on the last. */
const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

const cluster = z.string();
const Placed = z.strictObject({
  cluster,
  placement: Placement.nullable(),
  use: TokenUse,
}) satisfies z.ZodType<PlacedUse>;

export const UsesPage = pageOf(Placed);
export type UsesPage = z.infer<typeof UsesPage>;

export const HistoryPage = pageOf(
  z.union([
    Placed,
    z.strictObject({ cluster, read: TokenRead }),
    z.strictObject({ cluster, file: TokenFile }),
  ]) satisfies z.ZodType<HistoryItem>,
);
export type HistoryPage = z.infer<typeof HistoryPage>;

export const AlertsPage = pageOf(
  Alert.omit({
    findings: true,
    evidence: true,
    story: true,
    did: true,
    actions: true,
    triage: true,
  }) satisfies z.ZodType<AlertSummary>,
);
export type AlertsPage = z.infer<typeof AlertsPage>;

const tallyOf = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ value, count, firstSeen: micros, lastSeen: micros });

export const CredentialAnswer = z.strictObject({
  cluster: z.string(),
  id: z.string(),
  kind: CredentialKind.nullable(),
  principal: z.string().nullable(),
  binding: Binding,
  status: z.enum(['issued', 'used', 'stale', 'invalidated']),
  firstSeen: micros.nullable(),
  lastSeen: micros.nullable(),
  uses: z.strictObject({
    total: count,
    refused: count,
    home: count,
    away: count,
    unclear: count,
    undecided: count,
  }),
  sources: z.array(tallyOf(z.string().nullable())),
  userAgents: z.array(tallyOf(z.string())),
  readers: z.array(
    z.strictObject({
      relation: Relation.nullable(),
      program: z.string().nullable(),
      access: TokenRead.shape.access,
      outcome: TokenRead.shape.outcome,
      count,
      firstSeen: micros,
      lastSeen: micros,
    }),
  ),
  file: TokenFile.nullable(),
  issue: TokenIssue.nullable(),
  issues: z.array(TokenIssue),
  alerts: z.array(z.string()),
}) satisfies z.ZodType<CredentialLife>;

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

const Blind = z.strictObject({
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

/** RFC 9457, for everything that is refused. */
export const ProblemAnswer = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  parameters: z.array(z.strictObject({ name: z.string(), problem: z.string() })).optional(),
});
