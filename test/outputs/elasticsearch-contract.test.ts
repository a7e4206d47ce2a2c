/** The bulk API of a real OpenSearch and a real Elasticsearch that are killed with -9, behind a front with TLS that wants a certificate and an API key. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createElasticsearchOutput } from '../../collector/outputs/elasticsearch/elasticsearch-output.ts';
import { Authority } from '../support/certificates.ts';
import type { SearchEngine } from '../support/search/engines.ts';
import { type SearchServer, startSearch, whyNoSearch } from '../support/search/server.ts';
import { describeOutput, type OtherSide, receivedOf } from './output-contract.ts';
import { Front } from './support/front.ts';
import { documentsOf } from './support/search-index.ts';
import { elasticsearchSettings } from './support/settings.ts';

const authority = new Authority();
let server: SearchServer;
let folder: string;

async function before(engine: SearchEngine): Promise<void> {
  server = await startSearch(engine);
  folder = await mkdtemp(path.join(tmpdir(), 'truant-elasticsearch-'));
  const { cert, key } = authority.issue({ dns: ['collector.example'] });
  await writeFile(path.join(folder, 'ca.pem'), authority.pem);
  await writeFile(path.join(folder, 'cert.pem'), cert);
  await writeFile(path.join(folder, 'key.pem'), key);
  await writeFile(path.join(folder, 'api-key'), 'aWQ6a2V5\n');
}

async function after(): Promise<void> {
  await server.dispose();
  await rm(folder, { recursive: true });
}

async function start(mode: string): Promise<OtherSide> {
  const index = `contract-${randomUUID()}`;
  const tls = { ...authority.issue({ ip: ['127.0.0.1'] }), ca: authority.pem, requestCert: true };
  const front = await Front.start(server.url, { tls, authorization: 'ApiKey aWQ6a2V5' });
  const file = (name: string): string => path.join(folder, name);
  const settings = elasticsearchSettings({
    url: front.url,
    index,
    mode,
    apiKey: { file: file('api-key') },
    tls: { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') },
  });
  return {
    output: createElasticsearchOutput({ settings, environment: {} }),
    received: async () => (await documentsOf(server, index)).map((document) => receivedOf(JSON.stringify(document))),
    goDown: () => server.kill(),
    comeBack: async () => {
      front.pass();
      await server.start();
    },
    hang: async () => front.hang(),
    breakHalfway: async () => front.breakHalfway(),
    stop: async () => {
      await front.stop();
      await server.ask('DELETE', `/${index}?ignore_unavailable=true`);
    },
  };
}

const labOf = (engine: SearchEngine) => ({ whyNot: whyNoSearch[engine], before: () => before(engine), after });
const latest = { start: () => start('latest'), isOrdered: false };
describeOutput('OpenSearch, an index of newest states,', { ...labOf('OpenSearch'), ...latest });
describeOutput('OpenSearch, an index of all changes,', { ...labOf('OpenSearch'), start: () => start('append') });
describeOutput('Elasticsearch, an index of newest states,', { ...labOf('Elasticsearch'), ...latest });
