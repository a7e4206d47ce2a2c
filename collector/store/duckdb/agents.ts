/** What each agent said last about itself: one row an agent, apart from the history. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Heartbeat } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import type { AgentState } from '../fleet.ts';
import type { Commit, Fresh } from '../store.ts';
import { type Parameter, query, toNumber } from './sql.ts';

/** Far more than agents, and too few for made-up names to fill the store. */
const MOST = 10_000;
/** Of what is told of all of them: as many as may be, each with more than any has to say, would fill the memory. */
const MOST_CHARS = 32 * 1024 * 1024;

/** A stream brings them in order; of another stream of the same agent, the later one by the agent's own clock is the newer. */
export async function saveHeartbeats(connection: DuckDBConnection, { fresh = [], at }: Commit): Promise<void> {
  for (const one of fresh) {
    const heartbeat = one.observations.findLast((observation) => observation.kind === 'heartbeat');
    if (heartbeat) await saveHeartbeat(connection, one, heartbeat, at);
  }
}

async function saveHeartbeat(
  connection: DuckDBConnection,
  { cluster, agent, stream }: Fresh,
  heartbeat: Heartbeat,
  at: Micros,
): Promise<void> {
  const values: Parameter[] = [stream, at, heartbeat.time, JSON.stringify(heartbeat), cluster, agent];
  await query(
    connection,
    `UPDATE agents SET stream = $1, heard_at = $2, time = $3, body = $4
     WHERE cluster = $5 AND agent = $6 AND (stream = $1 OR time <= $3)`,
    values,
  );
  const [row] = await query(
    connection,
    `INSERT INTO agents (stream, heard_at, time, body, cluster, agent) SELECT $1, $2, $3, $4, $5, $6
     WHERE NOT EXISTS (SELECT 1 FROM agents WHERE cluster = $5 AND agent = $6)`,
    values,
  );
  if (toNumber(row?.['Count']) === 0) return;
  await query(
    connection,
    `DELETE FROM agents WHERE (cluster, agent) IN
       (SELECT (cluster, agent) FROM agents ORDER BY heard_at DESC, cluster, agent OFFSET ${MOST})`,
  );
}

/** Those that say least first, as far as there is room for: whoever is left out is known by its streams still. */
export async function readAgents(connection: DuckDBConnection): Promise<AgentState[]> {
  const rows = await query(
    connection,
    `SELECT cluster, agent, heard_at, body FROM agents
     QUALIFY sum(strlen(body)) OVER (ORDER BY strlen(body), cluster, agent) <= ${MOST_CHARS} ORDER BY cluster, agent`,
  );
  return rows.map((row) => ({
    cluster: row['cluster'] as string,
    agent: row['agent'] as string,
    heardAt: toNumber(row['heard_at']),
    heartbeat: JSON.parse(row['body'] as string) as Heartbeat,
  }));
}

export async function forgetAgents(connection: DuckDBConnection, heardBefore: Micros): Promise<void> {
  await query(connection, 'DELETE FROM agents WHERE heard_at < $1', [heardBefore]);
}
