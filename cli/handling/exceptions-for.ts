/** "Never again", out of what an alert rests on. */
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import type { ExceptionTerms } from '../../shared/schema/handling.ts';

export const ExceptedFinding = z.looseObject({
  rule: z.string(),
  principal: z.string(),
  source: z.string().nullable(),
});
export type ExceptedFinding = z.infer<typeof ExceptedFinding>;

/** Most that one closing may bring. */
const MOST = 100;

/**
 * One for every rule, principal and source that there is a finding of.
 *
 * @throws TruantError REQUEST_INVALID when they are too many for anybody to mean them
 */
export function exceptionsFor(findings: readonly ExceptedFinding[]): ExceptionTerms[] {
  const terms = new Map(
    findings.map(({ rule, principal, source }) => [
      JSON.stringify([rule, principal, source]),
      { rule, principal, source },
    ]),
  );
  if (terms.size > 0 && terms.size <= MOST) return [...terms.values()];
  throw new TruantError(
    'REQUEST_INVALID',
    terms.size === 0
      ? 'it has no findings to except'
      : `it would take ${terms.size} exceptions, and ${MOST} is the most`,
  );
}
