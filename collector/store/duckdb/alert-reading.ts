/** What is asked of the store about alerts. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { isPublic } from '../../../shared/inventory/address.ts';
import { type Alert, SEVERITIES } from '../../../shared/schema/alert.ts';
import type { Micros } from '../../../shared/time.ts';
import type { AlertOrder, ChangedAlert, RelatedAlert } from '../alert-life.ts';
import type { AlertSummary, AlertsFilter, Page, Paging } from '../store.ts';
import { inTransaction } from './migrations.ts';
import { page } from './page.ts';
import { type Condition, query, toNumber, where } from './sql.ts';

/** More than anybody types. */
const MAX_WORDS = 16;

export function alertConditions(filter: AlertsFilter): Condition[] {
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  return [
    ['last_seen >= ?', filter.since],
    ['first_seen < ?', filter.until],
    ['cluster = ?', filter.cluster],
    ['list_contains(?, status)', filter.status],
    ['severity >= ?', filter.severity && SEVERITIES.indexOf(filter.severity)],
    ['principal = ?', filter.principal],
    ['credential = ? OR list_contains(related, ?)', filter.credential, filter.credential],
    ['list_contains(rules, ?)', filter.rule],
    ['assignee = ?', filter.assignee],
    ['list_contains(sources, ?)', filter.source],
    ...words.map((word): Condition => ['contains(searched, ?)', word]),
  ];
}

const RANK = 'severity * 10 + confidence';
/** What each order goes by before the id. */
const TIME: Readonly<Record<AlertOrder, string>> = { newest: 'created', worst: 'created', latest: 'last_seen' };

export async function readAlerts(
  connection: DuckDBConnection,
  filter: AlertsFilter,
  { limit, after }: Paging,
  order: AlertOrder,
): Promise<Page<AlertSummary>> {
  const time = TIME[order];
  const isRanked = order === 'worst';
  const { sql, values } = where([
    ...alertConditions(filter),
    isRanked
      ? [`(${RANK}, ${time}, id, cluster) < (?, ?, ?, ?)`, after?.rank, after?.time, after?.id, after?.cluster]
      : [`(${time}, id, cluster) < (?, ?, ?)`, after?.time, after?.id, after?.cluster],
  ]);
  const rows = await query(
    connection,
    `SELECT ${RANK} AS rank, ${time} AS time, summary FROM alerts ${sql}
     ORDER BY ${isRanked ? `${RANK} DESC, ` : ''}${time} DESC, id DESC, cluster DESC LIMIT ${limit + 1}`,
    values,
  );
  const found = rows.map(({ rank, time, summary }) => ({
    rank: toNumber(rank),
    time: toNumber(time),
    summary: parsed<AlertSummary>(summary),
  }));
  const { items, next } = page(found, limit, ({ rank, time, summary: { id, cluster } }) => ({
    ...(isRanked && { rank }),
    time,
    id,
    cluster,
  }));
  return { items: items.map(({ summary }) => summary), next };
}

export async function readAlert(connection: DuckDBConnection, id: string, cluster?: string): Promise<Alert[]> {
  const { sql, values } = where([
    ['id = ?', id],
    ['cluster = ?', cluster],
  ]);
  const rows = await query(connection, `SELECT body FROM alerts ${sql} ORDER BY cluster`, values);
  return rows.map(({ body }) => parsed<Alert>(body));
}

export async function readWholeAlerts(
  connection: DuckDBConnection,
  alerts: readonly { cluster: string; id: string }[],
): Promise<Alert[]> {
  if (alerts.length === 0) return [];
  const keys = [alerts.map(({ cluster }) => cluster), alerts.map(({ id }) => id)];
  return inTransaction(connection, async () => {
    const found = await query(
      connection,
      'SELECT change FROM alerts WHERE (cluster, id) IN (SELECT unnest($1), unnest($2))',
      keys,
    );
    if (found.length === 0) return [];
    // Named one by one they keep DuckDB from reading the bodies of all others, which are large.
    const changes = found.map(({ change }) => toNumber(change)).join(', ');
    const rows = await query(connection, `SELECT body FROM alerts WHERE change IN (${changes})`);
    return rows.map(({ body }) => parsed<Alert>(body));
  });
}

export async function readCurrentAlerts(
  connection: DuckDBConnection,
  cluster: string,
  closedSince: Micros,
  limit: number,
): Promise<Alert[]> {
  const rows = await query(
    connection,
    `SELECT body FROM (
       SELECT body, created, id FROM alerts WHERE cluster = $1 AND (status <> 'closed' OR closed >= $2)
       ORDER BY status = 'closed', created DESC, id DESC LIMIT ${limit})
     ORDER BY created, id`,
    [cluster, closedSince],
  );
  return rows.map(({ body }) => parsed<Alert>(body));
}

export async function readChangedAlerts(
  connection: DuckDBConnection,
  after: number,
  limit: number,
): Promise<ChangedAlert[]> {
  const rows = await query(
    connection,
    `SELECT change, summary FROM alerts WHERE change > $1 ORDER BY change LIMIT ${limit}`,
    [after],
  );
  return rows.map(({ change, summary }) => ({ change: toNumber(change), alert: parsed<AlertSummary>(summary) }));
}

export async function readLastChange(connection: DuckDBConnection): Promise<number> {
  const [row] = await query(connection, 'SELECT newest FROM alert_changes');
  return toNumber(row?.['newest']);
}

/** What a finding is about when it names nobody. */
const NOBODY = 'unknown';

/** A private address is another machine in each cluster; one on the internet is the same everywhere. */
export async function readRelatedAlerts(
  connection: DuckDBConnection,
  id: string,
  cluster: string,
  limit: number,
): Promise<RelatedAlert[]> {
  const [alert] = await readAlert(connection, id, cluster);
  if (!alert) return [];
  const { principal, credential, relatedCredentials, binding } = alert;
  const sources = alert.sources.map(({ address }) => address);
  const rows = await query(
    connection,
    `SELECT summary, source, principal, credential, node FROM (
       SELECT summary, created, id, cluster,
         coalesce(list_has_any(sources, CASE WHEN cluster = $2 THEN $3 ELSE $4 END), false) AS source,
         cluster = $2 AND principal = $5 AS principal,
         cluster = $2 AND list_has_any(list_append(related, credential), $6) AS credential,
         cluster = $2 AND coalesce(node = $7, false) AS node
       FROM alerts WHERE NOT (id = $1 AND cluster = $2))
     WHERE source OR principal OR credential OR node
     ORDER BY created DESC, id DESC, cluster DESC LIMIT ${limit}`,
    [
      id,
      cluster,
      sources,
      sources.filter(isPublic),
      principal === NOBODY ? null : principal,
      [...relatedCredentials, ...(credential === null ? [] : [credential])],
      binding.node?.name ?? null,
    ],
  );
  return rows.map((row) => ({
    alert: parsed<AlertSummary>(row['summary']),
    because: (['source', 'principal', 'credential', 'node'] as const).filter((what) => row[what] === true),
  }));
}

/** Of what this store wrote itself. */
function parsed<T>(text: unknown): T {
  return JSON.parse(text as string) as T;
}
