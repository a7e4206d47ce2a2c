/** Runs over HTTP, an envelope a line: one at a time, acknowledged when stored, tried again with backoff and jitter. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from 'pino';
import { Backoff, type Pause, pause } from '../../../shared/component/backoff.ts';
import { TruantError } from '../../../shared/errors.ts';
import { HttpClient, textOf, whyItFailed } from '../../../shared/http/http-client.ts';
import type { TlsFiles } from '../../../shared/http/tls-files.ts';
import { type TlsTrouble, tlsTroubleOf } from '../../../shared/http/tls-trouble.ts';
import { SCRUBBED } from '../../../shared/normalise/scrub.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Delivery, REFUSALS, Refusal, Run, Transport } from '../transport.ts';
import { judge, type Unavailable } from './answer.ts';

export const HTTP_ERRORS = ['connection', 'unavailable', 'refused', 'too-large'] as const;

export interface HttpTransportOptions {
  /** The collector's base URL. */
  url: string;
  /** Read anew for each attempt: projected tokens rotate. */
  token?: () => Promise<string>;
  /** Whom to trust, and who we are; the same goes for them. */
  tls?: TlsFiles;
  logger: Logger;
  metrics: ComponentMetrics<(typeof REFUSALS)[number], (typeof HTTP_ERRORS)[number]>;
  pause?: Pause;
}

interface Unreachable extends Omit<Unavailable, 'reason' | 'afterMs'> {
  reason: 'connection';
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const ATTEMPT_MS = 30_000;
/** A receipt is short, and so is a problem. */
const MAX_ANSWER_BYTES = 64 * 1024;
const NEWLINE = Buffer.from('\n');
const compress = promisify(gzip);

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  readonly #client: HttpClient;
  readonly #pause: Pause;
  #prepared: { run: Run; body: Promise<Buffer> } | undefined;
  #trouble: string | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#pause = options.pause ?? pause;
    this.#url = new URL(`${options.url.replace(/\/+$/, '')}/api/v1/batches`);
    this.#client = new HttpClient(options.tls);
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  prepare(run: Run): void {
    const body = bodyOf(run);
    // Told when it is sent.
    body.catch(() => undefined);
    this.#prepared = { run, body };
  }

  async send(run: Run, signal: AbortSignal): Promise<Delivery> {
    const { metrics } = this.#options;
    const count = run.records.length;
    metrics.received(count);
    const body = await (this.#prepared?.run === run ? this.#prepared.body : bodyOf(run));
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    while (!signal.aborted) {
      const answer = await this.#attempt(count, body, signal);
      if (answer === 'stored') {
        this.#trouble = undefined;
        metrics.sent(count);
        return answer;
      }
      metrics.error(answer.reason);
      if (isFinal(answer)) {
        this.#trouble = undefined;
        metrics.dropped(answer.reason, count);
        return answer;
      }
      if (signal.aborted) break;
      const pauseMs = backoff.nextMs(answer.reason === 'unavailable' ? answer.afterMs : undefined);
      this.#tell(answer, pauseMs);
      await this.#pause(pauseMs, signal);
    }
    return 'stopped';
  }

  #tell({ reason, detail, remedy }: Unavailable | Unreachable, pauseMs: number): void {
    const { logger } = this.#options;
    this.#trouble = [`The collector does not take batches: ${detail.replace(/\.?$/, '.')}`, remedy]
      .filter(Boolean)
      .join(' ');
    if (remedy === undefined) logger.warn({ reason, detail, pauseMs }, 'collector did not take a batch, trying again');
    else logger.error({ reason, detail, remedy, pauseMs }, 'nothing can be delivered until this is put right');
  }

  async #attempt(
    count: number,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<'stored' | Refusal | Unavailable | Unreachable> {
    let presented: string | undefined;
    try {
      presented = await this.#options.token?.();
      // fetch would quote it in its error, and the error be logged.
      if (presented !== undefined && !/^[\x21-\x7e]+$/.test(presented)) {
        const remedy = 'Put one token, and nothing else, into the file that agent.collector.tokenFile names.';
        return { reason: 'unavailable', detail: 'the token file does not hold one token', remedy };
      }
    } catch (error) {
      const remedy = 'Make the file that agent.collector.tokenFile names readable for the agent.';
      return { reason: 'unavailable', detail: `the token cannot be read: ${whyItFailed(error)}`, remedy };
    }
    try {
      const response = await this.#client.fetch(this.#url, {
        method: 'POST',
        body,
        // A redirect could lead the token anywhere.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
        headers: {
          'content-type': 'application/x-ndjson',
          'content-encoding': 'gzip',
          ...(presented !== undefined && { authorization: `Bearer ${presented}` }),
        },
      });
      const { status, headers } = response;
      const text = await textOf(response, MAX_ANSWER_BYTES);
      // Some servers show what they were sent.
      const safe = presented === undefined ? text : text.replaceAll(presented, SCRUBBED);
      return judge({ status, headers, text: safe }, count, Date.now());
    } catch (error) {
      const remedy = remedyFor(error);
      return { reason: 'connection', detail: whyItFailed(error), ...(remedy !== undefined && { remedy }) };
    }
  }
}

const bodyOf = ({ records }: Run): Promise<Buffer> =>
  compress(Buffer.concat(records.flatMap(({ value }) => [value, NEWLINE])), { level: 1 });

const isFinal = (answer: Refusal | Unavailable | Unreachable): answer is Refusal =>
  answer.reason === 'refused' || answer.reason === 'too-large';

const REMEDIES: Readonly<Record<TlsTrouble, string>> = {
  untrusted: "Name in agent.collector.caFile the CA that signed the collector's certificate.",
  'out-of-date': "Renew the collector's certificate; if it is good, put this machine's clock right.",
  'other-name': 'Call the collector in agent.collector.url by a name that is in its certificate.',
  'no-tls': 'Correct agent.collector.url, or give the collector a certificate in collector.tls.',
  'own-files': 'Name a certificate and its own key, both PEM, in agent.collector.certFile and keyFile.',
  'own-certificate':
    'Name in agent.collector.certFile and keyFile a certificate that the collector takes, and its key.',
  'no-agreement': 'Let the collector, or what is before it, speak TLS 1.2 or later.',
};

/** Undefined: it may pass by itself. */
function remedyFor(error: unknown): string | undefined {
  if (error instanceof TruantError) return error.remedy;
  const trouble = tlsTroubleOf(error);
  return trouble && REMEDIES[trouble];
}
