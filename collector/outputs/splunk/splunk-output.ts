/** Splunk's HTTP Event Collector: what it has taken is delivered, or, if asked for, what its indexers have acknowledged. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { inRuns } from '../batches.ts';
import { connectionFailure } from '../connection-failure.ts';
import { OutputFailure } from '../failure.ts';
import { HttpPeer } from '../http.ts';
import type { Answer } from '../http-failure.ts';
import type { Message, Outcome, Output } from '../output.ts';
import { type Environment, readSecretLine } from '../secret.ts';
import { isAcknowledged, takenAs, withoutAck } from './answer.ts';
import { eventOf } from './event.ts';

export interface SplunkOutputOptions {
  settings: NonNullable<OutputSettings['splunk']>;
  timeoutMs?: number;
  environment: Environment;
  /** Between questions whether a batch is acknowledged. */
  pollMs?: number;
}

const MAX_BATCH = 100;
const MAX_BYTES = 900_000;
/** Of one request, as Splunk advises. */
const MAX_BODY_BYTES = 1_000_000;
const TIMEOUT_MS = 30_000;
const POLL_MS = 1000;

export function createSplunkOutput(options: SplunkOutputOptions): Output {
  const { settings, environment, timeoutMs = TIMEOUT_MS, pollMs = POLL_MS } = options;
  const peer = new HttpPeer({ tls: settings.tls, timeoutMs });
  const base = `${settings.url.replace(/\/+$/, '')}/services/collector`;
  const closing = new AbortController();
  const channel = randomUUID();

  async function post(path: string, body: string, signal: AbortSignal): Promise<Answer> {
    const token = await readSecretLine(settings.token, environment);
    return peer.post({
      url: new URL(`${base}${path}`),
      body,
      signal,
      secrets: [token],
      headers: {
        authorization: `Splunk ${token}`,
        'content-type': 'application/json',
        ...(settings.acknowledge && { 'x-splunk-request-channel': channel }),
      },
    });
  }

  async function send(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    const answer = await post('/event', messages.map((message) => eventOf(message, settings)).join(''), signal);
    const { ackId } = takenAs(answer);
    if (settings.acknowledge) {
      if (ackId === undefined) throw withoutAck(answer);
      await acknowledged(ackId, answer.peer, signal);
    }
    return messages.map(() => undefined);
  }

  async function acknowledged(ackId: number, host: string, given: AbortSignal): Promise<void> {
    const tooLong = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([given, closing.signal, tooLong]);
    const question = JSON.stringify({ acks: [ackId] });
    try {
      while (!isAcknowledged(await post(`/ack?channel=${channel}`, question, signal), ackId))
        await delay(pollMs, undefined, { signal });
    } catch (error) {
      if (!tooLong.aborted) throw connectionFailure(error, host, signal);
      throw new OutputFailure(
        'timeout',
        `${host} has the alerts, and its indexers have not acknowledged them in time.`,
        {
          cause: error,
          remedy:
            "Look at Splunk's indexers; behind a load balancer all requests of a client have to reach the same of them. Else set timeoutSeconds higher.",
        },
      );
    }
  }

  return {
    maxBatch: MAX_BATCH,
    maxBytes: MAX_BYTES,
    deliver: (messages, signal) => inRuns(messages, MAX_BODY_BYTES, (part) => send(part, signal)),
    close: async () => {
      closing.abort(new OutputFailure('timeout', 'The output was closed.'));
      await peer.close();
    },
  };
}
