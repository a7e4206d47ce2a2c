/**
 * Requests to the API server. Who and how (certificates, tokens that rotate, exec plugins, proxies) is for the official
 * client's KubeConfig to say. Its list and watch are not used: its Watch can't be stopped while it connects, hangs for
 * ever on a connection that died silently, and swallows errors; its informer keeps whole objects, by name, and gives up
 * after the first error.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { TruantError } from '../errors.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The API server answered, but not with what was asked for. */
export class RefusedError extends TruantError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('CLUSTER_UNREACHABLE', message);
    this.status = status;
  }
}

/** A page of 500 pods has some MB. */
const MAX_PAGE_CHARS = 256 * 1024 * 1024;
/** etcd takes objects of 1.5 MB. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

export class ApiServer {
  readonly #config: KubeConfig;
  readonly #patienceMs: number;

  /** @param patienceMs without an answer for this long, or without more of a list, it is not going to come */
  constructor(config: KubeConfig, patienceMs = 30_000) {
    this.#config = config;
    this.#patienceMs = patienceMs;
  }

  /** @throws {RefusedError} and whatever the connection fails with */
  async get(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    return this.#whole(path, await this.#open(path, query, signal), MAX_PAGE_CHARS);
  }

  /**
   * @returns the object that the API server made of the one it was given
   * @throws {RefusedError} and whatever the connection fails with
   */
  async post(path: string, object: object, signal: AbortSignal): Promise<unknown> {
    return this.#whole(path, await this.#open(path, {}, signal, JSON.stringify(object)), MAX_LINE_CHARS);
  }

  /**
   * Opens a stream of JSON lines and hands them on as they come, until the server closes it.
   *
   * @param options.idleMs silence after which the connection is taken for dead
   */
  async stream(
    path: string,
    query: Query,
    options: { signal: AbortSignal; idleMs: number; onOpen: () => void; onLine: (line: unknown) => void },
  ): Promise<void> {
    const response = await this.#open(path, query, options.signal);
    response.socket.setTimeout(options.idleMs);
    options.onOpen();
    let rest = '';
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARS) throw new RefusedError(200, `${path}: a line is too long`);
      for (const line of lines) if (line.trim() !== '') options.onLine(parse(path, line));
    }
  }

  async #whole(path: string, response: IncomingMessage, maxChars: number): Promise<unknown> {
    response.socket.setTimeout(this.#patienceMs);
    let text = '';
    for await (const chunk of response as AsyncIterable<string>) {
      text += chunk;
      if (text.length > maxChars) throw new RefusedError(200, `${path}: the answer is too long`);
    }
    return parse(path, text);
  }

  async #open(path: string, query: Query, signal: AbortSignal, body?: string): Promise<IncomingMessage> {
    const server = this.#config.getCurrentCluster()?.server;
    if (server === undefined) throw new TruantError('CONFIG_INVALID', 'the kubeconfig names no current cluster');
    const url = new URL(server.replace(/\/$/, '') + path);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const options: RequestOptions = {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        'user-agent': 'truant',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    };
    await within(this.#config.applyToHTTPSOptions(options), signal);
    const response = await answer(url, { ...options, signal }, body, this.#patienceMs);
    response.setEncoding('utf8');
    if (response.statusCode === 200 || response.statusCode === 201) return response;
    response.destroy();
    const status = response.statusCode ?? 0;
    throw new RefusedError(status, `${path}: the API server answered ${status} ${response.statusMessage ?? ''}`.trim());
  }
}

/** Without the parser's own words, which quote what it read. */
function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TruantError('CLUSTER_UNREACHABLE', `${path}: the answer is no JSON`);
  }
}

function answer(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
  patienceMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, options);
    const silence = () => sent.destroy(new TruantError('CLUSTER_UNREACHABLE', `${url.pathname}: no answer in time`));
    const timer = setTimeout(silence, patienceMs);
    sent.on('socket', (socket) => {
      socket.setKeepAlive(true, patienceMs);
      socket.on('timeout', silence);
    });
    sent.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    sent.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end(body);
  });
}

/** An exec plugin may take for ever; nobody waits longer than the signal lets them. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const stopping = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true, signal: stopping.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stopping.abort();
  }
}
