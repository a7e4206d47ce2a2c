/** What a commit does to the tables, inside a transaction that the caller holds. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Recorded } from '../../../shared/schema/observation.ts';
import type { Placement } from '../../../shared/schema/placement.ts';
import type { Micros } from '../../../shared/time.ts';
import type { Commit, Consumed, StreamState } from '../store.ts';
import { type PlacedObservation, placementColumns, toRow } from './row.ts';
import { append, appendColumns, appendNumber, appendText, COLUMN_LIST, idValue, query } from './sql.ts';

/** Verdicts on earlier rows, while a commit moves them. Temporary: it never gets into the file. */
export const VERDICTS_TABLE = `CREATE TEMPORARY TABLE verdicts (id UUID, placement VARCHAR, placement_where VARCHAR,
  placement_reason VARCHAR, placement_confidence VARCHAR, placement_sentence VARCHAR)`;

export async function insertObservations(connection: DuckDBConnection, commit: Commit): Promise<void> {
  const decided: PlacedObservation[] = [];
  const undecided: PlacedObservation[] = [];
  for (const observation of freshOf(commit)) {
    const placement = commit.outcome.placements.get(observation.id);
    const list = awaitsVerdict(observation, placement) ? undecided : decided;
    list.push({ cluster: commit.cluster, observation, placement });
  }
  await append(connection, 'observations', decided, (appender, row) => appendColumns(appender, toRow(row)));
  await append(connection, 'undecided', undecided, (appender, row) => {
    appendColumns(appender, toRow(row));
    appendNumber(appender, commit.at);
  });
}

export const freshOf = ({ fresh = [] }: Commit): Recorded[] =>
  fresh.flatMap(({ observations }) => observations.filter((observation) => observation.kind !== 'heartbeat'));

/** Every use gets a verdict; anything else only when it was said that one will come. */
function awaitsVerdict(observation: Recorded, placement: Placement | undefined): boolean {
  return placement === undefined ? observation.kind === 'use' : !isFinal(placement);
}

function isFinal(placement: Placement): boolean {
  return placement.reason !== 'deciding';
}

/** Final verdicts on rows of earlier commits: those rows move to where they stay. */
export async function decideEarlier(connection: DuckDBConnection, commit: Commit): Promise<void> {
  const fresh = new Set(freshOf(commit).map(({ id }) => id));
  const verdicts = [...commit.outcome.placements].filter(([id, placement]) => !fresh.has(id) && isFinal(placement));
  if (verdicts.length === 0) return;
  await append(connection, 'verdicts', verdicts, (appender, [id, placement]) => {
    appender.appendUUID(idValue(id));
    const columns = placementColumns(placement);
    appendText(appender, columns.placement);
    appendText(appender, columns.placement_where);
    appendText(appender, columns.placement_reason);
    appendText(appender, columns.placement_confidence);
    appendText(appender, columns.placement_sentence);
  });
  await query(
    connection,
    `INSERT INTO observations SELECT u.* EXCLUDE (stored_at) REPLACE (
       v.placement AS placement, v.placement_where AS placement_where, v.placement_reason AS placement_reason,
       v.placement_confidence AS placement_confidence, v.placement_sentence AS placement_sentence)
     FROM undecided u JOIN verdicts v ON u.id = v.id WHERE u.cluster = $1`,
    [commit.cluster],
  );
  await query(connection, 'DELETE FROM undecided WHERE cluster = $1 AND id IN (SELECT id FROM verdicts)', [
    commit.cluster,
  ]);
  await connection.run('DELETE FROM verdicts');
}

/** Rows whose verdict has not come for so long that none will: they stay as they are. */
export async function settle(connection: DuckDBConnection, storedBefore: Micros): Promise<void> {
  await query(connection, `INSERT INTO observations SELECT ${COLUMN_LIST} FROM undecided WHERE stored_at < $1`, [
    storedBefore,
  ]);
  await query(connection, 'DELETE FROM undecided WHERE stored_at < $1', [storedBefore]);
}

export async function saveStream(connection: DuckDBConnection, state: StreamState, isNew: boolean): Promise<void> {
  const { stream, cluster, agent, position, accepted, rejected, missing, firstSeen, lastSeen, newest } = state;
  const changing = [position, accepted, rejected, missing, lastSeen, newest];
  if (isNew) {
    await query(
      connection,
      `INSERT INTO streams (position, accepted, rejected, missing, last_seen, newest, stream, cluster, agent, first_seen)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [...changing, stream, cluster, agent, firstSeen],
    );
  } else {
    await query(
      connection,
      `UPDATE streams SET position = $1, accepted = $2, rejected = $3, missing = $4, last_seen = $5, newest = $6
       WHERE stream = $7`,
      [...changing, stream],
    );
  }
}

export async function forgetStreams(connection: DuckDBConnection, streams: readonly string[]): Promise<void> {
  if (streams.length === 0) return;
  await query(connection, 'DELETE FROM streams WHERE stream IN (SELECT unnest($1))', [streams]);
}

export async function saveConsumed(connection: DuckDBConnection, consumed: Consumed): Promise<void> {
  const { topic, partition, offset, mark } = consumed;
  await query(connection, 'DELETE FROM consumed WHERE topic = $1 AND partition = $2', [topic, partition]);
  await query(connection, 'INSERT INTO consumed (topic, partition, next_offset, mark) VALUES ($1, $2, $3, $4)', [
    topic,
    partition,
    offset,
    mark,
  ]);
}
