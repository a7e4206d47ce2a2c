/** What people do about alerts: every action is kept, with who did it and when; and what they never want to hear of again. */
import { z } from 'zod';
import { CloseReason } from './alert.ts';

const micros = z.int().nonnegative();
/** What somebody types: text, never markup. */
const typed = (max: number) => z.string().trim().max(max);
const note = typed(4000);

/**
 * One thing that is not to be told of again: findings of a rule about an account, by where it was used from. All three have
 * to be the same.
 */
export const ExceptionTerms = z.strictObject({
  rule: z.string().min(1).max(64),
  /** As findings name it. */
  principal: z.string().min(1).max(512),
  /** An address as findings name it, or a network as CIDR. Null: whatever the source, and of findings that have none. */
  source: z.string().min(1).max(64).nullable(),
});
export type ExceptionTerms = z.infer<typeof ExceptionTerms>;

/** Of alerts of one cluster, or of all. */
export const Exception = z.strictObject({
  ...ExceptionTerms.shape,
  /** `ex_<20 hex digits>` */
  id: z.string(),
  /** Null: every cluster. */
  cluster: z.string().nullable(),
  reason: z.string(),
  /** The alert that it was made from. */
  alert: z.string().nullable(),
  createdBy: z.string(),
  createdAt: micros,
  /** By the time of findings. Null: it does not end by itself. */
  expiresAt: micros.nullable(),
  revokedBy: z.string().nullable(),
  revokedAt: micros.nullable(),
  /** How many findings it has kept back, and when the newest of them was (event time). */
  suppressed: z.int().nonnegative(),
  lastSuppressed: micros.nullable(),
});
export type Exception = z.infer<typeof Exception>;

/** What can be asked for about an alert. */
export const AlertAction = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('acknowledge'), note: note.optional() }),
  /** Null: nobody. */
  z.strictObject({ action: z.literal('assign'), assignee: typed(256).min(1).nullable(), note: note.optional() }),
  z.strictObject({ action: z.literal('comment'), note: note.min(1) }),
  z.strictObject({
    action: z.literal('close'),
    reason: CloseReason,
    note: note.optional(),
    /** Never again for these, in the alert's cluster. */
    exceptions: z.array(ExceptionTerms).max(100).optional(),
    /** Of those exceptions; null or left out: never. */
    exceptionsExpireAt: micros.nullable().optional(),
  }),
  z.strictObject({ action: z.literal('reopen'), note: note.optional() }),
]);
export type AlertAction = z.infer<typeof AlertAction>;

/** `reopen` by `truant` itself: the theft went on, in a way that was not known when it was closed. */
export const ActionRecord = z.strictObject({
  cluster: z.string(),
  alert: z.string(),
  time: micros,
  /** Who did it, as the collector knows them. */
  by: z.string(),
  action: z.enum(['acknowledge', 'assign', 'comment', 'close', 'reopen']),
  note: z.string().nullable(),
  assignee: z.string().nullable(),
  reason: CloseReason.nullable(),
  /** Ids of the exceptions that were made with it. */
  exceptions: z.array(z.string()),
});
export type ActionRecord = z.infer<typeof ActionRecord>;
