/** Batches over HTTP: one at a time, acknowledged when stored, tried again with backoff and jitter. */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from 'pino';
import { TruantError } from '../../../shared/errors.ts';
import type { Batch } from '../../../shared/schema/batch.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Transport } from '../transport.ts';

export interface HttpTransportOptions {
  /** The collector's base URL. */
  url: string;
  /** Read anew for each attempt: projected tokens rotate. */
  token?: () => Promise<string>;
  logger: Logger;
  metrics: ComponentMetrics<never, 'connection' | 'unavailable' | 'refused'>;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const ATTEMPT_MS = 30_000;
const compress = promisify(gzip);

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#url = new URL('/api/v1/batches', options.url);
  }

  async send(batch: Batch, signal: AbortSignal): Promise<void> {
    const { logger, metrics } = this.#options;
    const body = await compress(JSON.stringify(batch), { level: 1 });
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (signal.aborted) throw new TruantError('DELIVERY_FAILED', 'stopped before the collector acknowledged a batch');
      const answer = await this.#attempt(body, signal);
      if (answer === 'stored') {
        metrics.sent(batch.observations.length);
        return;
      }
      if ('refused' in answer) {
        metrics.error('refused');
        throw new TruantError('DELIVERY_REFUSED', `the collector refused a batch: ${answer.refused}`, {
          remedy: 'Check that agent and collector are of the same version, and that the agent may write.',
        });
      }
      metrics.error(answer.type);
      logger.warn(
        { type: answer.type, reason: answer.reason, pauseMs: pause },
        'collector did not take a batch, trying again',
      );
      const wait = answer.afterMs ?? pause * (0.5 + Math.random() / 2);
      await sleep(Math.min(wait, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(body: Buffer, signal: AbortSignal): Promise<Answer> {
    try {
      const token = await this.#options.token?.();
      const response = await fetch(this.#url, {
        method: 'POST',
        body: new Uint8Array(body),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      });
      const text = (await response.text()).slice(0, 300);
      if (response.ok) return 'stored';
      const mayPass =
        response.status === 429 || response.status >= 500 || response.status === 401 || response.status === 408;
      if (!mayPass) return { refused: `${response.status} ${text}` };
      return { type: 'unavailable', reason: `${response.status} ${text}`, afterMs: retryAfter(response) };
    } catch (error) {
      return { type: 'connection', reason: reasonOf(error), afterMs: undefined };
    }
  }
}

type Answer =
  | 'stored'
  | { refused: string }
  | { type: 'connection' | 'unavailable'; reason: string; afterMs: number | undefined };

const retryAfter = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};
