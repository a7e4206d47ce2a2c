/** Which OpenSearch there is to test with: the newest that runs on Java 17. */
export const OPENSEARCH_VERSION = '2.19.6';

export const OPENSEARCH_LIST = `test/support/opensearch/${OPENSEARCH_VERSION}.json`;
