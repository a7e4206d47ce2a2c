/** Many rows of the history at once: how many when, how many of each, and one of them by its id. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { HOUR, type Micros } from '../../../shared/time.ts';
import {
  type Group,
  type Grouping,
  type GroupOrder,
  type Groups,
  type GroupsOptions,
  type Histogram,
  SERIES,
  type Series,
  type StoredObservation,
} from '../history-summaries.ts';
import type { HistoryFilter } from '../store.ts';
import { narrowed } from './credential-hours.ts';
import { matching } from './history-filter.ts';
import { fromRows } from './row.ts';
import { COLUMN_LIST, idValue, type Parameter, query, queryRows, toNumber, where } from './sql.ts';

const MILLISECOND: Micros = 1000;
const NOTHING: Histogram = { from: null, width: MILLISECOND, buckets: [] };
const SERIES_OF_ROW = `CASE WHEN kind <> 'use' THEN kind
  WHEN placement IS NULL OR placement_reason = 'deciding' THEN 'undecided' ELSE placement END`;

export async function readHistogram(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  buckets: number,
): Promise<Histogram> {
  const asked = await narrowed(connection, filter);
  const times = asked && (await timesOf(connection, asked));
  if (!times) return NOTHING;
  const from = filter.since ?? times.first;
  const until = filter.until ?? times.last + 1;
  const width = Math.max(1, Math.ceil((until - from) / buckets / MILLISECOND)) * MILLISECOND;
  const values: Parameter[] = [from, width];
  const rows = await query(
    connection,
    `SELECT (time - $1) // $2 AS place, ${SERIES_OF_ROW} AS series, count(*) AS count
     FROM (${matching(asked, 'time, kind, placement, placement_reason', values)}) GROUP BY ALL`,
    values,
  );
  const all = Array.from({ length: Math.ceil((until - from) / width) }, (_, place) => ({
    time: from + place * width,
    ...(Object.fromEntries(SERIES.map((series) => [series, 0])) as Record<Series, number>),
  }));
  for (const row of rows) {
    const bucket = all[toNumber(row['place'])];
    if (bucket) bucket[row['series'] as Series] = toNumber(row['count']);
  }
  return { from, width, buckets: all };
}

async function timesOf(connection: DuckDBConnection, filter: HistoryFilter) {
  const values: Parameter[] = [];
  const [row] = await query(
    connection,
    `SELECT min(time) AS first, max(time) AS last FROM (${matching(filter, 'time', values)})`,
    values,
  );
  if (row?.['first'] == null) return undefined;
  return { first: toNumber(row['first']), last: toNumber(row['last']) };
}

const POD = "CASE WHEN pod_name IS NULL THEN pod_uid ELSE concat_ws('/', pod_namespace, pod_name) END";

/** As filters take them. What a row is about in another way than by its own column comes second. */
const VALUES: Readonly<Record<Grouping, { sql: string; of: string }>> = {
  principal: { sql: 'coalesce(principal, subject)', of: 'principal, subject' },
  credential: { sql: 'coalesce(credential, issued)', of: 'credential, issued' },
  pod: {
    sql: `CASE WHEN kind = 'entry' THEN concat_ws('/', namespace, name) ELSE ${POD} END`,
    of: 'kind, namespace, name, pod_namespace, pod_name, pod_uid',
  },
  node: { sql: 'node_name', of: 'node_name' },
  source: { sql: 'source', of: 'source' },
  userAgent: { sql: "nullif(user_agent, '')", of: 'user_agent' },
  verb: { sql: 'verb', of: 'verb' },
  resource: { sql: "concat_ws('/', resource, subresource)", of: 'resource, subresource' },
  placement: { sql: 'placement', of: 'placement' },
  code: { sql: 'CAST(nullif(code, 0) AS VARCHAR)', of: 'code' },
  kind: { sql: 'kind', of: 'kind' },
  cluster: { sql: 'cluster', of: 'cluster' },
};

const ORDERS: Readonly<Record<GroupOrder, string>> = {
  count: 'count DESC, last DESC, value',
  first: 'first DESC, count DESC, value',
  last: 'last DESC, count DESC, value',
};

export async function readGroups(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  { by, order, limit, newSince }: GroupsOptions,
): Promise<Groups> {
  const { since, ...ever } = filter;
  const asked = await narrowed(connection, newSince === undefined ? filter : ever);
  if (!asked) return { groups: [], total: 0 };
  const values: Parameter[] = [];
  const { sql, of } = VALUES[by];
  const columns = [...new Set(['time', 'placement', 'placement_reason', 'code', ...of.split(', ')])].join(', ');
  const rows = matching(asked, columns, values);
  const param = (value: Parameter) => `$${values.push(value)}`;
  // Seen before is told by rows of before, which count for nothing else.
  const counted = newSince === undefined || since === undefined ? 'true' : `time >= ${param(since)}`;
  const isNew =
    newSince === undefined ? '' : `HAVING min(time) >= ${param(newSince)} AND count(*) FILTER (${counted}) > 0`;
  const found = await query(
    connection,
    `SELECT *, count(*) OVER () AS total FROM (
       SELECT ${sql} AS value, count(*) FILTER (${counted}) AS count,
         count(*) FILTER (${counted} AND placement = 'away') AS away,
         count(*) FILTER (${counted} AND placement = 'unclear' AND placement_reason <> 'deciding') AS unclear,
         count(*) FILTER (${counted} AND code >= 400) AS refused, min(time) AS first, max(time) AS last
       FROM (${rows}) GROUP BY value ${isNew})
     ORDER BY ${ORDERS[order]} NULLS LAST LIMIT ${limit}`,
    values,
  );
  return { groups: found.map(groupOf), total: toNumber(found[0]?.['total'] ?? 0) };
}

const groupOf = (row: Record<string, unknown>): Group => ({
  // Of parts none of which there is, nothing is joined.
  value: (row['value'] as string | null) || null,
  count: toNumber(row['count']),
  away: toNumber(row['away']),
  unclear: toNumber(row['unclear']),
  refused: toNumber(row['refused']),
  firstSeen: toNumber(row['first']),
  lastSeen: toNumber(row['last']),
});

/** How far from the time that is said it may be: clocks are read in more than one place. */
const NEAR: Micros = HOUR;

export async function readObservation(
  connection: DuckDBConnection,
  id: string,
  cluster?: string,
  near?: Micros,
): Promise<StoredObservation[]> {
  const { sql, values } = where([
    ['id = ?', idValue(id)],
    ['cluster = ?', cluster],
    ['time BETWEEN ? AND ?', near && near - NEAR, near && near + NEAR],
  ]);
  const rows = await queryRows(connection, `SELECT ${COLUMN_LIST} FROM history ${sql} ORDER BY cluster`, values);
  return fromRows(rows).map(({ placement = null, ...stored }) => ({ ...stored, placement }));
}
