/**
 * A batch from outside as something to work with. The envelope must be right; an observation or finding that is not is
 * set aside by itself, so that one that a newer agent words differently does not hold up all the others.
 */
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import { Finding } from '../../shared/schema/alert.ts';
import { Batch } from '../../shared/schema/batch.ts';
import { Observation } from '../../shared/schema/observation.ts';
import { DAY, type Micros } from '../../shared/time.ts';

/** The closed list of why something is set aside. */
export const REJECTIONS = ['unknown-kind', 'malformed', 'in-the-future', 'finding-malformed'] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** Null: set aside. Its number in the stream is used up all the same. */
export interface DecodedBatch extends Omit<Batch, 'schema' | 'observations'> {
  observations: (Observation | null)[];
  rejected: Map<Rejection, number>;
}

const Envelope = z.strictObject({
  ...Batch.shape,
  observations: z.array(z.unknown()).max(5000),
  findings: z.array(z.unknown()).max(5000),
});
const KINDS = new Set<unknown>(Observation.options.map(({ shape }) => shape.kind.value));

/** Clocks differ; more than this they don't. An observation from the far future would bend every decision about time. */
const AHEAD: Micros = DAY;

/** @throws TruantError REQUEST_INVALID when it is no batch, naming what is wrong with it */
export function decodeBatch(body: unknown, now: Micros): DecodedBatch {
  const envelope = Envelope.safeParse(body);
  if (!envelope.success) {
    const [issue] = envelope.error.issues;
    const where = issue?.path.join('.') || 'body';
    throw new TruantError('REQUEST_INVALID', `This is no batch: ${where}: ${issue?.message}`);
  }
  const { schema: _schema, observations, findings, ...rest } = envelope.data;
  if (!rest.stream.startsWith(`${rest.cluster}/${rest.agent}/`)) {
    throw new TruantError('REQUEST_INVALID', 'This is no batch: stream: must begin with <cluster>/<agent>/');
  }
  if (!Number.isSafeInteger(rest.position + observations.length)) {
    throw new TruantError('REQUEST_INVALID', 'This is no batch: position: too large');
  }
  const rejected = new Map<Rejection, number>();
  const aside = (reason: Rejection): null => {
    rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    return null;
  };
  return {
    ...rest,
    observations: observations.map((candidate) => {
      const { data, success } = Observation.safeParse(candidate);
      if (!success) return aside(KINDS.has(kindOf(candidate)) ? 'malformed' : 'unknown-kind');
      return data.time > now + AHEAD || data.seen > now + AHEAD ? aside('in-the-future') : data;
    }),
    findings: findings.flatMap((candidate) => Finding.safeParse(candidate).data ?? aside('finding-malformed') ?? []),
    rejected,
  };
}

function kindOf(candidate: unknown): unknown {
  return typeof candidate === 'object' && candidate !== null && 'kind' in candidate ? candidate.kind : undefined;
}
