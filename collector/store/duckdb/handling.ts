/** What people did about alerts, and what is not to be told of again. */
import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { Suppressed } from '../../../shared/detection/correlator-types.ts';
import type { ActionRecord, Exception } from '../../../shared/schema/handling.ts';
import type { Micros } from '../../../shared/time.ts';
import type { ExceptionsFilter } from '../alert-life.ts';
import { append, appendNumber, appendText, query, toNumber, where } from './sql.ts';

/** Of one alert; older ones go. */
const MOST_ACTIONS = 1000;

export function insertActions(connection: DuckDBConnection, actions: readonly ActionRecord[]): Promise<void> {
  return append(connection, 'actions', actions, (appender, record) => {
    appendText(appender, record.cluster);
    appendText(appender, record.alert);
    appendNumber(appender, record.time);
    appendText(appender, record.by);
    appendText(appender, record.action);
    appendText(appender, record.note);
    appendText(appender, record.assignee);
    appendText(appender, record.reason);
    appender.appendList(listValue(record.exceptions), LIST(VARCHAR));
  });
}

export async function readActivity(
  connection: DuckDBConnection,
  id: string,
  cluster: string,
  limit: number,
): Promise<ActionRecord[]> {
  const rows = await query(
    connection,
    `SELECT * FROM actions WHERE alert = $1 AND cluster = $2 ORDER BY time DESC, rowid DESC LIMIT ${limit}`,
    [id, cluster],
  );
  return rows.map((row) => ({
    cluster,
    alert: id,
    time: toNumber(row['time']),
    by: row['actor'] as string,
    action: row['action'] as ActionRecord['action'],
    note: row['note'] as string | null,
    assignee: row['assignee'] as string | null,
    reason: row['reason'] as ActionRecord['reason'],
    exceptions: row['exceptions'] as string[],
  }));
}

/** Each replaces the one with its id. */
export async function saveExceptions(connection: DuckDBConnection, exceptions: readonly Exception[]): Promise<void> {
  if (exceptions.length === 0) return;
  const ids = exceptions.map(({ id }) => id);
  await query(connection, 'DELETE FROM exceptions WHERE id IN (SELECT unnest($1))', [ids]);
  await append(connection, 'exceptions', exceptions, (appender, exception) => {
    const number = (value: number | null) => {
      if (value === null) appender.appendNull();
      else appendNumber(appender, value);
    };
    const { id, cluster, rule, principal, source, reason, alert, createdBy } = exception;
    for (const text of [id, cluster, rule, principal, source, reason, alert, createdBy]) appendText(appender, text);
    number(exception.createdAt);
    number(exception.expiresAt);
    appendText(appender, exception.revokedBy);
    number(exception.revokedAt);
    number(exception.suppressed);
    number(exception.lastSuppressed);
  });
}

export async function countSuppressed(
  connection: DuckDBConnection,
  suppressed: ReadonlyMap<string, Suppressed>,
): Promise<void> {
  if (suppressed.size === 0) return;
  const counts = [...suppressed.values()];
  await query(
    connection,
    `UPDATE exceptions SET suppressed = suppressed + given.count,
       last_suppressed = greatest(coalesce(last_suppressed, 0), given.last)
     FROM (SELECT unnest($1) AS id, unnest($2) AS count, unnest($3) AS last) AS given WHERE exceptions.id = given.id`,
    [[...suppressed.keys()], counts.map(({ count }) => count), counts.map(({ last }) => last)],
  );
}

export async function readExceptions(
  connection: DuckDBConnection,
  { id, cluster, activeAt }: ExceptionsFilter,
  limit: number,
): Promise<Exception[]> {
  const { sql, values } = where([
    ['id = ?', id],
    ['cluster IS NULL OR cluster = ?', cluster],
    ['revoked IS NULL AND (expires IS NULL OR expires > ?)', activeAt],
  ]);
  const rows = await query(
    connection,
    `SELECT * FROM exceptions ${sql} ORDER BY created DESC, id DESC LIMIT ${limit}`,
    values,
  );
  return rows.map(exceptionOf);
}

function exceptionOf(row: Record<string, unknown>): Exception {
  const text = (name: string) => row[name] as string | null;
  const number = (name: string) => (row[name] === null ? null : toNumber(row[name]));
  return {
    id: row['id'] as string,
    cluster: text('cluster'),
    rule: row['rule'] as string,
    principal: row['principal'] as string,
    source: text('source'),
    reason: row['reason'] as string,
    alert: text('alert'),
    createdBy: row['created_by'] as string,
    createdAt: toNumber(row['created']),
    expiresAt: number('expires'),
    revokedBy: text('revoked_by'),
    revokedAt: number('revoked'),
    suppressed: toNumber(row['suppressed']),
    lastSuppressed: number('last_suppressed'),
  };
}

/** What was done about alerts that are gone, and exceptions that have long ended. */
export async function forgetHandling(connection: DuckDBConnection, endedBefore: Micros): Promise<void> {
  await connection.run(
    `DELETE FROM actions WHERE (cluster, alert) NOT IN (SELECT cluster, id FROM alerts)
       OR rowid IN (SELECT rowid FROM actions
         QUALIFY row_number() OVER (PARTITION BY cluster, alert ORDER BY time DESC, rowid DESC) > ${MOST_ACTIONS})`,
  );
  await query(connection, 'DELETE FROM exceptions WHERE least(expires, revoked) < $1', [endedBefore]);
}
