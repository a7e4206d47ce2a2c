/** What a credential's life is made of, out of its rows. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { MAX_DEEDS } from '../../../shared/detection/story.ts';
import type { Recorded, TokenFile, TokenIssue, TokenRead } from '../../../shared/schema/observation.ts';
import { DAY } from '../../../shared/time.ts';
import type { LifeTimeline } from '../history-summaries.ts';
import { type LifeFacts, lifeTimeline, PAUSE, type UseEpisode } from '../life-timeline.ts';
import { IN_ITS_TIME, type Key, keysOf } from './credential-life.ts';
import { fromRows } from './row.ts';
import { COLUMN_LIST, idText, query, queryRows, toNumber } from './sql.ts';

/** Of each kind. What is left out is counted. */
const MOST = 2000;

export async function readTimeline(
  connection: DuckDBConnection,
  id: string,
  cluster?: string,
): Promise<LifeTimeline[]> {
  const timelines: LifeTimeline[] = [];
  for (const key of await keysOf(connection, id, cluster)) {
    timelines.push(lifeTimeline(await factsOf(connection, key)));
  }
  return timelines;
}

async function factsOf(connection: DuckDBConnection, key: Key): Promise<LifeFacts> {
  const [cluster, id] = key;
  const its = <Kind extends Recorded>(condition: string) => observations<Kind>(connection, key, condition);
  const issues = await its<TokenIssue>("kind = 'issue' AND issued = $2");
  const minted = await its<TokenIssue>("kind = 'issue' AND credential = $2 AND issued IS NOT NULL");
  const files = await its<TokenFile>("kind = 'file' AND credential = $2");
  const reads = await its<TokenRead>("kind = 'read' AND credential = $2");
  const uses = await episodes(connection, key);
  return {
    cluster,
    id,
    issues: issues.some,
    minted: minted.some,
    files: files.some,
    reads: reads.some,
    episodes: uses.some,
    newer: await newerOfPod(connection, key, files.some),
    podGone: await podGone(connection, key),
    now: await newestOf(connection, cluster),
    left: [issues, minted, files, reads, uses].reduce((sum, { left }) => sum + left, 0),
  };
}

interface Some<Item> {
  some: Item[];
  left: number;
}

async function observations<Kind extends Recorded>(
  connection: DuckDBConnection,
  key: Key,
  condition: string,
): Promise<Some<Kind>> {
  const from = `FROM history WHERE ${condition} AND ${IN_ITS_TIME}`;
  const rows = await queryRows(connection, `SELECT ${COLUMN_LIST} ${from} ORDER BY time, id LIMIT ${MOST}`, key);
  const some = fromRows(rows).map(({ observation }) => observation as Kind);
  if (some.length < MOST) return { some, left: 0 };
  const [row] = await query(connection, `SELECT count(*) AS count ${from}`, key);
  return { some, left: toNumber(row?.['count']) - some.length };
}

/** From where, by whom, and judged how. */
const ALIKE = 'source, user_agent, placement, placement_where';

async function episodes(connection: DuckDBConnection, key: Key): Promise<Some<UseEpisode>> {
  const rows = await query(
    connection,
    `WITH uses AS (
       SELECT ${ALIKE}, time, id, principal, verb, resource, subresource, namespace, code,
         CASE WHEN resource IS NULL THEN split_part(uri, '?', 1) END AS path,
         time - lag(time) OVER (PARTITION BY ${ALIKE} ORDER BY time) > ${PAUSE} AS pauses
       FROM history WHERE kind = 'use' AND credential = $2 AND ${IN_ITS_TIME}),
     goes AS (
       SELECT *, count_if(coalesce(pauses, false)) OVER (PARTITION BY ${ALIKE} ORDER BY time) AS go FROM uses),
     deeds AS (
       SELECT ${ALIKE}, go, verb, resource, subresource, namespace, code, path, count(*) AS count,
         min(time) AS first, max(time) AS last, min_by(id, time) AS id, min_by(principal, time) AS principal
       FROM goes GROUP BY ALL)
     SELECT ${ALIKE}, CAST(sum(count) AS BIGINT) AS count, min(first) AS first, max(last) AS last,
       min_by(id, first) AS id, min_by(principal, first) AS principal, count(*) AS kinds, count(*) OVER () AS total,
       to_json(list({verb: verb, resource: resource, subresource: subresource, namespace: namespace, code: code,
         uri: path, count: count} ORDER BY count DESC, first, verb, resource, code)[:${MAX_DEEDS}]) AS deeds
     FROM deeds GROUP BY ${ALIKE}, go
     ORDER BY placement IS NOT DISTINCT FROM 'home', first, id LIMIT ${MOST}`,
    key,
  );
  return { some: rows.map(episodeOf), left: toNumber(rows[0]?.['total'] ?? 0) - rows.length };
}

