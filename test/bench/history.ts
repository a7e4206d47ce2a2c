/**
 * How long questions take out of many stored uses, and whether that grows as the store ages: the same questions of the same
 * store when it has kept eighteen days and when it has kept ninety.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../collector/store/duckdb/database.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import { migrate } from '../../collector/store/duckdb/migrations.ts';
import type { PlacedUse, Store } from '../../collector/store/store.ts';
import { DAY, type Micros } from '../../shared/time.ts';
import { alert, outcome } from '../collector/support/make.ts';

const MILLION = 1_000_000;
const SIZES = [10 * MILLION, 50 * MILLION];
const START: Micros = Date.UTC(2025, 5, 1) * 1000;
/** Fifty million uses in ninety days. */
const SPACING: Micros = (90 * DAY) / (50 * MILLION);
const ALERTS = 2000;
const TIMES = 40;
const SETTINGS = { memoryMegabytes: 512, threads: 2 };

export async function benchHistory(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'truant-bench-'));
  const path = join(folder, 'history.duckdb');
  try {
    const lines: string[] = [];
    let before: Map<string, Took> | undefined;
    for (const [index, size] of SIZES.entries()) {
      await fill(path, SIZES[index - 1] ?? 0, size);
      const gigabytes = ((await stat(path)).size / 1e9).toFixed(1);
      lines.push(
        `History of ${size / MILLION} million uses in ${Math.round((size * SPACING) / DAY)} days, ${gigabytes} GB`,
      );
      const took = await ask(path, size);
      for (const [question, times] of took) lines.push(told(question, times, before?.get(question)));
      before = took;
    }
    return lines;
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Took {
  median: number;
  p95: number;
}

function told(question: string, { median, p95 }: Took, before: Took | undefined): string {
  const ratio = before ? `, ${(median / before.median).toFixed(1)} times as long as before` : '';
  return `  ${question.padEnd(44)} median ${median.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms${ratio}`;
}

async function ask(path: string, size: number): Promise<Map<string, Took>> {
  const end = START + size * SPACING;
  const week = { since: end - 7 * DAY };
  const store = await openDuckDbStore({ ...SETTINGS, path, queryTimeoutMs: 60_000, at: end });
  try {
    await keepAlerts(store);
    const { items } = await store.uses({ until: end - 5 * DAY }, { limit: 1000 });
    const by = { by: 'source', order: 'count', limit: 100 } as const;
    const questions: Record<string, (asked: PlacedUse['use']) => Promise<unknown>> = {
      'history of one credential': ({ credential }) => store.history({ credential: credential.id }, { limit: 100 }),
      'life of one credential': ({ credential }) => store.credential(credential.id),
      'timeline of one credential': ({ credential }) => store.timeline(credential.id),
      'one principal by source, of a week': ({ principal }) => store.groups({ ...week, principal }, by),
      'one principal by source, of all time': ({ principal }) => store.groups({ principal }, by),
      'one principal over time, of a week': ({ principal }) => store.histogram({ ...week, principal }, 60),
      'history of one principal': ({ principal }) => store.history({ principal }, { limit: 100 }),
      'newest of the history': () => store.history({}, { limit: 100 }),
      'newest alerts': () => store.alerts({}, { limit: 100 }),
    };
    const took = new Map<string, Took>();
    for (const [question, answer] of Object.entries(questions)) took.set(question, await measure(items, answer));
    return took;
  } finally {
    await store.close();
  }
}

/** Each time of another use, so that none is answered out of what the one before left behind. */
async function measure(
  items: readonly PlacedUse[],
  answer: (asked: PlacedUse['use']) => Promise<unknown>,
): Promise<Took> {
  const times: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const asked = items[Math.floor((n * items.length) / TIMES)] as PlacedUse;
    const started = performance.now();
    await answer(asked.use);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.ceil(times.length * share) - 1] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}

async function keepAlerts(store: Store): Promise<void> {
  const alerts = Array.from({ length: ALERTS }, (_, n) => alert(`al-${n}`));
  await store.commit({ cluster: 'cluster-0', at: START, outcome: outcome([], alerts) });
}

