/**
 * Requests to one server: over TLS 1.2 or later, with the certificates that files hold at the time, through the proxy that
 * the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), on connections that are kept.
 */
import {
  Agent,
  buildConnector,
  type Dispatcher,
  EnvHttpProxyAgent,
  fetch,
  type RequestInit,
  type Response,
} from 'undici';
import { isLoopback } from '../config/values.ts';
import { isSameMaterial, MIN_TLS, readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.ts';
import { tlsTroubleOf } from './tls-trouble.ts';

/** Shorter than servers keep theirs, or a request could meet a connection that is being closed. */
const KEEP_ALIVE_MS = 30_000;

export class HttpClient {
  readonly #files: TlsFiles;
  #current: { material: TlsMaterial; dispatcher: Dispatcher } | undefined;
  /** The last one that the other side said, which undici tells only as a connection that was closed. */
  #tlsAlert: Error | undefined;

  constructor(files: TlsFiles = {}) {
    this.#files = files;
  }

  /**
   * @param url of that one server
   * @throws TruantError INPUT_UNREADABLE, and whatever the connection fails with
   */
  async fetch(url: URL, init: Omit<RequestInit, 'dispatcher'>): Promise<Response> {
    const dispatcher = await this.#dispatcher(url);
    this.#tlsAlert = undefined;
    return fetch(url, { ...init, dispatcher }).catch((error: unknown) => {
      throw this.#tlsAlert !== undefined && wasClosed(error) ? this.#tlsAlert : error;
    });
  }

  /** Ends connections and what goes on on them. */
  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.dispatcher.destroy();
  }

  async #dispatcher({ hostname }: URL): Promise<Dispatcher> {
    const material = await readTlsFiles(this.#files);
    if (this.#current && isSameMaterial(material, this.#current.material)) return this.#current.dispatcher;
    // Connections with what is no longer right end with their requests.
    void this.#current?.dispatcher.close();
    const tls = { ...material, minVersion: MIN_TLS } as const;
    const options = { connect: this.#connector(tls), keepAliveTimeout: KEEP_ALIVE_MS };
    // No proxy elsewhere can mean this machine.
    const isLocal = isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
    const dispatcher = isLocal ? new Agent(options) : new EnvHttpProxyAgent({ ...options, requestTls: tls });
    this.#current = { material, dispatcher };
    return dispatcher;
  }

  #connector(tls: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector(tls);
    return (options, callback) => {
      connect(options, (...done) => {
        const [, socket] = done;
        socket?.on('error', (error: Error) => {
          if (tlsTroubleOf(error)) this.#tlsAlert = error;
        });
        callback(...done);
      });
    };
  }
}

/** In TLS 1.3 a client is told that its certificate is missing or not taken only after the handshake. */
const wasClosed = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error.cause ?? {}, 'code') === 'UND_ERR_SOCKET';

/** The body, of a server that may be any. @throws Error when it is longer */
export async function textOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const IN_WORDS: Readonly<Record<string, string>> = {
  'no-tls': 'what answers does not speak TLS',
  'own-files': 'the own certificate and key are no pair, or not PEM',
  'own-certificate': 'the other side wants a client certificate, or does not take this one',
  'no-agreement': 'the other side speaks no version of TLS that is spoken here',
};

/** In few words, without what was sent. */
export function whyItFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  // What OpenSSL says of it is of use to nobody.
  const said = IN_WORDS[tlsTroubleOf(error) ?? ''];
  if (said !== undefined) return said;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String(Reflect.get(cause, 'code') ?? cause.name);
}