type Deed = UseEpisode['deeds'][number]['request'] & { count: number };

function episodeOf(row: Record<string, unknown>): UseEpisode {
  const deeds = JSON.parse(row['deeds'] as string, (_key, value: unknown) => value ?? undefined) as Deed[];
  return {
    principal: row['principal'] as string,
    source: row['source'] as string | null,
    userAgent: row['user_agent'] as string | null,
    placement: row['placement'] as UseEpisode['placement'],
    where: row['placement_where'] as UseEpisode['where'],
    first: toNumber(row['first']),
    last: toNumber(row['last']),
    count: toNumber(row['count']),
    observation: idText(row['id']),
    kinds: toNumber(row['kinds']),
    deeds: deeds.map(({ count, ...request }) => ({ request: { ...request, uri: request.uri ?? '' }, count })),
  };
}

/** The next token in a file of its, else the first use of a later token of the same pod. */
async function newerOfPod(
  connection: DuckDBConnection,
  [cluster, id, from, until]: Key,
  files: readonly TokenFile[],
): Promise<LifeFacts['newer']> {
  const [file] = files;
  const isNext =
    file === undefined
      ? "kind = 'use' AND pod_uid = (SELECT any_value(pod_uid) FROM own)"
      : "kind = 'file' AND pod_uid = $5 AND (detail->>'$.file.path') = $6";
  const [row] = await query(
    connection,
    `WITH own AS (
       SELECT pod_uid, time FROM history WHERE kind IN ('use', 'file') AND credential = $2
         AND credential_kind = 'projected' AND ${IN_ITS_TIME})
     SELECT credential AS newer, min(time) AS time, min_by(id, time) AS id FROM history
     WHERE cluster = $1 AND credential <> $2 AND credential_kind = 'projected' AND time >= $3 AND time < $4 + ${DAY}
       AND ${isNext}
     GROUP BY newer HAVING min(time) > (SELECT min(time) FROM own) ORDER BY time, newer LIMIT 1`,
    [cluster, id, from, until, ...(file ? [file.file.pod.uid, file.file.path] : [])],
  );
  if (!row) return undefined;
  const how = file === undefined ? 'used' : 'in-file';
  return { id: row['newer'] as string, how, time: toNumber(row['time']), observation: idText(row['id']) };
}

async function podGone(connection: DuckDBConnection, key: Key): Promise<LifeFacts['podGone']> {
  const [row] = await query(
    connection,
    `SELECT coalesce(pod_namespace || '/' || pod_name, pod_uid) AS pod, time, id FROM history
     WHERE kind = 'use' AND credential = $2 AND ${IN_ITS_TIME} AND (whereabouts->>'$.home.pod') = 'gone'
     ORDER BY time, id LIMIT 1`,
    key,
  );
  if (row?.['pod'] == null) return undefined;
  return { pod: row['pod'] as string, time: toNumber(row['time']), observation: idText(row['id']) };
}

/** Of its streams: far fewer than its rows. */
async function newestOf(connection: DuckDBConnection, cluster: string): Promise<number> {
  const [row] = await query(connection, 'SELECT max(newest) AS newest FROM streams WHERE cluster = $1', [cluster]);
  return toNumber(row?.['newest'] ?? 0);
}
