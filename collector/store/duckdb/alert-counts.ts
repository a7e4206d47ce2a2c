/** How many alerts there are, by what they have in common. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AlertStatus, SEVERITIES, type Severity } from '../../../shared/schema/alert.ts';
import type { AlertCounts } from '../alert-life.ts';
import type { AlertsFilter, Tally } from '../store.ts';
import { alertConditions } from './alert-reading.ts';
import { query, toNumber, where } from './sql.ts';

const MOST = 100;

/** Looks once at what the filter leaves, so that all counts are of the same alerts. */
export async function readAlertCounts(connection: DuckDBConnection, filter: AlertsFilter): Promise<AlertCounts> {
  const { sql, values } = where(alertConditions(filter));
  const tallies = 'count(*) AS count, min(first_seen) AS first, max(last_seen) AS last';
  const by = (facet: string, value: string, from = 'found') =>
    `SELECT * FROM (SELECT '${facet}' AS facet, ${value} AS value, ${tallies} FROM ${from}
       GROUP BY value ORDER BY count DESC, value LIMIT ${MOST})`;
  const rows = await query(
    connection,
    `WITH found AS MATERIALIZED (
       SELECT CAST(severity AS VARCHAR) AS severity, status, rules, cluster, principal, first_seen, last_seen
       FROM alerts ${sql})
     ${[
       by('severity', 'severity'),
       by('status', 'status'),
       by('cluster', 'cluster'),
       by('principal', 'principal'),
       by('rule', 'rule', '(SELECT unnest(rules) AS rule, first_seen, last_seen FROM found)'),
     ].join(' UNION ALL ')}`,
    values,
  );
  const of = (facet: string): Tally<string>[] =>
    rows
      .filter((row) => row['facet'] === facet)
      .map((row) => ({
        value: row['value'] as string,
        count: toNumber(row['count']),
        firstSeen: toNumber(row['first']),
        lastSeen: toNumber(row['last']),
      }))
      .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const countOf = (facet: string, value: string) => of(facet).find((tally) => tally.value === value)?.count ?? 0;
  const severities = SEVERITIES.map((severity, rank) => [severity, countOf('severity', String(rank))]);
  const statuses = AlertStatus.options.map((status) => [status, countOf('status', status)]);
  return {
    total: of('status').reduce((sum, { count }) => sum + count, 0),
    severity: Object.fromEntries(severities) as Record<Severity, number>,
    status: Object.fromEntries(statuses) as Record<AlertStatus, number>,
    rule: of('rule'),
    cluster: of('cluster'),
    principal: of('principal'),
  };
}
