/** The life of a credential. */
import { z } from 'zod';
import {
  Binding,
  CredentialKind,
  Relation,
  TokenFile,
  TokenIssue,
  TokenRead,
} from '../../../shared/schema/observation.ts';
import type { CredentialLife } from '../../store/store.ts';
import { count, micros, tallyOf } from './common.ts';

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
export type CredentialAnswer = z.infer<typeof CredentialAnswer>;
