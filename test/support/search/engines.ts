/** Which search engines there are to test with. Of each the newest that is published as jars which run on Java 17 by themselves. */

export const SEARCH_ENGINES = {
  OpenSearch: { version: '2.19.6', packages: 'org.opensearch' },
  // Without data streams, which come in parts that are not published. Newer ones lack more of what makes a server.
  Elasticsearch: { version: '7.17.29', packages: 'org.elasticsearch' },
} as const;
export type SearchEngine = keyof typeof SEARCH_ENGINES;

/** The list of its jars. */
export const jarsOf = (engine: SearchEngine): string =>
  `test/support/search/${engine.toLowerCase()}-${SEARCH_ENGINES[engine].version}.json`;
