/** How far outputs have come, what they were told, and what could not be delivered. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { NoticeEvent } from '../../../shared/formats/notice.ts';
import type { AlertStatus, Severity } from '../../../shared/schema/alert.ts';
import type { AlertKey, DeadLetter, DeadLettersFilter, OutputCursor, OutputProgress, Told } from '../outputs.ts';
import type { Page, Paging } from '../store.ts';
import { page } from './page.ts';
import { append, appendNumber, appendText, query, toNumber, where } from './sql.ts';

export async function readOutputCursors(connection: DuckDBConnection): Promise<OutputCursor[]> {
  const rows = await query(connection, 'SELECT * FROM output_cursors ORDER BY output');
  return rows.map((row) => ({
    output: row['output'] as string,
    change: toNumber(row['change']),
    failingSince: row['failing_since'] === null ? null : toNumber(row['failing_since']),
  }));
}

/** Inside a transaction that the caller holds. */
export async function saveOutput(connection: DuckDBConnection, { cursor, told, dead }: OutputProgress): Promise<void> {
  const { output, change, failingSince } = cursor;
  await query(connection, 'DELETE FROM output_cursors WHERE output = $1', [output]);
  await query(connection, 'INSERT INTO output_cursors VALUES ($1, $2, CAST($3 AS BIGINT))', [
    output,
    change,
    failingSince,
  ]);
  await saveTold(connection, output, newestOf(told));
  await saveDeadLetters(connection, output, dead);
}

async function saveTold(connection: DuckDBConnection, output: string, told: readonly Told[]): Promise<void> {
  if (told.length === 0) return;
  await query(
    connection,
    'DELETE FROM output_told WHERE output = $1 AND (cluster, alert) IN (SELECT unnest($2), unnest($3))',
    [output, ...namesOf(told)],
  );
  await append(connection, 'output_told', told, (appender, one) => {
    appendText(appender, output);
    appendText(appender, one.cluster);
    appendText(appender, one.id);
    appendNumber(appender, one.revision);
    for (const text of [one.status, one.severity, one.how]) appendText(appender, text);
    appendNumber(appender, one.at);
  });
  const known = told.filter(({ how }) => how === 'notice');
  if (known.length === 0) return;
  await query(
    connection,
    `DELETE FROM output_dead_letters AS dead
     USING (SELECT unnest($2) AS cluster, unnest($3) AS alert, unnest($4) AS revision) AS given
     WHERE dead.output = $1 AND dead.cluster = given.cluster AND dead.alert = given.alert
       AND dead.revision <= given.revision`,
    [output, ...namesOf(known), known.map(({ revision }) => revision)],
  );
}

async function saveDeadLetters(
  connection: DuckDBConnection,
  output: string,
  dead: readonly DeadLetter[],
): Promise<void> {
  if (dead.length === 0) return;
  await query(connection, 'DELETE FROM output_dead_letters WHERE output = $1 AND id IN (SELECT unnest($2))', [
    output,
    dead.map(({ id }) => id),
  ]);
  await append(connection, 'output_dead_letters', dead, (appender, one) => {
    for (const text of [one.id, output, one.cluster, one.alert]) appendText(appender, text);
    appendNumber(appender, one.revision);
    for (const text of [one.event, one.title, one.severity, one.reason, one.detail, one.remedy])
      appendText(appender, text);
    for (const number of [one.attempts, one.since, one.at]) appendNumber(appender, number);
  });
}

export async function readTold(
  connection: DuckDBConnection,
  output: string,
  alerts: readonly AlertKey[],
): Promise<Told[]> {
  if (alerts.length === 0) return [];
  const rows = await query(
    connection,
    'SELECT * FROM output_told WHERE output = $1 AND (cluster, alert) IN (SELECT unnest($2), unnest($3))',
    [output, ...namesOf(alerts)],
  );
  return rows.map((row) => ({
    cluster: row['cluster'] as string,
    id: row['alert'] as string,
    revision: toNumber(row['revision']),
    status: row['status'] as AlertStatus,
    severity: row['severity'] as Severity,
    how: row['how'] as Told['how'],
    at: toNumber(row['told_at']),
  }));
}

