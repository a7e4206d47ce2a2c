/** What sources can't see, out of what they said about themselves. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { DAY, type Micros } from '../../../shared/time.ts';
import type { BlindSpot } from '../store.ts';
import { query, toNumber } from './sql.ts';

const MOST = 200;

/** Row ids are the order of arrival: what sources say awaits no verdict, so its rows are appended as they come. */
const LAST_SAID = `
  SELECT cluster, node_name AS node, detail->>'$.source' AS source, detail->>'$.reason' AS reason,
    max(rowid) AS place, max(rowid) FILTER (detail->>'$.status' = 'ok') AS ok,
    arg_max(time, rowid) AS time, arg_max(detail->>'$.status', rowid) AS status, arg_max(detail, rowid) AS said
  FROM observations WHERE kind = 'status' GROUP BY ALL`;

export async function readBlindSpots(connection: DuckDBConnection, now: Micros): Promise<BlindSpot[]> {
  const rows = await query(
    connection,
    `SELECT cluster, node, time, said FROM (
       SELECT *, CASE WHEN node IS NULL THEN max(ok) OVER (PARTITION BY cluster, source)
         ELSE max(ok) OVER (PARTITION BY cluster, source, node) END AS last_ok
       FROM (${LAST_SAID}))
     WHERE CASE WHEN status IN ('gap', 'leak') THEN time > $1 ELSE place > coalesce(last_ok, -1) END
     ORDER BY time DESC, place DESC LIMIT ${MOST}`,
    [now - DAY],
  );
  return rows.map((row) => {
    const { cluster, node } = row as Pick<BlindSpot, 'cluster' | 'node'>;
    const { source, status, reason, detail } = JSON.parse(row['said'] as string) as BlindSpot;
    return { cluster, node, source, status, reason, detail, time: toNumber(row['time']) };
  });
}
