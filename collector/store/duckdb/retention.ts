/**
 * Keeps the store within its bounds. Rows go from the oldest end, whole row groups but for the last; the checkpoint
 * after it frees their blocks in the file, and new rows fill those. So the file stays as large as the store once was at
 * its largest, which is the limit and what came in between two runs. It does not shrink when the limit is lowered.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Micros } from '../../../shared/time.ts';
import type { Retention } from '../store.ts';
import type { Database } from './database.ts';
import { query, toNumber } from './sql.ts';
import { settle } from './writing.ts';

/** A verdict is a matter of seconds; an hour after its row was stored, none comes. */
const SETTLED_AFTER: Micros = 3_600_000_000;
/** How full the store is left when it was too full: not to do this with every commit. */
const TARGET = 0.9;
/** The boundary is an estimate: it may take more than one. */
const PASSES = 3;
/** Alerts that nobody closes must not grow without bound either. */
const MOST_ALERTS = 100_000;

export async function retain(connection: DuckDBConnection, database: Database, retention: Retention): Promise<number> {
  const oldest = retention.now - retention.maxAge;
  await settle(connection, retention.now - SETTLED_AFTER);
  let gone = await deleted(connection, 'DELETE FROM observations WHERE time < $1', oldest);
  await query(connection, `DELETE FROM alerts WHERE status = 'closed' AND updated < $1`, [oldest]);
  await query(
    connection,
    `DELETE FROM alerts WHERE updated < (SELECT min(updated) FROM
       (SELECT updated FROM alerts ORDER BY updated DESC LIMIT ${MOST_ALERTS}))`,
  );
  await connection.run('CHECKPOINT');
  for (let pass = 0; pass < PASSES; pass += 1) {
    const used = await usedBytes(connection, database);
    if (used <= retention.maxBytes) break;
    const share = 1 - (TARGET * retention.maxBytes) / used;
    const [row] = await query(connection, 'SELECT approx_quantile(time, $1::DOUBLE / 1e6) AS time FROM observations', [
      Math.round(share * 1e6),
    ]);
    if (row?.['time'] == null) break;
    gone += await deleted(connection, 'DELETE FROM observations WHERE time <= $1', toNumber(row['time']));
    await connection.run('CHECKPOINT');
  }
  return gone;
}

/** Blocks in use in the file, and its log; not the blocks that wait to be used again. */
export async function usedBytes(connection: DuckDBConnection, database: Database): Promise<number> {
  const [row] = await query(connection, 'SELECT sum(used_blocks * block_size) AS bytes FROM pragma_database_size()');
  return toNumber(row?.['bytes']) + (await database.bytes()).log;
}

async function deleted(connection: DuckDBConnection, sql: string, time: Micros): Promise<number> {
  const [row] = await query(connection, sql, [time]);
  return toNumber(row?.['Count']);
}
