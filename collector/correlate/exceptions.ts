/** Which exceptions come of what somebody asks for. */
import { rulesById } from '../../shared/detection/rules/by-id.ts';
import { TruantError } from '../../shared/errors.ts';
import { canonicalAddress, parseCidr } from '../../shared/inventory/address.ts';
import type { Exception, ExceptionTerms } from '../../shared/schema/handling.ts';
import type { Micros } from '../../shared/time.ts';
import { MOST_EXCEPTIONS } from './exceptions-in-force.ts';

export type NewException = Pick<
  Exception,
  'rule' | 'principal' | 'source' | 'cluster' | 'reason' | 'alert' | 'expiresAt'
>;

/** @throws TruantError REQUEST_INVALID of what would never keep anything back, which looks as if it did */
export function refuseTerms(terms: readonly ExceptionTerms[], expiresAt: Micros | null, now: Micros): void {
  for (const { rule, source } of terms) {
    if (!rulesById.has(rule)) throw wrong('The rule of an exception must be one of those that there are.');
    if (source !== null && !parseCidr(source)) {
      throw wrong('The source of an exception must be an IP address, a network such as 10.0.0.0/8, or null.');
    }
  }
  if (terms.length > 0 && expiresAt !== null && expiresAt <= now) {
    throw wrong('An exception must end later than now.');
  }
}

/**
 * What lasts as long already is not made again.
 *
 * @returns those that are new, and the ids of all that were wanted
 * @throws TruantError CONFLICT when there would be too many
 */
export function addExceptions(
  wanted: readonly NewException[],
  known: readonly Exception[],
  { by, at, newId }: { by: string; at: Micros; newId: () => string },
): { made: Exception[]; ids: string[] } {
  const made: Exception[] = [];
  const ids = wanted.map((given) => {
    const one = { ...given, source: given.source && (canonicalAddress(given.source) ?? given.source) };
    const existing = [...known, ...made].find((other) => covers(other, one));
    if (existing) return existing.id;
    const id = newId();
    const ended = { revokedBy: null, revokedAt: null, suppressed: 0, lastSuppressed: null };
    made.push({ ...one, id, createdBy: by, createdAt: at, ...ended });
    return id;
  });
  if (known.length + made.length > MOST_EXCEPTIONS) {
    throw new TruantError('CONFLICT', `There would be more than ${MOST_EXCEPTIONS} exceptions in force.`, {
      remedy: 'Revoke some that keep nothing back, or make wider ones.',
    });
  }
  return { made, ids };
}

const covers = (other: Exception, one: NewException): boolean =>
  other.rule === one.rule &&
  other.principal === one.principal &&
  other.source === one.source &&
  (other.cluster === null || other.cluster === one.cluster) &&
  (other.expiresAt === null || (one.expiresAt !== null && other.expiresAt >= one.expiresAt));

const wrong = (message: string): TruantError => new TruantError('REQUEST_INVALID', message);
