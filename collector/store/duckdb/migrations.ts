/**
 * The store's tables, as numbered steps. A step that has been released is never changed: what comes next is a new step.
 *
 * No table has an index or a primary key: DuckDB can't give back the space of deleted rows of a table that has one, and
 * over tens of millions of rows an index would cost more than the rows. What is unique is kept so by the one writer.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TruantError } from '../../../shared/errors.ts';
import type { Micros } from '../../../shared/time.ts';
import { query, toNumber } from './sql.ts';

const OBSERVATION_V1 = `
  cluster VARCHAR, kind VARCHAR, id UUID, time BIGINT, time_text VARCHAR, seen BIGINT, audit_id VARCHAR, stage VARCHAR,
  principal VARCHAR, credential VARCHAR, credential_kind VARCHAR,
  pod_namespace VARCHAR, pod_name VARCHAR, pod_uid VARCHAR, node_name VARCHAR, node_uid VARCHAR,
  source VARCHAR, claimed VARCHAR, claimed_total BIGINT,
  verb VARCHAR, api_group VARCHAR, resource VARCHAR, subresource VARCHAR, namespace VARCHAR, name VARCHAR, uri VARCHAR,
  code BIGINT, user_agent VARCHAR, long_running BOOLEAN, impersonated VARCHAR,
  stale_by BIGINT, invalidated BOOLEAN, truncated BOOLEAN, whereabouts VARCHAR, issued VARCHAR, detail VARCHAR,
  placement VARCHAR, placement_where VARCHAR, placement_reason VARCHAR, placement_confidence VARCHAR,
  placement_sentence VARCHAR`;

export const MIGRATIONS: readonly string[] = [
  `
  -- Append only, so that rows stay in order of time and zone maps can skip what a time range leaves out.
  CREATE TABLE observations (${OBSERVATION_V1});

  -- Rows whose verdict is still to come; small. They move to observations with it.
  CREATE TABLE undecided (${OBSERVATION_V1}, stored_at BIGINT);

  CREATE VIEW history AS SELECT * FROM observations UNION ALL SELECT * EXCLUDE (stored_at) FROM undecided;

  CREATE TABLE alerts (
    cluster VARCHAR, id VARCHAR, revision BIGINT, status VARCHAR, severity BIGINT, principal VARCHAR, credential VARCHAR,
    related VARCHAR[], rules VARCHAR[], first_seen BIGINT, last_seen BIGINT, created BIGINT, updated BIGINT,
    summary VARCHAR, body VARCHAR);

  CREATE TABLE streams (
    stream VARCHAR, cluster VARCHAR, agent VARCHAR, position BIGINT, accepted BIGINT, rejected BIGINT, missing BIGINT,
    first_seen BIGINT, last_seen BIGINT, newest BIGINT);
  `,
  'CREATE TABLE consumed (topic VARCHAR, partition BIGINT, next_offset BIGINT, mark VARCHAR)',
  `
  -- Made anew: a table that was altered can't be filled in the same transaction. What is no JSON for DuckDB has no columns
  -- until its next revision.
  CREATE TABLE alerts_next AS SELECT * EXCLUDE (json),
    CAST(coalesce(list_position(['low', 'medium', 'high'], json->>'$.confidence') - 1, 0) AS BIGINT) AS confidence,
    json->>'$.assignee' AS assignee,
    json_extract_string(json, '$.sources[*].address') AS sources,
    json->>'$.binding.node.name' AS node,
    CAST(NULL AS BIGINT) AS closed,
    lower(concat_ws(' ', id, cluster, principal, credential, json->>'$.title', json->>'$.summary',
      json->>'$.binding.pod.namespace', json->>'$.binding.pod.name', json->>'$.binding.node.name',
      array_to_string(related, ' '), array_to_string(rules, ' '))) AS searched,
    row_number() OVER (ORDER BY updated, id, cluster) AS change
  FROM (SELECT *, CASE WHEN json_valid(summary) THEN summary END AS json FROM alerts);
  DROP TABLE alerts;
  ALTER TABLE alerts_next RENAME TO alerts;

  -- One row: the number of the newest change of an alert, which outlives that alert.
  CREATE TABLE alert_changes (newest BIGINT);
  INSERT INTO alert_changes SELECT count(*) FROM alerts;

  CREATE TABLE actions (
    cluster VARCHAR, alert VARCHAR, time BIGINT, actor VARCHAR, action VARCHAR, note VARCHAR, assignee VARCHAR,
    reason VARCHAR, exceptions VARCHAR[]);

  CREATE TABLE exceptions (
    id VARCHAR, cluster VARCHAR, rule VARCHAR, principal VARCHAR, source VARCHAR, reason VARCHAR, alert VARCHAR,
    created_by VARCHAR, created BIGINT, expires BIGINT, revoked_by VARCHAR, revoked BIGINT, suppressed BIGINT,
    last_suppressed BIGINT);
  `,
  `
  DROP VIEW history;

  -- For whom a token was asked.
  ALTER TABLE observations ADD COLUMN subject VARCHAR;
  UPDATE observations SET subject = detail->>'$.principal' WHERE kind = 'issue';
  CREATE TABLE undecided_anew AS SELECT * EXCLUDE (stored_at),
    CASE WHEN kind = 'issue' THEN detail->>'$.principal' END AS subject, stored_at FROM undecided;
  DROP TABLE undecided;
  ALTER TABLE undecided_anew RENAME TO undecided;

  CREATE VIEW history AS SELECT * FROM observations UNION ALL SELECT * EXCLUDE (stored_at) FROM undecided;

  -- In which hours a credential occurs, by the first 32 bits of its MD5: what else is asked of it looks there alone.
  CREATE TABLE credential_hours (hour BIGINT, credential UINTEGER);
  INSERT INTO credential_hours
    SELECT DISTINCT time // 3600000000, CAST('0x' || left(md5(named), 8) AS UINTEGER) FROM (
      SELECT time, credential AS named FROM history WHERE credential IS NOT NULL
      UNION ALL SELECT time, issued FROM history WHERE issued IS NOT NULL)
    ORDER BY 1;
  `,
  'CREATE TABLE agents (cluster VARCHAR, agent VARCHAR, stream VARCHAR, heard_at BIGINT, time BIGINT, body VARCHAR)',
  `
  CREATE TABLE output_cursors (output VARCHAR, change BIGINT, failing_since BIGINT);

  CREATE TABLE output_told (
    output VARCHAR, cluster VARCHAR, alert VARCHAR, revision BIGINT, status VARCHAR, severity VARCHAR, how VARCHAR,
    told_at BIGINT);

  CREATE TABLE output_dead_letters (
    id VARCHAR, output VARCHAR, cluster VARCHAR, alert VARCHAR, revision BIGINT, event VARCHAR, title VARCHAR,
    severity VARCHAR, reason VARCHAR, detail VARCHAR, remedy VARCHAR, attempts BIGINT, since BIGINT, given_up_at BIGINT);
  `,
];

/**
 * Brings the tables up to date, one step a transaction.
 *
 * @throws TruantError STORE_SCHEMA_TOO_NEW when a later release made the store
 */
export async function migrate(connection: DuckDBConnection, at: Micros, steps = MIGRATIONS): Promise<void> {
  await connection.run('CREATE TABLE IF NOT EXISTS schema_version (version BIGINT, applied BIGINT)');
  const [row] = await query(connection, 'SELECT coalesce(max(version), 0) AS version FROM schema_version');
  const version = toNumber(row?.['version']);
  if (version > steps.length) {
    throw new TruantError(
      'STORE_SCHEMA_TOO_NEW',
      `The store has schema version ${version}; this release knows versions up to ${steps.length}.`,
      { remedy: 'Run the release that wrote it, or a later one; or name another path in collector.store.path.' },
    );
  }
  for (const [index, sql] of steps.entries()) {
    if (index < version) continue;
    await inTransaction(connection, async () => {
      await connection.run(sql);
      await query(connection, 'INSERT INTO schema_version VALUES ($1, $2)', [index + 1, at]);
    });
  }
}

/** All of the work or nothing of it. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN TRANSACTION');
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // A failed COMMIT has ended the transaction by itself; the first error is the one to tell.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
