/** What a collector answers is text from outside: it is checked before it is shown. */
import type { z } from 'zod';
import { TruantError } from '../shared/errors.ts';

export function readAs<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new TruantError('COLLECTOR_UNREACHABLE', "the collector's answer is not one that this version can read", {
    cause: result.error,
    remedy: 'Use the same version of Truant as the collector, or --json.',
  });
}
