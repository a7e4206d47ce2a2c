/** What questions may ask, as zod schemas of their parameters; whoever gets one wrong is told what would be right. */
import { z } from 'zod';
import { rulesById } from '../../shared/detection/rules/by-id.ts';
import { canonicalAddress } from '../../shared/inventory/address.ts';
import { parsePrincipal, principalOf } from '../../shared/normalise/principal.ts';
import { AlertStatus, Severity } from '../../shared/schema/alert.ts';
import { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import { type Micros, parseTime } from '../../shared/time.ts';
import { readEventId } from '../live/events.ts';
import { ALERT_ORDERS } from '../store/alert-life.ts';
import { GROUP_ORDERS, GROUPINGS } from '../store/history-summaries.ts';
import { type Cursor, HISTORY_KINDS, type HistoryKind } from '../store/store.ts';

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
/** What is before or after all that there can be is asked for as that: no number beyond is exact. */
const readTime = (text: string): Micros | undefined => {
  const time = parseTime(text);
  return time === undefined ? undefined : Math.min(Math.max(time, 0), Number.MAX_SAFE_INTEGER);
};
const time = (what: string) => optional(readable(40, readTime), `${what}, as RFC 3339: 2030-01-31T12:00:00Z`);

const VERDICTS = z.enum(Placement.options.map(({ shape }) => shape.verdict.value));
const MOST = 1000;

const limit = wholeNumber(1, MOST)
  .default(100)
  .meta({ expected: `a whole number from 1 to ${MOST}` });

const paging = (id: z.ZodString) => ({
  limit,
  cursor: optional(
    readable(2000, (cursor) => decodeCursor(cursor, id)),
    'the `next` of a page before, as it is',
  ),
});

export const UsesQuery = z.strictObject({
  since: time('the time from which on'),
  until: time('the time before which'),
  cluster: text(253),
  principal: optional(
    readable(512, readAccount),
    'a ServiceAccount: system:serviceaccount:<namespace>:<name>, or <namespace>/<name>',
  ),
  credential: text(256),
  pod: optional(readable(510, readPod), 'a pod: <namespace>/<name>, or its uid'),
  node: text(253),
  userAgent: text(1024),
  source: optional(readable(96, canonicalAddress), 'an IP address'),
  verb: optional(
    readable(64, (verb) => verb.toLowerCase()),
    'a verb such as get',
  ),
  resource: optional(readable(507, readResource), 'a resource such as pods, or with its subresource: pods/exec'),
  placement: oneOf(VERDICTS),
  where: oneOf(AwayWhere),
  code: optional(wholeNumber(100, 599), 'an HTTP status such as 403'),
  ...paging(z.string().regex(/^[0-9a-f]{32}$/)),
});

export const HistoryQuery = UsesQuery.extend({ kind: oneOf(z.enum(HISTORY_KINDS)) });

const filters = HistoryQuery.omit({ limit: true, cursor: true });
const required = <Choice extends z.ZodEnum>(choice: Choice) =>
  choice.meta({ expected: `one of ${choice.options.join(', ')}` });
const upTo = (most: number, standard: number) =>
  wholeNumber(1, most)
    .default(standard)
    .meta({ expected: `a whole number from 1 to ${most}` });

export const HistogramQuery = filters.extend({ buckets: upTo(500, 60) });

export const GroupsQuery = filters.extend({
  by: required(z.enum(GROUPINGS)),
  order: required(z.enum(GROUP_ORDERS)).default('count'),
  newSince: time('the time before which it was never seen'),
  limit,
});

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export const MOST_EXPORTED = 1_000_000;
export const ExportQuery = filters.extend({
  format: required(z.enum(EXPORT_FORMATS)),
  limit: upTo(MOST_EXPORTED, MOST_EXPORTED),
});

export const ObservationQuery = z.strictObject({ cluster: text(253), time: time('its time, or about it') });

/** Which kinds have what a filter is about; the others have every kind. */
const REQUESTS: readonly HistoryKind[] = ['use', 'issue', 'entry', 'denied'];
const JUDGED: readonly HistoryKind[] = ['use', 'issue'];
const NAMED: readonly HistoryKind[] = HISTORY_KINDS.filter((kind) => kind !== 'denied');
const KINDS_WITH: Readonly<Record<string, readonly HistoryKind[]>> = {
  source: REQUESTS,
  userAgent: REQUESTS,
  verb: REQUESTS,
  resource: REQUESTS,
  code: REQUESTS,
  placement: JUDGED,
  where: JUDGED,
  principal: NAMED,
  credential: NAMED,
  pod: NAMED,
  node: NAMED,
};

const ofAlerts = {
  since: time('the time at or after which it was still seen'),
  until: time('the time before which it was first seen'),
  cluster: text(253),
  status: optional(
    readable(64, (text) => z.array(AlertStatus).safeParse(text.split(',')).data),
    `one or more of ${AlertStatus.options.join(', ')}, with commas`,
  ),
  severity: oneOf(Severity),
  principal: optional(
    readable(512, (name) => readAccount(name) ?? name),
    'a ServiceAccount or a user',
  ),
  credential: text(256),
  rule: oneOf(z.enum([...rulesById.keys()])),
  assignee: text(256),
  source: optional(readable(96, canonicalAddress), 'an IP address'),
  q: text(200),
};

export const AlertsQuery = z.strictObject({
  ...ofAlerts,
  order: z
    .enum(ALERT_ORDERS)
    .default('newest')
    .meta({ expected: `one of ${ALERT_ORDERS.join(', ')}` }),
  ...paging(z.string().max(256)),
});

export const CountsQuery = z.strictObject(ofAlerts);

const STATES = ['active', 'all'] as const;

export const ExceptionsQuery = z.strictObject({
  cluster: text(253),
  state: z
    .enum(STATES)
    .default('active')
    .meta({ expected: `one of ${STATES.join(', ')}` }),
});

export const LiveQuery = z.strictObject({
  lastEventId: optional(readable(20, readEventId), 'the id of the last event that was received, as it is'),
  uses: oneOf(z.enum(['true', 'false'])),
  principal: UsesQuery.shape.principal,
  placement: UsesQuery.shape.placement,
});

/** Which uses are wanted goes with them. */
export function withoutUses({ uses, ...query }: Record<string, unknown>): Map<string, string> {
  const given = ['principal', 'placement'].filter((name) => uses !== 'true' && query[name] !== undefined);
  return new Map(given.map((name) => [name, 'goes with uses=true only']));
}

/** Of one thing that several clusters may know. */
export const OneQuery = z.strictObject({ cluster: text(253) });

export const DeadLettersQuery = z.strictObject({ limit });

export const OutputDeadLettersQuery = z.strictObject({
  output: text(253),
  ...paging(z.string().regex(/^dl_[0-9a-f]{20}$/)),
});

export const NoQuery = z.strictObject({});

/** What would match nothing, ever, which looks like an all-clear. */
export function contradictionsIn(query: Record<string, unknown>): Map<string, string> {
  const { since, until, placement, where, kind } = query;
  const problems = new Map<string, string>();
  for (const [name, kinds] of Object.entries(KINDS_WITH)) {
    if (kind === undefined || query[name] === undefined || kinds.includes(kind as HistoryKind)) continue;
    problems.set(name, `goes with kind=${kinds.join(', ')} only`);
  }
  if (typeof since === 'number' && typeof until === 'number' && since >= until)
    problems.set('until', 'must be later than since');
  if (where !== undefined && placement !== undefined && placement !== 'away') {
    problems.set('where', 'goes with placement=away only');
  }
  return problems;
}

/** A page goes on in the order in which it began. */
export function contradictionsInAlerts(query: Record<string, unknown>): Map<string, string> {
  const problems = contradictionsIn(query);
  const cursor = query['cursor'] as Cursor | undefined;
  if (cursor && (cursor.rank !== undefined) !== (query['order'] === 'worst')) {
    problems.set('cursor', 'goes with the order that it came with');
  }
  return problems;
}

/** Whole, or short as people say it. */
function readAccount(account: string): string | undefined {
  if (parsePrincipal(account)) return account;
  const [namespace = '', name = '', ...more] = account.split('/');
  if (namespace === '' || name === '' || more.length > 0 || account.includes(':')) return undefined;
  return principalOf(namespace, name);
}

function readResource(resource: string): { resource: string; subresource?: string } | undefined {
  const [name = '', subresource, ...more] = resource.split('/');
  if (name === '' || subresource === '' || more.length > 0) return undefined;
  return subresource === undefined ? { resource: name } : { resource: name, subresource };
}

/** A UUID, or of a static pod 32 hexadecimal digits. */
const POD_UID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/;

function readPod(pod: string): { uid: string } | { namespace: string; name: string } | undefined {
  const [first = '', name, ...more] = pod.split('/');
  if (first === '' || name === '' || more.length > 0) return undefined;
  if (name !== undefined) return { namespace: first, name };
  return POD_UID.test(first) ? { uid: first } : undefined;
}

/** Opaque to whoever gets it: where a page ended. */
export function encodeCursor({ time, id, cluster, rank }: Cursor): string {
  const key = [time, id, cluster, ...(rank === undefined ? [] : [rank])];
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function decodeCursor(cursor: string, id: z.ZodString): Cursor | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const count = z.int().nonnegative();
    const [time, ident, cluster, rank] = z.tuple([count, id, z.string().max(253), count.optional()]).parse(json);
    return { time, id: ident, cluster, ...(rank !== undefined && { rank }) };
  } catch {
    return undefined;
  }
}
