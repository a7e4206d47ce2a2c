/** Answers about alerts, and what people may ask to be done about them. */
import { z } from 'zod';
import { Alert, AlertStatus, Severity } from '../../../shared/schema/alert.ts';
import { ActionRecord, AlertAction, Exception, ExceptionTerms } from '../../../shared/schema/handling.ts';
import type { AlertCounts, RelatedAlert } from '../../store/alert-life.ts';
import type { AlertSummary } from '../../store/store.ts';
import { cluster, count, micros, pageOf, tallyOf } from './common.ts';

export const Summary = Alert.omit({
  findings: true,
  evidence: true,
  story: true,
  did: true,
  actions: true,
  triage: true,
}) satisfies z.ZodType<AlertSummary>;

export const AlertsPage = pageOf(Summary);
export type AlertsPage = z.infer<typeof AlertsPage>;

/** Whole, with what was done about it, newest first, at most 200. */
export const AlertAnswer = z.strictObject({ ...Alert.shape, activity: z.array(ActionRecord) });
export type AlertAnswer = z.infer<typeof AlertAnswer>;

export const CountsAnswer = z.strictObject({
  total: count,
  severity: z.record(Severity, count),
  status: z.record(AlertStatus, count),
  rule: z.array(tallyOf(z.string())),
  cluster: z.array(tallyOf(z.string())),
  principal: z.array(tallyOf(z.string())),
}) satisfies z.ZodType<AlertCounts>;
export type CountsAnswer = z.infer<typeof CountsAnswer>;

export const RelatedAnswer = z.strictObject({
  items: z.array(
    z.strictObject({
      alert: Summary,
      because: z.array(z.enum(['source', 'principal', 'credential', 'node'])),
    }),
  ) satisfies z.ZodType<RelatedAlert[]>,
});
export type RelatedAnswer = z.infer<typeof RelatedAnswer>;

/** POST /api/v1/alerts/actions: the same for several. */
export const BulkBody = z.strictObject({
  alerts: z
    .array(z.strictObject({ cluster: z.string().min(1).max(253), id: z.string().min(1).max(256) }))
    .min(1)
    .max(200),
  do: AlertAction,
});
export type BulkBody = z.infer<typeof BulkBody>;

/** Of each alert, in the order asked: as it is now, or why nothing was done. */
export const BulkAnswer = z.strictObject({
  items: z.array(
    z.union([
      z.strictObject({ cluster, id: z.string(), alert: Summary }),
      z.strictObject({ cluster, id: z.string(), problem: z.string() }),
    ]),
  ),
});
export type BulkAnswer = z.infer<typeof BulkAnswer>;

export const ExceptionsAnswer = z.strictObject({ items: z.array(Exception) });
export type ExceptionsAnswer = z.infer<typeof ExceptionsAnswer>;

/** POST /api/v1/exceptions */
export const ExceptionBody = z.strictObject({
  ...ExceptionTerms.shape,
  /** Null or left out: every cluster. */
  cluster: z.string().min(1).max(253).nullable().optional(),
  reason: z.string().trim().min(1).max(4000),
  expiresAt: micros.nullable().optional(),
});
export type ExceptionBody = z.infer<typeof ExceptionBody>;
