/** POSTs to one server: what every output over HTTP shares. */
import type { Response } from 'undici';
import { anySignal } from '../../shared/component/any-signal.ts';
import { HttpClient } from '../../shared/http/http-client.ts';
import type { TlsFiles } from '../../shared/http/tls-files.ts';
import { SCRUBBED } from '../../shared/normalise/scrub.ts';
import { VERSION } from '../../shared/version.ts';
import { connectionFailure } from './connection-failure.ts';
import { OutputFailure } from './failure.ts';
import type { Answer } from './http-failure.ts';

export interface Post {
  url: URL;
  /** Sent to the letter; what is not ASCII in them as UTF-8. */
  headers: Readonly<Record<string, string>>;
  body: string;
  signal: AbortSignal;
  /** Taken out of the answer: some servers show what they were sent. */
  secrets?: readonly string[];
  /** The path and query of the URL are one, too. */
  hasSecretUrl?: boolean;
  /** Of the answer; what is longer is cut. */
  maxAnswerBytes?: number;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 30_000;
/** Sooner than whoever waits for a delivery gives it up: what is said then is what it was that took so long. */
const SHARE_OF_TIME = 0.9;

export class HttpPeer {
  readonly #client: HttpClient;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  /** @param timeoutMs how long an answer may take in all */
  constructor({ tls, timeoutMs = TIMEOUT_MS }: { tls?: TlsFiles; timeoutMs?: number | undefined } = {}) {
    this.#client = new HttpClient(tls);
    this.#timeoutMs = Math.ceil(timeoutMs * SHARE_OF_TIME);
  }

  /**
   * @returns the answer, whatever its status
   * @throws OutputFailure when there is none
   */
  async post(post: Post): Promise<Answer> {
    const { url, headers, body, maxAnswerBytes = MAX_ANSWER_BYTES, hasSecretUrl = false } = post;
    const tooLong = AbortSignal.timeout(this.#timeoutMs);
    const { signal, release } = anySignal(post.signal, this.#closing.signal, tooLong);
    try {
      signal.throwIfAborted();
      const response = await this.#client.fetch(url, {
        method: 'POST',
        body,
        signal,
        // A redirect could lead alerts and secrets anywhere.
        redirect: 'manual',
        headers: mapValues({ 'user-agent': `truant/${VERSION}`, ...headers }, inBytes),
      });
      const secrets = [...(post.secrets ?? []), ...(hasSecretUrl ? secretsIn(url) : [])];
      const text = without(secrets, await beginningOf(response, maxAnswerBytes));
      const location = response.headers.get('location');
      const { status } = response;
      const to = location === null ? {} : { location: shown(location, url, hasSecretUrl) };
      return { status, peer: url.origin, headers: response.headers, text, ...to };
    } catch (error) {
      throw connectionFailure(error, url.host, signal);
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new OutputFailure('timeout', 'The output was closed.'));
    await this.#client.close();
  }
}

/** Of `user:password`, for basic authentication. */
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function beginningOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

/** What headers consist of are bytes, which undici takes as Latin-1. */
const inBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Shorter parts of a path are no secrets, and would be found everywhere. */
const MIN_SECRET = 8;

const secretsIn = ({ href, pathname, search }: URL): string[] =>
  [href, pathname + search, ...`${pathname}/${search}`.split(/[/?&=]/)].filter(({ length }) => length >= MIN_SECRET);

const without = (secrets: readonly string[], text: string): string =>
  secrets
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((safe, secret) => safe.replaceAll(secret, SCRUBBED), text);

/** A redirect often has the path and query of what was called. */
function shown(location: string, base: URL, hasSecretUrl: boolean): string {
  if (!URL.canParse(location, base.href)) return 'what is no URL';
  const { origin, pathname } = new URL(location, base);
  return hasSecretUrl ? origin : origin + pathname;
}

const mapValues = (
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
