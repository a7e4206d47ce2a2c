/** Everything known about one credential, put together from its uses, its issue, its files and the alerts that name it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { FileObservation, TokenFile, TokenIssue, TokenUse } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import type { CredentialLife, Reader, Tally } from '../store.ts';
import { spanOf } from './credential-hours.ts';
import { fromRows } from './row.ts';
import { COLUMN_LIST, query, queryRows, toNumber, where } from './sql.ts';

const MOST = 100;

export async function readCredential(
  connection: DuckDBConnection,
  id: string,
  cluster?: string,
): Promise<CredentialLife[]> {
  const lives: CredentialLife[] = [];
  for (const key of await keysOf(connection, id, cluster)) lives.push(await lifeIn(connection, key));
  return lives;
}

/** What its rows are found by: $1 to $4 of every statement about it. */
export type Key = [cluster: string, credential: string, from: Micros, until: Micros];
export const IN_ITS_TIME = 'cluster = $1 AND time >= $3 AND time < $4';

/** One a cluster that knows it. */
export async function keysOf(connection: DuckDBConnection, id: string, cluster: string | undefined): Promise<Key[]> {
  const span = await spanOf(connection, id);
  if (!span) return [];
  const { sql, values } = where([
    ['credential = ? OR issued = ?', id, id],
    ['cluster = ?', cluster],
    ['time >= ?', span.from],
    ['time < ?', span.until],
  ]);
  const rows = await query(connection, `SELECT DISTINCT cluster FROM history ${sql} ORDER BY cluster`, values);
  return rows.map((row) => [row['cluster'] as string, id, span.from, span.until]);
}

async function lifeIn(connection: DuckDBConnection, key: Key): Promise<CredentialLife> {
  const [cluster, id] = key;
  const [issue] = await issues(connection, 'issued = $2', key);
  const latest = await latestUse(connection, key);
  const file = await latestOfFiles(connection, 'file', key);
  const onDisk = latest ? undefined : (file ?? (await latestOfFiles(connection, 'read', key)));
  const totals = await totalsOf(connection, key);
  const times = await timesOnDisk(connection, key);
  return {
    cluster,
    id,
    kind: latest?.credential.kind ?? onDisk?.credential?.kind ?? null,
    principal: latest?.principal ?? issue?.principal ?? onDisk?.principal ?? null,
    binding: latest?.binding ?? onDisk?.binding ?? {},
    status: statusOf(latest),
    firstSeen: totals.first ?? issue?.time ?? times.first ?? null,
    lastSeen: totals.last ?? issue?.time ?? times.last ?? null,
    uses: totals.uses,
    sources: await tally<string | null>(connection, 'source', key),
    userAgents: await tally<string>(connection, 'user_agent', key),
    readers: await readers(connection, key),
    file: (file as TokenFile | undefined) ?? null,
    issue: issue ?? null,
    issues: await issues(connection, 'credential = $2', key),
    alerts: await alertsNaming(connection, key),
  };
}

function statusOf(latest: TokenUse | undefined): CredentialLife['status'] {
  if (!latest) return 'issued';
  if (latest.invalidated) return 'invalidated';
  return latest.staleBy === undefined ? 'used' : 'stale';
}

async function issues(connection: DuckDBConnection, condition: string, key: Key): Promise<TokenIssue[]> {
  const rows = await queryRows(
    connection,
    `SELECT ${COLUMN_LIST} FROM history WHERE kind = 'issue' AND ${condition} AND ${IN_ITS_TIME}
     ORDER BY time DESC, id DESC LIMIT ${MOST}`,
    key,
  );
  return fromRows(rows).map(({ observation }) => observation as TokenIssue);
}

const ITS_USES = `FROM history WHERE kind = 'use' AND credential = $2 AND ${IN_ITS_TIME}`;

async function latestUse(connection: DuckDBConnection, key: Key): Promise<TokenUse | undefined> {
  const rows = await queryRows(
    connection,
    `SELECT ${COLUMN_LIST} ${ITS_USES} ORDER BY time DESC, id DESC LIMIT 1`,
    key,
  );
  return fromRows(rows)[0]?.observation as TokenUse | undefined;
}

