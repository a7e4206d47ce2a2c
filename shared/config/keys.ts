/** What sections of the configuration are made of. */
import { z } from 'zod';
import { key } from './values.ts';

export const section = <Shape extends z.ZodRawShape>(description: string, shape: Shape) =>
  key(z.strictObject(shape).prefault({} as never), description);

export const flag = (fallback: boolean, description: string) =>
  key(z.boolean().default(fallback), description, { expected: 'true or false' });

export const list = <Item extends z.ZodType>(
  item: Item,
  description: string,
  { fallback = [], ...more }: { secret?: true; fallback?: z.output<Item>[] } = {},
) => key(z.array(item).max(1000).default(fallback), description, { expected: 'a list of at most 1000 items', ...more });

/** A certificate is of no use without its key, nor the other way round. */
export function refuseHalfPair(
  { certFile, keyFile }: { certFile?: string | undefined; keyFile?: string | undefined },
  context: z.core.$RefinementCtx,
): void {
  if ((certFile === undefined) === (keyFile === undefined)) return;
  const [set, missing] = certFile === undefined ? ['keyFile', 'certFile'] : ['certFile', 'keyFile'];
  context.addIssue({ code: 'custom', path: [set], message: `needs ${missing} too`, params: { whole: true } });
}
