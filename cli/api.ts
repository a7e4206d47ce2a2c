/** A client of the collector's HTTP API. What comes back is text from outside: it is checked before it is shown. */
import type { RequestInit, Response } from 'undici';
import { z } from 'zod';
import { isPrivate } from '../shared/config/values.ts';
import { TruantError } from '../shared/errors.ts';
import { HttpClient, whyItFailed } from '../shared/http/http-client.ts';
import { type TlsTrouble, tlsTroubleOf } from '../shared/http/tls-trouble.ts';
import { notOurs, refused } from './refusal.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiOptions {
  /** The collector's base URL. */
  url: string;
  token?: string | undefined;
  /** The CAs (PEM) that may have signed the collector's certificate. */
  caFile?: string | undefined;
  timeoutMs?: number | undefined;
}

export interface StreamOptions {
  query?: Query;
  /** `text/event-stream` */
  mediaType: string;
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

type Init = Pick<RequestInit, 'method' | 'body' | 'signal'> & { headers?: Readonly<Record<string, string>> };

const Page = z.looseObject({ items: z.array(z.unknown()), next: z.string().nullable() });

/** Most that one request asks for; the collector has a limit of its own. */
const PAGE = 200;
const DEFAULT_TIMEOUT_MS = 60_000;

export class Api {
  readonly #options: ApiOptions;
  readonly #client: HttpClient;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#client = new HttpClient({ caFile: options.caFile });
  }

  /** One thing by its path. */
  async get(path: string, query: Query = {}): Promise<unknown> {
    return this.#json(this.#url(path, query), {});
  }

  /** Has something done. */
  async post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    return this.#json(this.#url(path, {}), { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /**
   * An answer that comes bit by bit, for as long as it takes.
   *
   * @param mediaType what it has to be; anything else is none of ours
   */
  async stream(path: string, options: StreamOptions): Promise<Response> {
    const { query = {}, mediaType, headers = {}, signal } = options;
    const url = this.#url(path, query);
    const response = await this.#fetch(url, { headers: { accept: mediaType, ...headers }, signal });
    if (!response.ok) throw refused(response, url, await response.json().catch(() => undefined));
    const sent = response.headers.get('content-type') ?? '';
    if (sent.split(';')[0]?.trim().toLowerCase() === mediaType) return response;
    await response.body?.cancel();
    throw notOurs(url);
  }

  /** The items of a list, page after page, at most so many. */
  async *list(path: string, query: Query, limit: number): AsyncGenerator {
    let cursor: string | undefined;
    for (let left = limit; left > 0; ) {
      const body = await this.get(path, { ...query, limit: Math.min(left, PAGE), cursor });
      const page = Page.safeParse(body);
      if (!page.success) throw notOurs(this.#url(path, {}));
      const items = page.data.items.slice(0, left);
      yield* items;
      left -= items.length;
      if (page.data.next === null || items.length === 0) return;
      cursor = page.data.next;
    }
  }

  #url(path: string, query: Query): URL {
    const base = this.#options.url.endsWith('/') ? this.#options.url : `${this.#options.url}/`;
    if (!URL.canParse(base)) {
      throw new TruantError('REQUEST_INVALID', `${base} is not a URL`, { remedy: 'Name the collector with --url.' });
    }
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  async #json(url: URL, init: Init): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const response = await this.#fetch(url, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      signal,
    });
    const body = await readJson(response, url);
    if (!response.ok) throw refused(response, url, body);
    return body;
  }

  async #fetch(url: URL, init: Init): Promise<Response> {
    const { token } = this.#options;
    if (token && !isPrivate(url.href)) {
      throw new TruantError('REQUEST_INVALID', `${url.origin} would show the token to the network`, {
        remedy: 'Name the collector by https, with --url or TRUANT_URL.',
      });
    }
    try {
      return await this.#client.fetch(url, {
        ...init,
        headers: { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) },
        // A redirect could lead the token anywhere.
        redirect: 'error',
      });
    } catch (cause) {
      if (cause instanceof TruantError) throw cause;
      throw new TruantError('COLLECTOR_UNREACHABLE', `no collector answers at ${url.origin}: ${whyItFailed(cause)}`, {
        cause,
        remedy: REMEDIES[tlsTroubleOf(cause) ?? ''] ?? 'Name a running collector with --url or TRUANT_URL.',
      });
    }
  }
}

const REMEDIES: Readonly<Partial<Record<TlsTrouble | '', string>>> = {
  untrusted: "Name the CA that signed the collector's certificate with --ca-file or TRUANT_CA.",
  'out-of-date': "Renew the collector's certificate; if it is good, put this machine's clock right.",
  'other-name': 'Call the collector by a name that is in its certificate, with --url or TRUANT_URL.',
};

async function readJson(response: Response, url: URL): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (response.ok) throw notOurs(url, cause);
    return undefined;
  }
}
