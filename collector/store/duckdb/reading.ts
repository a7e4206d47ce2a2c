/** What is asked of the store about streams and what came in last. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Observation } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import type { Consumed, Recent, StoreSize, StreamState } from '../store.ts';
import { fromRows } from './row.ts';
import { COLUMN_LIST, type Condition, idText, idValue, query, queryRows, toNumber, where } from './sql.ts';

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
