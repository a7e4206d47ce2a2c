/** A client of the collector's HTTP API. What comes back is text from outside: it is checked before it is shown. */
import type { Response } from 'undici';
import { z } from 'zod';
import { isPrivate } from '../shared/config/values.ts';
import { TruantError } from '../shared/errors.ts';
import { HttpClient, whyItFailed } from '../shared/http/http-client.ts';
import { type TlsTrouble, tlsTroubleOf } from '../shared/http/tls-trouble.ts';
import { printable } from '../shared/text.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiOptions {
  /** The collector's base URL. */
  url: string;
  token?: string | undefined;
  /** The CAs (PEM) that may have signed the collector's certificate. */
  caFile?: string | undefined;
  timeoutMs?: number;
}

const Page = z.looseObject({ items: z.array(z.unknown()), next: z.string().nullable() });
/** RFC 9457: what is wrong, as a sentence. */
const Problem = z.looseObject({ detail: z.string() });

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
    const url = this.#url(path, query);
    const response = await this.#fetch(url);
    const body = await readJson(response, url);
    if (!response.ok) throw refused(response, url, body);
    return body;
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

  async #fetch(url: URL): Promise<Response> {
    const { token, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    if (token && !isPrivate(url.href)) {
      throw new TruantError('REQUEST_INVALID', `${url.origin} would show the token to the network`, {
        remedy: 'Name the collector by https, with --url or TRUANT_URL.',
      });
    }
    try {
      return await this.#client.fetch(url, {
        headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        // A redirect could lead the token anywhere.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
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

function refused(response: Response, url: URL, body: unknown): TruantError {
  const problem = Problem.safeParse(body).data;
  const said = printable(problem?.detail ?? `HTTP status ${response.status}`).slice(0, 500);
  switch (response.status) {
    case 400:
      return new TruantError('REQUEST_INVALID', said);
    case 401:
    case 403:
      return new TruantError('COLLECTOR_REFUSED', `the collector at ${url.origin} refuses: ${said}`, {
        remedy: 'Put a token that the collector accepts into TRUANT_TOKEN.',
      });
    case 404:
      return problem ? notFound(url, said) : notOurs(url);
    default:
      return new TruantError('COLLECTOR_UNREACHABLE', `the collector at ${url.origin} can't answer: ${said}`);
  }
}

/** Below another path than its own a collector has nothing, and can't know what was meant. */
function notFound(url: URL, said: string): TruantError {
  const [path] = url.pathname.split('/api/');
  const remedy = `Name the collector by its base address, with --url or TRUANT_URL: ${url.origin}, without ${path}.`;
  return new TruantError('NOT_FOUND', said, path ? { remedy } : {});
}

function notOurs(url: URL, cause?: unknown): TruantError {
  return new TruantError('COLLECTOR_UNREACHABLE', `what answers at ${url.origin} is no collector of this version`, {
    cause,
    remedy: 'Check --url or TRUANT_URL.',
  });
}
