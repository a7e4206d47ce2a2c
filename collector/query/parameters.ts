/** What questions may ask, as zod schemas of their parameters; whoever gets one wrong is told what would be right. */
import { z } from 'zod';
import { canonicalAddress } from '../../shared/inventory/address.ts';
import { AlertStatus, Severity } from '../../shared/schema/alert.ts';
import { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import { parseTime } from '../../shared/time.ts';
import { type ParameterProblem, Problem } from '../server/problem.ts';
import type { Cursor } from '../store/store.ts';

/** A parameter that may be left out. `expected` follows "must be". */
const optional = <Schema extends z.ZodType>(schema: Schema, expected: string) => schema.optional().meta({ expected });

/** Text that `read` understands. */
const readable = <T>(max: number, read: (text: string) => T | undefined) =>
  z
    .string()
    .min(1)
    .max(max)
    .transform((text, context) => {
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: 'unreadable' });
      return z.NEVER;
    });

const text = (max: number) => optional(z.string().min(1).max(max), `text of at most ${max} characters`);
const oneOf = <Choice extends z.ZodEnum>(choice: Choice) => optional(choice, `one of ${choice.options.join(', ')}`);
const wholeNumber = (min: number, max: number) =>
  readable(10, (digits) => {
    const value = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
const time = (what: string) => optional(readable(40, parseTime), `${what}, as RFC 3339: 2030-01-31T12:00:00Z`);

const VERDICTS = z.enum(Placement.options.map(({ shape }) => shape.verdict.value));
const MOST = 1000;

const paging = (id: z.ZodString) => ({
  limit: wholeNumber(1, MOST)
    .default(100)
    .meta({ expected: `a whole number from 1 to ${MOST}` }),
  cursor: optional(
    readable(2000, (cursor) => decodeCursor(cursor, id)),
    'the `next` of a page before, as it is',
  ),
});

export const UsesQuery = z.strictObject({
  since: time('the time from which on'),
  until: time('the time before which'),
  cluster: text(253),
  principal: text(512),
  credential: text(256),
  pod: optional(readable(510, readPod), 'a pod: <namespace>/<name>, or its uid'),
  source: optional(readable(96, canonicalAddress), 'an IP address'),
  verb: text(64),
  resource: text(253),
  placement: oneOf(VERDICTS),
  where: oneOf(AwayWhere),
  code: optional(wholeNumber(0, 999), 'an HTTP status such as 403'),
  ...paging(z.string().regex(/^[0-9a-f]{32}$/)),
});

export const AlertsQuery = z.strictObject({
  since: time('the time at or after which it was still seen'),
  until: time('the time before which it was first seen'),
  cluster: text(253),
  status: oneOf(AlertStatus),
  severity: oneOf(Severity),
  principal: text(512),
  credential: text(256),
  rule: text(100),
  ...paging(z.string().max(256)),
});

/** Of one thing that several clusters may know. */
export const OneQuery = z.strictObject({ cluster: text(253) });

export const NoQuery = z.strictObject({});

/** @throws Problem 400 that names every wrong parameter */
export function readQuery<Schema extends z.ZodObject>(schema: Schema, query: unknown): z.infer<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const given = query as Record<string, unknown>;
  const problems = new Map<string, string>();
  for (const issue of result.error.issues) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])];
    for (const name of names) problems.set(name.slice(0, 100), problemWith(schema, name, given[name]));
  }
  const parameters = [...problems].slice(0, 20).map(([name, problem]): ParameterProblem => ({ name, problem }));
  const detail = parameters.map(({ name, problem }) => `${name} ${problem}`).join('; ');
  throw new Problem({ status: 400, detail, parameters });
}

function problemWith(schema: z.ZodObject, name: string, value: unknown): string {
  const field: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  if (!(field instanceof z.ZodType)) {
    const known = Object.keys(schema.shape);
    return known.length === 0 ? 'is not asked for here' : `is no parameter; these are: ${known.join(', ')}`;
  }
  return Array.isArray(value) ? 'must be given once' : `must be ${String(field.meta()?.['expected'])}`;
}

function readPod(pod: string): { uid: string } | { namespace: string; name: string } | undefined {
  const [first = '', name, ...more] = pod.split('/');
  if (first === '' || name === '' || more.length > 0) return undefined;
  return name === undefined ? { uid: first } : { namespace: first, name };
}

/** Opaque to whoever gets it: where a page ended. */
export function encodeCursor({ time, id, cluster }: Cursor): string {
  return Buffer.from(JSON.stringify([time, id, cluster])).toString('base64url');
}

function decodeCursor(cursor: string, id: z.ZodString): Cursor | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const [time, ident, cluster] = z.tuple([z.int().nonnegative(), id, z.string().max(253)]).parse(json);
    return { time, id: ident, cluster };
  } catch {
    return undefined;
  }
}
