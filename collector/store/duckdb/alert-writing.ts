/** What a commit does to alerts, inside a transaction that the caller holds. */
import { type DuckDBAppender, type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type Alert, CONFIDENCES, SEVERITIES } from '../../../shared/schema/alert.ts';
import { type Micros, parseTime } from '../../../shared/time.ts';
import { summaryOf } from '../store.ts';
import { append, appendNumber, appendText, query, toNumber } from './sql.ts';

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
  let change = await numberChanges(connection, newer.length);
  await append(connection, 'alerts', newer, (appender, alert) => {
    appendAlert(appender, alert, at);
    appendNumber(appender, change++);
  });
}

/** @returns the number of the first of so many changes */
async function numberChanges(connection: DuckDBConnection, count: number): Promise<number> {
  const [row] = await query(connection, 'UPDATE alert_changes SET newest = newest + $1 RETURNING newest', [count]);
  return toNumber(row?.['newest']) - count + 1;
}

/** All columns but the last. */
function appendAlert(appender: DuckDBAppender, alert: Alert, at: Micros): void {
  appendText(appender, alert.cluster);
  appendText(appender, alert.id);
  appendNumber(appender, alert.revision);
  appendText(appender, alert.status);
  appendNumber(appender, SEVERITIES.indexOf(alert.severity));
  appendText(appender, alert.principal);
  appendText(appender, alert.credential);
  appendTexts(appender, alert.relatedCredentials);
  appendTexts(appender, alert.rules);
  for (const time of [alert.firstSeen, alert.lastSeen, alert.createdAt, alert.updatedAt]) {
    appendNumber(appender, parseTime(time) ?? at);
  }
  appendText(appender, JSON.stringify(summaryOf(alert)));
  appendText(appender, JSON.stringify(alert));
  appendNumber(appender, CONFIDENCES.indexOf(alert.confidence));
  appendText(appender, alert.assignee);
  appendTexts(
    appender,
    alert.sources.map(({ address }) => address),
  );
  appendText(appender, alert.binding.node?.name);
  if (alert.status === 'closed') appendNumber(appender, parseTime(alert.resolution?.at ?? alert.updatedAt) ?? at);
  else appender.appendNull();
  appendText(appender, searchedOf(alert));
}

const appendTexts = (appender: DuckDBAppender, texts: readonly string[]): void =>
  appender.appendList(listValue(texts), LIST(VARCHAR));

/** Of each alert its newest revision. */
function newestOf(alerts: readonly Alert[]): Alert[] {
  const newest = new Map<string, Alert>();
  for (const alert of alerts) {
    const key = `${alert.cluster}\n${alert.id}`;
    if ((newest.get(key)?.revision ?? -1) < alert.revision) newest.set(key, alert);
  }
  return [...newest.values()];
}

/** The words by which it can be found. */
function searchedOf(alert: Alert): string {
  const { pod, node } = alert.binding;
  const words = [
    alert.id,
    alert.cluster,
    alert.principal,
    alert.credential,
    alert.title,
    alert.summary,
    alert.assignee,
    alert.resolution?.note,
    pod && `${pod.namespace}/${pod.name}`,
    node?.name,
    ...alert.sources.map(({ address }) => address),
    ...alert.relatedCredentials,
    ...alert.rules,
    ...alert.attack.flatMap(({ id, name }) => [id, name]),
  ];
  return words.filter(Boolean).join(' ').toLowerCase();
}
