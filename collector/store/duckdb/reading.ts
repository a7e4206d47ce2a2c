/** What is asked of the store about the history, and about what has come in. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { FileObservation, Observation, TokenUse } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import type {
  Consumed,
  Cursor,
  HistoryFilter,
  HistoryItem,
  Page,
  Paging,
  PlacedUse,
  Recent,
  StoreSize,
  StreamState,
  UsesFilter,
} from '../store.ts';
import { fromRows, type PlacedObservation } from './row.ts';
import { COLUMN_LIST, type Condition, idText, idValue, query, queryRows, toNumber, where } from './sql.ts';

const NEWEST_FIRST = 'ORDER BY time DESC, id DESC, cluster DESC';

export async function readUses(
  connection: DuckDBConnection,
  filter: UsesFilter,
  paging: Paging,
): Promise<Page<PlacedUse>> {
  const { items, next } = await readHistory(connection, { ...filter, kind: 'use' }, paging);
  return { items: items as PlacedUse[], next };
}

export async function readHistory(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  { limit, after }: Paging,
): Promise<Page<HistoryItem>> {
  const { pod } = filter;
  const podUid = pod && 'uid' in pod ? pod.uid : undefined;
  const podName = pod && 'name' in pod ? pod : undefined;
  const { sql, values } = where([
    ["kind IN ('use', 'read', 'file')"],
    ['kind = ?', filter.kind],
    ['time >= ?', filter.since],
    ['time < ?', filter.until],
    ['cluster = ?', filter.cluster],
    ['principal = ?', filter.principal],
    ['credential = ?', filter.credential],
    ['pod_uid = ?', podUid],
    ['pod_namespace = ? AND pod_name = ?', podName?.namespace, podName?.name],
    ['source = ?', filter.source],
    ['verb = ?', filter.verb],
    ['resource = ?', filter.resource?.resource],
    ['subresource = ?', filter.resource?.subresource],
    ['placement = ?', filter.placement],
    ['placement_where = ?', filter.where],
    ['code = ?', filter.code],
    // Said twice, so that zone maps can skip what is newer.
    ['time <= ?', after?.time],
    ['time < ? OR (id, cluster) < (?, ?)', after?.time, after && idValue(after.id), after?.cluster],
  ]);
  // Each table's newest first, then the newest of both: a limit does not get through a view of both.
  const newest = (table: string) => `(SELECT ${COLUMN_LIST} FROM ${table} ${sql} ${NEWEST_FIRST} LIMIT ${limit + 1})`;
  const rows = await queryRows(
    connection,
    `SELECT * FROM (${newest('observations')} UNION ALL ${newest('undecided')}) ${NEWEST_FIRST} LIMIT ${limit + 1}`,
    values,
  );
  const placed = fromRows(rows);
  const { items, next } = page(placed, limit, ({ cluster, observation: { time, id } }) => ({ time, id, cluster }));
  return { items: items.map(historyItem), next };
}

function historyItem({ cluster, observation, placement }: PlacedObservation): HistoryItem {
  const { kind } = observation as TokenUse | FileObservation;
  if (kind === 'use') return { cluster, placement: placement ?? null, use: observation as TokenUse };
  return { cluster, [kind]: observation } as HistoryItem;
}

/** One more than the limit was asked for, to know whether there is more. */
export function page<Item>(items: Item[], limit: number, cursorOf: (item: Item) => Cursor): Page<Item> {
  const last = items[limit - 1];
  return { items: items.slice(0, limit), next: items.length > limit && last !== undefined ? cursorOf(last) : null };
}

export async function readRecent(
  connection: DuckDBConnection,
  cluster: string,
  within: Micros,
  limit: number,
): Promise<Recent> {
  const [row] = await query(connection, 'SELECT max(time) AS newest FROM history WHERE cluster = $1', [cluster]);
  if (row?.['newest'] == null) return { decided: [], undecided: [] };
  const { sql, values } = where([
    ['cluster = ?', cluster],
    ['time >= ?', toNumber(row['newest']) - within],
  ]);
  const newest = async (table: string) => {
    const rows = await queryRows(
      connection,
      `SELECT ${COLUMN_LIST} FROM ${table} ${sql} ORDER BY time DESC, seen DESC, id DESC LIMIT ${limit}`,
      values,
    );
    return fromRows(rows.toReversed()).map(({ observation }) => observation);
  };
  return { decided: await newest('observations'), undecided: await newest('undecided') };
}

/**
 * Ids of those that are stored. Both stages of a long-running request bear the time when it came in, as does whatever is
 * read again, so only the rows of the times asked about are looked at, and no index is needed.
 */
export async function readKnown(
  connection: DuckDBConnection,
  cluster: string,
  candidates: readonly Observation[],
): Promise<Set<string>> {
  const isLong = (observation: Observation) => 'request' in observation && observation.request.longRunning;
  const known = new Set<string>();
  // Apart: a watch that ends may have begun an hour before all others.
  for (const some of [candidates.filter(isLong), candidates.filter((each) => !isLong(each))]) {
    if (some.length === 0) continue;
    const times = some.map(({ time }) => time);
    const { sql, values } = where([
      ['cluster = ?', cluster],
      ['time BETWEEN ? AND ?', Math.min(...times), Math.max(...times)],
      ['(time, id) IN (SELECT unnest(?), unnest(?))', times, some.map(({ id }) => idValue(id))],
    ] satisfies Condition[]);
    for (const row of await query(connection, `SELECT id FROM history ${sql}`, values)) known.add(idText(row['id']));
  }
  return known;
}

export async function readStreams(connection: DuckDBConnection): Promise<StreamState[]> {
  const rows = await query(connection, 'SELECT * FROM streams ORDER BY stream');
  return rows.map((row) => ({
    stream: row['stream'] as string,
    cluster: row['cluster'] as string,
    agent: row['agent'] as string,
    position: toNumber(row['position']),
    accepted: toNumber(row['accepted']),
    rejected: toNumber(row['rejected']),
    missing: toNumber(row['missing']),
    firstSeen: toNumber(row['first_seen']),
    lastSeen: toNumber(row['last_seen']),
    newest: row['newest'] === null ? null : toNumber(row['newest']),
  }));
}

export async function readConsumed(connection: DuckDBConnection, topic: string): Promise<Consumed[]> {
  const rows = await query(connection, 'SELECT * FROM consumed WHERE topic = $1 ORDER BY partition', [topic]);
  return rows.map((row) => ({
    topic,
    partition: toNumber(row['partition']),
    offset: toNumber(row['next_offset']),
    mark: row['mark'] as string,
  }));
}

export async function readCounts(
  connection: DuckDBConnection,
): Promise<Pick<StoreSize, 'observations' | 'undecided' | 'alerts'>> {
  const [row] = await query(
    connection,
    `SELECT (SELECT count(*) FROM observations) AS decided, (SELECT count(*) FROM undecided) AS undecided,
       (SELECT count(*) FROM alerts WHERE status = 'open') AS open,
       (SELECT count(*) FROM alerts WHERE status = 'acknowledged') AS acknowledged,
       (SELECT count(*) FROM alerts WHERE status = 'closed') AS closed`,
  );
  const count = (name: string) => toNumber(row?.[name]);
  return {
    observations: count('decided') + count('undecided'),
    undecided: count('undecided'),
    alerts: { open: count('open'), acknowledged: count('acknowledged'), closed: count('closed') },
  };
}
