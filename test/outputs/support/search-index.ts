/** What a search engine has. */
import type { SearchServer } from '../../support/search/server.ts';

interface Found {
  hits: { hits: { _source: unknown; _seq_no: number }[] };
}

/** All documents of an index, in the order in which they came. */
export const documentsOf = (server: SearchServer, index: string): Promise<unknown[]> =>
  search(server, index, { query: { match_all: {} } });

/** Those that a search finds, in the order in which they came. */
export async function search(server: SearchServer, index: string, body: object): Promise<unknown[]> {
  await server.ask('POST', `/${index}/_refresh?ignore_unavailable=true`);
  const { hits } = await server.ask<Found>('POST', `/${index}/_search?ignore_unavailable=true`, {
    size: 1000,
    seq_no_primary_term: true,
    ...body,
  });
  return hits.hits.toSorted((a, b) => a._seq_no - b._seq_no).map((hit) => hit._source);
}