/** By SQL into the real tables, with the store's own settings, in order of time; a row group is filled as it comes. */
async function fill(path: string, from: number, to: number): Promise<void> {
  const database = await openDatabase({ ...SETTINGS, memoryMegabytes: 2048, path });
  const connection = await database.connect();
  await migrate(connection, START);
  for (let at = from; at < to; at += MILLION) {
    await connection.run(`INSERT INTO observations BY NAME ${uses(at, Math.min(to, at + MILLION))}`);
    await connection.run(`INSERT INTO credential_hours
      SELECT DISTINCT time // 3600000000, CAST('0x' || left(md5(credential), 8) AS UINTEGER)
      FROM observations WHERE time >= ${timeOf(at)}`);
  }
  await connection.run('CHECKPOINT');
  connection.closeSync();
  database.close();
}

const timeOf = (n: number): Micros => Math.floor(START + n * SPACING);

/**
 * Of 5,000 principals of 8 clusters, some of which do much more than others, with two pods each whose tokens live an hour,
 * mostly from their own addresses; some from their nodes', one in ten thousand from elsewhere.
 */
const uses = (from: number, to: number): string => `
  WITH picked AS (
    SELECT n, CAST(${START} + n * ${SPACING} AS BIGINT) AS time,
      CAST(floor(5000 * pow((hash(n) % 1000000007) / 1000000007.0, 2.5)) AS INT) AS p,
      CAST(hash(n, 2) % 2 AS INT) AS replica, CAST(hash(n, 3) % 10000 AS INT) AS x, CAST(hash(n, 4) % 100 AS INT) AS y
    FROM range(${from}, ${to}) AS numbers(n)),
  named AS (
    SELECT *, p * 2 + replica AS pod, (p * 7 + replica * 31) % 200 AS node, 'team-' || (p % 120) AS ns,
      CAST(md5('pod' || (p * 2 + replica)) AS UUID) AS uid,
      ['get', 'list', 'watch', 'get', 'update', 'create'][1 + (p + y) % 6] AS verb,
      ['pods', 'configmaps', 'secrets', 'leases', 'endpoints', 'services', 'deployments', 'events']
        [1 + (p // 3 + y % 4) % 8] AS resource
    FROM picked),
  placed AS (
    SELECT *, '10.' || (pod // 65536) || '.' || (pod // 256 % 256) || '.' || (pod % 256) AS address,
      '192.168.0.' || node AS node_address
    FROM named)
  SELECT 'cluster-' || (p % 8) AS cluster, 'use' AS kind, gen_random_uuid() AS id, time, time + 1500 + y AS seen,
    CAST(gen_random_uuid() AS VARCHAR) AS audit_id, 'ResponseComplete' AS stage,
    'system:serviceaccount:' || ns || ':app-' || p AS principal,
    'JTI=' || CAST(CAST(md5(pod || '/' || (time // 3600000000)) AS UUID) AS VARCHAR) AS credential,
    'projected' AS credential_kind, ns AS pod_namespace, 'app-' || p || '-' || replica AS pod_name,
    CAST(uid AS VARCHAR) AS pod_uid, 'node-' || node AS node_name,
    CASE WHEN x = 0 THEN '203.0.113.' || (p % 250) WHEN x < 100 THEN node_address ELSE address END AS source,
    0 AS claimed_total, verb, '' AS api_group, resource, ns AS namespace,
    CASE WHEN verb = 'get' THEN 'thing-' || (p * 11 + y) END AS name,
    '/api/v1/namespaces/' || ns || '/' || resource || CASE WHEN verb = 'get' THEN '/thing-' || (p * 11 + y) ELSE '' END AS uri,
    CASE WHEN y = 7 THEN 404 WHEN y = 8 AND p % 9 = 0 THEN 403 ELSE 200 END AS code,
    'app-' || (p % 400) || '/v1.' || (p % 13) || ' (linux/amd64) kubernetes/$Format' AS user_agent,
    verb = 'watch' AS long_running,
    '{"inventory":"live","network":"pods","holders":[],"home":{"pod":"known","hostNetwork":false,"addresses":["' ||
      address || '"],"node":"node-' || node || '","nodeAddresses":["' || node_address || '"]}}' AS whereabouts,
    CASE WHEN x = 0 THEN 'away' WHEN x < 100 THEN 'unclear' ELSE 'home' END AS placement,
    CASE WHEN x = 0 THEN 'internet' END AS placement_where,
    CASE WHEN x = 0 THEN 'outside-cluster-networks' WHEN x < 100 THEN 'node-address-nat-or-host' ELSE 'pod-address'
      END AS placement_reason,
    'high' AS placement_confidence, 'It was judged by its address, ' || address || '.' AS placement_sentence
  FROM placed`;
