/** All of the history that a filter leaves, as a file: streamed page by page, so that neither memory nor store is held. */
import { Readable } from 'node:stream';
import { endpoint, type RegisterRoutes } from '../../server/endpoint.ts';
import { Problem } from '../../server/problem.ts';
import type { Cursor, HistoryFilter, HistoryItem, Store } from '../../store/store.ts';
import { contradictionsIn, ExportQuery, MOST_EXPORTED } from '../parameters.ts';
import { FORMS } from './formats.ts';

const AT_A_TIME = 2;
const RETRY_AFTER_SECONDS = 10;
const PAGE = 1000;
/** Whoever takes nothing for so long makes room for others. */
const STALLED_MS = 60_000;
/** That it is more than was sent has to be known before the first row. */
const TOTAL = 'truant-total-rows';
const SENT = 'truant-rows';

export function exportRoute(store: Store): RegisterRoutes {
  let running = 0;
  return endpoint({
    method: 'GET',
    url: '/api/v1/history/export',
    tag: 'History',
    summary: 'The history as a file',
    description:
      `The rows of /api/v1/history in the same order, at most ${MOST_EXPORTED}. The header ${TOTAL} says how many there were ` +
      `when it began, ${SENT} how many of these are sent. NDJSON has them whole; CSV and Parquet have the columns of ` +
      'docs/collector.md. It is complete when the answer ends as HTTP says it does.',
    query: ExportQuery,
    contradictions: contradictionsIn,
    answer: {
      mediaTypes: Object.values(FORMS).map(({ mediaType }) => mediaType),
      description: 'The file, by the parameter format',
    },
    handle: async ({ query: { format, limit, ...filter }, request, reply }) => {
      if (running >= AT_A_TIME) {
        const detail = `${AT_A_TIME} exports are running already.`;
        throw new Problem({ status: 429, detail, retryAfter: RETRY_AFTER_SECONDS });
      }
      running += 1;
      let hasLeft = false;
      const leave = (): void => {
        if (!hasLeft) running -= 1;
        hasLeft = true;
      };
      try {
        const total = await rowsOf(store, filter);
        const form = FORMS[format];
        void reply.headers({
          'content-type': form.mediaType,
          'content-disposition': `attachment; filename="truant-history.${format}"`,
          [TOTAL]: String(total),
          [SENT]: String(Math.min(total, limit)),
        });
        const isHead = request.method === 'HEAD';
        const file = isHead ? Readable.from([]) : Readable.from(form.write(pagesOf(store, filter, limit)), ONE);
        file.once('close', leave);
        reply.raw.setTimeout(STALLED_MS, () => reply.raw.destroy());
        // Who hung up while rows were counted is told of by no event any more.
        if (reply.raw.destroyed) file.destroy();
        return file;
      } catch (error) {
        leave();
        throw error;
      }
    },
  });
}

/** One piece ahead of the client, no more. */
const ONE = { highWaterMark: 1 };

async function rowsOf(store: Store, filter: HistoryFilter): Promise<number> {
  const { groups } = await store.groups(filter, { by: 'kind', order: 'count', limit: PAGE });
  return groups.reduce((sum, { count }) => sum + count, 0);
}

/** The store's reader is given back between two pages. */
async function* pagesOf(store: Store, filter: HistoryFilter, limit: number): AsyncGenerator<HistoryItem[]> {
  let left = limit;
  for (let after: Cursor | null | undefined; after !== null && left > 0; ) {
    const page = await store.history(filter, { limit: Math.min(PAGE, left), after });
    if (page.items.length > 0) yield page.items;
    left -= page.items.length;
    after = page.next;
  }
}
