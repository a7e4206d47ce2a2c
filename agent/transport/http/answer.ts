/**
 * What an HTTP answer to a batch means. Only the collector's own word about the batch is final: anything else may come from
 * a proxy, from another server at a wrong address, or be about the agent's token, and goes away when that is put right.
 */

import { z } from 'zod';
import { retryAfter } from '../../../shared/http/retry-after.ts';
import type { Refusal } from '../transport.ts';

export interface HttpAnswer {
  status: number;
  headers: Pick<Headers, 'get'>;
  /** The body, as far as it was read. */
  text: string;
}

export interface Unavailable {
  reason: 'unavailable';
  detail: string;
  /** What has to be put right; undefined when it may pass by itself. */
  remedy?: string;
  /** When the other side wants to be asked again. */
  afterMs?: number;
}

const Receipt = z.object({ accepted: z.int(), duplicates: z.int(), rejected: z.int() });
const Problem = z.object({ detail: z.string() });
const MAX_DETAIL = 300;

const IDENTITY =
  "Name in agent.collector.tokenFile a file with a token that the collector knows, be it by collector.auth.clusters or by its hash in collector.auth.agentTokenHashes, or a certificate in certFile. The collector's log says why it does not know this one.";
const RIGHTS =
  'Give the agent a token of agents (in agent.collector.tokenFile, its hash in collector.auth.agentTokenHashes) or a certificate that is for its own cluster and node, and see that cluster.name, agent.node and agent.collector.url are right.';
const ADDRESS =
  'Set agent.collector.url to the address of the collector itself; what answers there does not take batches.';
const BODY_LIMIT = 'Let what is between agent and collector pass bodies of up to 8 MiB.';

/**
 * @param count how many records were sent
 * @param now milliseconds since 1970, to know by when to ask again
 */
export function judge(answer: HttpAnswer, count: number, now: number): 'stored' | Refusal | Unavailable {
  const { status, headers } = answer;
  if (status === 200 && isReceipt(answer.text, count)) return 'stored';
  const isCollectors = headers.get('content-type')?.startsWith('application/problem+json') === true;
  const detail = `${status} ${words(answer.text)}`.trimEnd();
  if (isCollectors && (status === 400 || status === 422)) return { reason: 'refused', detail };
  if (status === 413 && (isCollectors || count > 1)) return { reason: 'too-large', detail };
  const remedy = remedyFor(status);
  const afterMs = retryAfter(headers.get('retry-after') ?? '', now);
  return {
    reason: 'unavailable',
    detail,
    ...(remedy !== undefined && { remedy }),
    ...(afterMs !== undefined && { afterMs }),
  };
}

function remedyFor(status: number): string | undefined {
  if (status === 401) return IDENTITY;
  if (status === 403) return RIGHTS;
  if (status === 413) return BODY_LIMIT;
  return status === 408 || status === 429 || status >= 500 ? undefined : ADDRESS;
}

/** Another server may answer anything with 200. */
function isReceipt(text: string, count: number): boolean {
  const { data } = Receipt.safeParse(parsed(text));
  return data !== undefined && data.accepted + data.duplicates + data.rejected === count;
}

function words(text: string): string {
  const problem = Problem.safeParse(parsed(text));
  return (problem.success ? problem.data.detail : text).slice(0, MAX_DETAIL);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
