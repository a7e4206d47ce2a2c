/** Parts of answers. Times are in microseconds since 1970 UTC unless they are text. */
import { z } from 'zod';

export const micros = z.int();
export const count = z.int().nonnegative();
export const cluster = z.string();

/** `next` is the cursor of the page after, null on the last. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

export const tallyOf = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ value, count, firstSeen: micros, lastSeen: micros });

/** RFC 9457, for everything that is refused. */
export const ProblemAnswer = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  parameters: z.array(z.strictObject({ name: z.string(), problem: z.string() })).optional(),
});