export async function readOpenTold(connection: DuckDBConnection, output: string, limit: number): Promise<AlertKey[]> {
  const rows = await query(
    connection,
    `SELECT cluster, id FROM alerts WHERE status <> 'closed' AND (cluster, id) IN
       (SELECT (cluster, alert) FROM output_told WHERE output = $1 AND how = 'notice')
     ORDER BY change DESC LIMIT ${limit}`,
    [output],
  );
  return rows.map(({ cluster, id }) => ({ cluster: cluster as string, id: id as string }));
}

export async function readDeadLetters(
  connection: DuckDBConnection,
  filter: DeadLettersFilter,
  { limit, after }: Paging,
): Promise<Page<DeadLetter>> {
  const { sql, values } = where([
    ...conditions(filter),
    ['(given_up_at, id, cluster) < (?, ?, ?)', after?.time, after?.id, after?.cluster],
  ]);
  const rows = await query(
    connection,
    `SELECT * FROM output_dead_letters ${sql} ORDER BY given_up_at DESC, id DESC, cluster DESC LIMIT ${limit + 1}`,
    values,
  );
  return page(rows.map(deadLetterOf), limit, ({ at, id, cluster }) => ({ time: at, id, cluster }));
}

export async function countDeadLetters(connection: DuckDBConnection): Promise<Map<string, number>> {
  const rows = await query(
    connection,
    'SELECT output, count(*) AS count FROM output_dead_letters GROUP BY output ORDER BY output',
  );
  return new Map(rows.map(({ output, count }) => [output as string, toNumber(count)]));
}

export async function discardDeadLetters(connection: DuckDBConnection, filter: DeadLettersFilter): Promise<number> {
  const { sql, values } = where(conditions(filter));
  const [row] = await query(connection, `DELETE FROM output_dead_letters ${sql}`, values);
  return toNumber(row?.['Count']);
}

/** Of alerts that `alerts_kept` does not have: how often one of these outputs had still to be told of one. */
export async function countUntold(connection: DuckDBConnection, outputs: readonly string[]): Promise<number> {
  const [row] = await query(
    connection,
    `SELECT count(*) AS count FROM alerts JOIN output_cursors ON output_cursors.change < alerts.change
     WHERE list_contains($1, output)
       AND (alerts.cluster, alerts.id) NOT IN (SELECT cluster, id FROM alerts_kept)`,
    [outputs],
  );
  return toNumber(row?.['count']);
}

/** What is known of alerts that are gone. @returns how many dead letters that were */
export async function forgetOutputs(connection: DuckDBConnection): Promise<number> {
  const isGone = '(cluster, alert) NOT IN (SELECT cluster, id FROM alerts)';
  await connection.run(`DELETE FROM output_told WHERE ${isGone}`);
  const [row] = await query(connection, `DELETE FROM output_dead_letters WHERE ${isGone}`);
  return toNumber(row?.['Count']);
}

const conditions = ({ output, ids }: DeadLettersFilter) =>
  [
    ['output = ?', output],
    ['list_contains(?, id)', ids],
  ] as const;

const namesOf = (alerts: readonly AlertKey[]): [string[], string[]] => [
  alerts.map(({ cluster }) => cluster),
  alerts.map(({ id }) => id),
];

/** Of each alert what comes last. */
const newestOf = (told: readonly Told[]): Told[] => [
  ...new Map(told.map((one) => [`${one.cluster}\n${one.id}`, one])).values(),
];

function deadLetterOf(row: Record<string, unknown>): DeadLetter {
  const text = (name: string) => row[name] as string;
  const number = (name: string) => toNumber(row[name]);
  return {
    id: text('id'),
    output: text('output'),
    cluster: text('cluster'),
    alert: text('alert'),
    revision: number('revision'),
    event: text('event') as NoticeEvent,
    title: text('title'),
    severity: text('severity') as Severity,
    reason: text('reason'),
    detail: text('detail'),
    remedy: row['remedy'] as string | null,
    attempts: number('attempts'),
    since: number('since'),
    at: number('given_up_at'),
  };
}
