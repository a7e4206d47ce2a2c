/** What happened to tokens, page by page. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Recorded } from '../../../shared/schema/observation.ts';
import { HOUR, type Micros } from '../../../shared/time.ts';
import type { Cursor, HistoryFilter, HistoryItem, Page, Paging, PlacedUse, UsesFilter } from '../store.ts';
import { narrowed } from './credential-hours.ts';
import { matching } from './history-filter.ts';
import { page } from './page.ts';
import { fromRows, type PlacedObservation, type Row } from './row.ts';
import { COLUMN_LIST, type Condition, idValue, type Parameter, query, queryRows, toNumber } from './sql.ts';

export async function readUses(
  connection: DuckDBConnection,
  filter: UsesFilter,
  paging: Paging,
): Promise<Page<PlacedUse>> {
  const { items, next } = await readHistory(connection, { ...filter, kind: 'use' }, paging);
  return { items: items as PlacedUse[], next };
}

export async function readHistory(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  { limit, after }: Paging,
): Promise<Page<HistoryItem>> {
  const asked = await narrowed(connection, filter);
  const rows = asked ? await newest(connection, asked, limit + 1, after) : [];
  const cursorOf = ({ cluster, observation: { time, id } }: PlacedObservation) => ({ time, id, cluster });
  const { items, next } = page(fromRows(rows), limit, cursorOf);
  return { items: items.map(historyItem), next };
}

function historyItem({ cluster, observation, placement }: PlacedObservation): HistoryItem {
  const { kind } = observation as Exclude<Recorded, { kind: 'status' }>;
  const item = { cluster, [kind]: observation };
  return (kind === 'use' || kind === 'issue' ? { ...item, placement: placement ?? null } : item) as HistoryItem;
}

/** How far is looked back for a page at first; each time it isn't full, so many times as far. */
const FIRST_LOOK: Micros = HOUR;
const FARTHER = 8;

/**
 * Looks back from where the page begins, farther and farther until it is full. So a page of what happens often costs the same
 * however much is kept, and one of what happens seldom little more than a look at everything.
 */
async function newest(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  count: number,
  after: Cursor | undefined,
): Promise<Row[]> {
  const known = await timesKept(connection);
  const end = Math.min(filter.until ?? known.last + 1, after ? after.time + 1 : known.last + 1, known.last + 1);
  const start = Math.max(filter.since ?? known.first, known.first);
  const rows: Row[] = [];
  let until = end;
  for (let look = FIRST_LOOK; until > start && rows.length < count; look *= FARTHER) {
    const since = Math.max(start, until - look);
    rows.push(...(await newestWithin(connection, { ...filter, since, until }, count - rows.length, after)));
    until = since;
  }
  return rows;
}

const NEWEST_FIRST = 'ORDER BY time DESC, id DESC, cluster DESC';

async function newestWithin(
  connection: DuckDBConnection,
  filter: HistoryFilter,
  count: number,
  after: Cursor | undefined,
): Promise<Row[]> {
  const values: Parameter[] = [];
  const order = `${NEWEST_FIRST} LIMIT ${count}`;
  const and: Condition[] = [
    ['time < ? OR (id, cluster) < (?, ?)', after?.time, after && idValue(after.id), after?.cluster],
  ];
  const each = matching(filter, COLUMN_LIST, values, { and, order });
  return queryRows(connection, `SELECT ${COLUMN_LIST} FROM (${each}) ${order}`, values);
}

/** Of the first and the last row, by their own time: of both tables, out of what DuckDB knows of them by heart. */
async function timesKept(connection: DuckDBConnection): Promise<{ first: Micros; last: Micros }> {
  const [row] = await query(
    connection,
    `SELECT min(first) AS first, max(last) AS last FROM (
       SELECT min(time) AS first, max(time) AS last FROM observations
       UNION ALL SELECT min(time), max(time) FROM undecided)`,
  );
  return { first: toNumber(row?.['first'] ?? 0), last: toNumber(row?.['last'] ?? -1) };
}
