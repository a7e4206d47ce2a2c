/** Answers about outputs. */
import { z } from 'zod';
import { OUTPUT_TYPES } from '../../../shared/config/outputs.ts';
import { FORMAT_NAMES } from '../../../shared/formats/format.ts';
import { NOTICE_EVENTS } from '../../../shared/formats/notice.ts';
import { Severity } from '../../../shared/schema/alert.ts';
import { FAILURE_REASONS } from '../../outputs/failure.ts';
import type { DeadLetter } from '../../store/outputs.ts';
import { count, micros, pageOf } from './common.ts';

export const Failure = z.strictObject({
  reason: z.enum(FAILURE_REASONS),
  detail: z.string(),
  remedy: z.string().nullable(),
});
export type Failure = z.infer<typeof Failure>;

export const OutputStatus = z.strictObject({
  name: z.string(),
  /** Null: it is not configured any more; its dead letters are kept. */
  type: z.enum(OUTPUT_TYPES).nullable(),
  /** Where to, without secrets: `siem.example:6514`, `topic truant.alerts`. */
  target: z.string(),
  /** Null: the receiver's own. */
  format: z.enum(FORMAT_NAMES).nullable(),
  /** `retrying`: the other side takes nothing at the moment; `off`: by configuration. */
  state: z.enum(['ok', 'retrying', 'off']),
  on: z.array(z.enum(NOTICE_EVENTS)),
  minSeverity: Severity,
  /** Since the collector started: messages. */
  delivered: count,
  failed: count,
  retried: count,
  /** Since the collector started: alerts that were told in a summary. */
  summarised: count,
  /** Alerts that wait, as far as they have been read. */
  waiting: count,
  /** For how long the oldest of these has waited; 0 when none does. */
  lagSeconds: z.number().nonnegative(),
  lastDelivered: micros.nullable(),
  /** Why it did not work the last time that it didn't; null once it works again. */
  failure: z.strictObject({ ...Failure.shape, since: micros, nextAttempt: micros.nullable() }).nullable(),
  deadLetters: count,
});
export type OutputStatus = z.infer<typeof OutputStatus>;

export const OutputsAnswer = z.strictObject({ items: z.array(OutputStatus) });
export type OutputsAnswer = z.infer<typeof OutputsAnswer>;

export const DeadLetterItem = z.strictObject({
  id: z.string(),
  output: z.string(),
  cluster: z.string(),
  alert: z.string(),
  revision: z.int().positive(),
  event: z.enum(NOTICE_EVENTS),
  title: z.string(),
  severity: Severity,
  reason: z.string(),
  detail: z.string(),
  remedy: z.string().nullable(),
  attempts: count,
  since: micros,
  at: micros,
}) satisfies z.ZodType<DeadLetter>;

export const OutputDeadLettersPage = pageOf(DeadLetterItem);
export type OutputDeadLettersPage = z.infer<typeof OutputDeadLettersPage>;

/** Which dead letters; left out: all of the output's. */
export const DeadLettersBody = z.strictObject({ ids: z.array(z.string().max(64)).min(1).max(1000).optional() });

/** How many will be sent again, or were let go of. */
export const DeadLettersTaken = z.strictObject({ count });
export type DeadLettersTaken = z.infer<typeof DeadLettersTaken>;

/** Whether a test alert has arrived, and else why not, in words. */
export const OutputTestAnswer = z.strictObject({
  ok: z.boolean(),
  /** What was sent, as it is found at the other side. */
  alert: z.string(),
  milliseconds: z.number().nonnegative(),
  failure: Failure.nullable(),
});
export type OutputTestAnswer = z.infer<typeof OutputTestAnswer>;