async function latestOfFiles(
  connection: DuckDBConnection,
  kind: FileObservation['kind'],
  key: Key,
): Promise<FileObservation | undefined> {
  const rows = await queryRows(
    connection,
    `SELECT ${COLUMN_LIST} FROM history WHERE kind = '${kind}' AND credential = $2 AND ${IN_ITS_TIME}
     ORDER BY time DESC, id DESC LIMIT 1`,
    key,
  );
  return fromRows(rows)[0]?.observation as FileObservation | undefined;
}

async function timesOnDisk(connection: DuckDBConnection, key: Key) {
  const [row] = await query(
    connection,
    `SELECT min(time) AS first, max(time) AS last FROM history
     WHERE kind IN ('read', 'file') AND credential = $2 AND ${IN_ITS_TIME}`,
    key,
  );
  return timesIn(row);
}

async function readers(connection: DuckDBConnection, key: Key): Promise<Reader[]> {
  const rows = await query(
    connection,
    `SELECT detail->>'$.opener.relation' AS relation,
       coalesce(detail->>'$.opener.exe', detail->>'$.opener.comm') AS program,
       detail->>'$.access' AS access, detail->>'$.outcome' AS outcome,
       sum(1 + coalesce(CAST(detail->>'$.repeats' AS BIGINT), 0)) AS count, min(time) AS first, max(time) AS last
     FROM history WHERE kind = 'read' AND credential = $2 AND ${IN_ITS_TIME}
     GROUP BY ALL ORDER BY count DESC, relation, program, access, outcome LIMIT ${MOST}`,
    key,
  );
  return rows.map((row) => ({
    relation: row['relation'] as Reader['relation'],
    program: row['program'] as string | null,
    access: row['access'] as Reader['access'],
    outcome: row['outcome'] as Reader['outcome'],
    count: toNumber(row['count']),
    firstSeen: toNumber(row['first']),
    lastSeen: toNumber(row['last']),
  }));
}

async function totalsOf(connection: DuckDBConnection, key: Key) {
  const [row] = await query(
    connection,
    `SELECT count(*) AS total, min(time) AS first, max(time) AS last, count_if(code >= 400) AS refused,
       count_if(placement = 'home') AS home, count_if(placement = 'away') AS away,
       count_if(placement = 'unclear' AND placement_reason <> 'deciding') AS unclear,
       count_if(placement IS NULL OR placement_reason = 'deciding') AS undecided ${ITS_USES}`,
    key,
  );
  const count = (name: string) => toNumber(row?.[name]);
  const uses: CredentialLife['uses'] = {
    total: count('total'),
    refused: count('refused'),
    home: count('home'),
    away: count('away'),
    unclear: count('unclear'),
    undecided: count('undecided'),
  };
  return { uses, ...timesIn(row) };
}

function timesIn(row: Record<string, unknown> | undefined) {
  const time = (name: string) => (row?.[name] == null ? undefined : toNumber(row[name]));
  return { first: time('first'), last: time('last') };
}

async function tally<Value extends string | null>(
  connection: DuckDBConnection,
  column: 'source' | 'user_agent',
  key: Key,
): Promise<Tally<Value>[]> {
  const rows = await query(
    connection,
    `SELECT ${column} AS value, count(*) AS count, min(time) AS first, max(time) AS last ${ITS_USES}
     GROUP BY value ORDER BY count DESC, value LIMIT ${MOST}`,
    key,
  );
  return rows.map((row) => ({
    value: row['value'] as Value,
    count: toNumber(row['count']),
    firstSeen: toNumber(row['first']),
    lastSeen: toNumber(row['last']),
  }));
}

async function alertsNaming(connection: DuckDBConnection, key: Key): Promise<string[]> {
  const rows = await query(
    connection,
    `SELECT id FROM alerts WHERE cluster = $1 AND (credential = $2 OR list_contains(related, $2))
     ORDER BY created DESC, id DESC LIMIT ${MOST}`,
    key.slice(0, 2),
  );
  return rows.map((row) => row['id'] as string);
}
