/** The bulk API of Elasticsearch and OpenSearch: an index that has the newest state of each alert, or one of all changes. */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { inRuns } from '../batches.ts';
import { OutputFailure } from '../failure.ts';
import { basic, HttpPeer } from '../http.ts';
import { httpFailure } from '../http-failure.ts';
import type { Message, Outcome, Output } from '../output.ts';
import { type Environment, readSecretLine } from '../secret.ts';
import { bulkBody, FILTER_PATH, outcomesOf } from './bulk.ts';

export interface ElasticsearchOutputOptions {
  settings: NonNullable<OutputSettings['elasticsearch']>;
  timeoutMs?: number;
  environment: Environment;
}

const MAX_BATCH = 200;
const MAX_BYTES = 1_000_000;
/** Of one request. */
const MAX_BODY_BYTES = 5_000_000;
const MAX_ANSWER_BYTES = 8_000_000;

const REMEDIES = {
  authentication: "Look at the output's API key, or user and password, and whether they are still valid.",
  authorisation: 'Give the API key or user the rights that docs/outputs/elasticsearch.md lists.',
};

export function createElasticsearchOutput(options: ElasticsearchOutputOptions): Output {
  const { settings, environment } = options;
  const peer = new HttpPeer({ tls: settings.tls, timeoutMs: options.timeoutMs });
  const url = new URL(`${settings.url.replace(/\/+$/, '')}/_bulk?filter_path=${FILTER_PATH}`);

  async function send(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    const { headers, secrets } = await credentials();
    const answer = await peer.post({
      url,
      body: bulkBody(messages, settings),
      signal,
      secrets,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
    if (answer.status === 200) return outcomesOf(answer.text, messages, settings, answer.peer);
    const failure = httpFailure(answer, { remedies: REMEDIES });
    if (failure.reason !== 'rejected') throw failure;
    // What is wrong with a message is said of its item.
    throw new OutputFailure('protocol', failure.message, { remedy: 'Look at the URL.' });
  }

  async function credentials(): Promise<{ headers: Record<string, string>; secrets: string[] }> {
    const { apiKey, username, password } = settings;
    if (apiKey) {
      const key = await readSecretLine(apiKey, environment);
      return { headers: { authorization: `ApiKey ${key}` }, secrets: [key] };
    }
    if (username === undefined || !password) return { headers: {}, secrets: [] };
    const secret = await readSecretLine(password, environment);
    const authorization = basic(username, secret);
    return { headers: { authorization }, secrets: [secret, authorization.slice('Basic '.length)] };
  }

  return {
    maxBatch: MAX_BATCH,
    maxBytes: MAX_BYTES,
    deliver: (messages, signal) => inRuns(messages, MAX_BODY_BYTES, (part) => send(part, signal)),
    close: () => peer.close(),
  };
}
