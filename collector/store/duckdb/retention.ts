/**
 * Keeps the store within its bounds. Rows are in order of arrival, so what is too much goes from the front, whole row
 * groups at a time: only those give their blocks back at the next checkpoint, and new rows fill these. So the file stays
 * as large as the store once was at its largest: the limit, and what came in between two runs. It does not shrink.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Micros } from '../../../shared/time.ts';
import type { LetGo, Retention } from '../store.ts';
import { forgetAgents } from './agents.ts';
import { forgetOldHours } from './credential-hours.ts';
import type { Database } from './database.ts';
import { forgetHandling } from './handling.ts';
import { inTransaction } from './migrations.ts';
import { countUntold, forgetOutputs } from './outputs.ts';
import { type Parameter, query, toNumber } from './sql.ts';
import { settle } from './writing.ts';

/** A verdict is a matter of seconds; an hour after its row was stored, none comes. */
const SETTLED_AFTER: Micros = 3_600_000_000;
/** How full the store is left when it was too full: not to do this with every run. */
const TARGET = 0.9;
/** DuckDB's own. */
const ROW_GROUP = 122_880;
/** Alerts that nobody closes must not grow without bound either, nor push out the history: this share of the store is theirs. */
const ALERTS_SHARE = 0.25;

export async function retain(connection: DuckDBConnection, database: Database, retention: Retention): Promise<LetGo> {
  const oldest = retention.now - retention.maxAge;
  await settle(connection, retention.now - SETTLED_AFTER);
  await forgetAgents(connection, oldest);
  const tooOld = await remove(connection, 'DELETE FROM observations WHERE time < $1', [oldest]);
  const { awaitedBy = [] } = retention;
  const closed = await remove(
    connection,
    `DELETE FROM alerts WHERE status = 'closed' AND updated < $1
       AND NOT EXISTS (FROM output_cursors WHERE list_contains($2, output) AND output_cursors.change < alerts.change)`,
    [oldest, awaitedBy],
  );
  const tooMany = await removeAlerts(connection, retention.maxBytes * ALERTS_SHARE, awaitedBy);
  const given = await forgetOutputs(connection);
  if (tooOld > 0) await forgetOldHours(connection);
  await forgetHandling(connection, oldest);
  await connection.run('CHECKPOINT');
  const tooMuch = await removeTooMuch(connection, database, retention.maxBytes);
  return { observations: tooOld + tooMuch, alerts: closed + tooMany.alerts, untold: tooMany.untold + given };
}

/** Closed ones first, then those that were quiet longest. Written anew, since single rows give no blocks back. */
async function removeAlerts(
  connection: DuckDBConnection,
  maxBytes: number,
  awaitedBy: readonly string[],
): Promise<{ alerts: number; untold: number }> {
  const size = 'strlen(body) + strlen(summary)';
  const [before] = await query(connection, `SELECT count(*) AS alerts, sum(${size}) AS bytes FROM alerts`);
  if (toNumber(before?.['bytes'] ?? 0) <= maxBytes) return { alerts: 0, untold: 0 };
  const untold = await inTransaction(connection, async () => {
    await query(
      connection,
      `CREATE TABLE alerts_kept AS SELECT * EXCLUDE (bytes) FROM
         (SELECT *, sum(${size}) OVER (ORDER BY status = 'closed', updated DESC, id, cluster) AS bytes FROM alerts)
       WHERE bytes <= ${Math.floor(TARGET * maxBytes)}`,
    );
    const untold = await countUntold(connection, awaitedBy);
    await connection.run('DROP TABLE alerts');
    await connection.run('ALTER TABLE alerts_kept RENAME TO alerts');
    return untold;
  });
  const [after] = await query(connection, 'SELECT count(*) AS alerts FROM alerts');
  return { alerts: toNumber(before?.['alerts']) - toNumber(after?.['alerts']), untold };
}

async function removeTooMuch(connection: DuckDBConnection, database: Database, maxBytes: number): Promise<number> {
  const used = await usedBytes(connection, database);
  if (used <= maxBytes) return 0;
  const [row] = await query(connection, 'SELECT count(*) AS rows, min(rowid) AS first FROM observations');
  const rows = toNumber(row?.['rows']);
  if (rows === 0) return 0;
  const share = 1 - (TARGET * maxBytes) / used;
  const most = Math.ceil((rows * share) / ROW_GROUP) * ROW_GROUP;
  const end = toNumber(row?.['first']) + most;
  const removed = await remove(connection, 'DELETE FROM observations WHERE rowid < $1', [end]);
  await forgetOldHours(connection);
  await connection.run('CHECKPOINT');
  return removed;
}

/** Blocks in use in the file, and its log; not the blocks that wait to be used again. */
export async function usedBytes(connection: DuckDBConnection, database: Database): Promise<number> {
  const [row] = await query(connection, 'SELECT sum(used_blocks * block_size) AS bytes FROM pragma_database_size()');
  return toNumber(row?.['bytes']) + (await database.bytes()).log;
}

async function remove(connection: DuckDBConnection, sql: string, values: Parameter[]): Promise<number> {
  const [row] = await query(connection, sql, values);
  return toNumber(row?.['Count']);
}
