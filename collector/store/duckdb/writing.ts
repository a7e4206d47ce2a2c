/** What a commit does to the tables, inside a transaction that the caller holds. */
import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type Alert, SEVERITIES } from '../../../shared/schema/alert.ts';
import type { Recorded } from '../../../shared/schema/observation.ts';
import type { Placement } from '../../../shared/schema/placement.ts';
import { type Micros, parseTime } from '../../../shared/time.ts';
import type { AlertSummary, Commit, Consumed, StreamState } from '../store.ts';
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

/** Replaces alerts by their newer revisions. */
export async function upsertAlerts(connection: DuckDBConnection, alerts: readonly Alert[], at: Micros): Promise<void> {
  if (alerts.length === 0) return;
  const given = newestOf(alerts);
  const [clusters, ids] = [given.map(({ cluster }) => cluster), given.map(({ id }) => id)];
  // All at once: there may be thousands, and no index.
  await query(
    connection,
    `DELETE FROM alerts USING (SELECT unnest($1) AS cluster, unnest($2) AS id, unnest($3) AS revision) AS given
     WHERE alerts.cluster = given.cluster AND alerts.id = given.id AND alerts.revision < given.revision`,
    [clusters, ids, given.map(({ revision }) => revision)],
  );
  const kept = await query(
    connection,
    'SELECT cluster, id FROM alerts WHERE (cluster, id) IN (SELECT unnest($1), unnest($2))',
    [clusters, ids],
  );
  const known = new Set(kept.map(({ cluster, id }) => `${String(cluster)}\n${String(id)}`));
  const newer = given.filter(({ cluster, id }) => !known.has(`${cluster}\n${id}`));
  await append(connection, 'alerts', newer, (appender, alert) => {
    appendText(appender, alert.cluster);
    appendText(appender, alert.id);
    appendNumber(appender, alert.revision);
    appendText(appender, alert.status);
    appendNumber(appender, SEVERITIES.indexOf(alert.severity));
    appendText(appender, alert.principal);
    appendText(appender, alert.credential);
    appender.appendList(listValue(alert.relatedCredentials), LIST(VARCHAR));
    appender.appendList(listValue(alert.rules), LIST(VARCHAR));
    for (const time of [alert.firstSeen, alert.lastSeen, alert.createdAt, alert.updatedAt]) {
      appendNumber(appender, parseTime(time) ?? at);
    }
    appendText(appender, JSON.stringify(summaryOf(alert)));
    appendText(appender, JSON.stringify(alert));
  });
}

/** Of each alert its newest revision. */
function newestOf(alerts: readonly Alert[]): Alert[] {
  const newest = new Map<string, Alert>();
  for (const alert of alerts) {
    const key = `${alert.cluster}\n${alert.id}`;
    if ((newest.get(key)?.revision ?? -1) < alert.revision) newest.set(key, alert);
  }
  return [...newest.values()];
}

function summaryOf(alert: Alert): AlertSummary {
  const { findings: _1, evidence: _2, story: _3, did: _4, actions: _5, triage: _6, ...summary } = alert;
  return summary;
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
