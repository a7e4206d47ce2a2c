/** Whether an exception still keeps anything back. */
import type { Exception } from '../../../../../shared/schema/handling.ts';
import type { Micros } from '../../../../../shared/time.ts';

export type ExceptionState = 'in force' | 'expired' | 'revoked';

export function stateOf(
  { revokedAt, expiresAt }: Pick<Exception, 'revokedAt' | 'expiresAt'>,
  now: Micros,
): ExceptionState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'in force';
}
