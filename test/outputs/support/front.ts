/** Stands before a server as a load balancer does: with TLS, for who has the certificate and the secret. Can hang and break. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FrontOptions {
  tls?: ServerOptions;
  /** What `Authorization` has to be. */
  authorization?: string;
}

export class Front {
  readonly #to: string;
  readonly #server: Server;
  readonly #authorization: string | undefined;
  #mode: 'pass' | 'hang' | 'break' = 'pass';
  #onCaught: (() => void) | undefined;
  /** Answered in place of the server, once. */
  readonly instead: { status: number; body: string }[] = [];
  /** The bodies that were passed on. */
  readonly passed: string[] = [];

  static async start(to: string, options: FrontOptions = {}): Promise<Front> {
    const front = new Front(to, options);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  private constructor(to: string, { tls, authorization }: FrontOptions) {
    this.#to = to;
    this.#authorization = authorization;
    const listener: RequestListener = (request, response) => {
      void text(request)
        .then((body) => this.#answer(request.url ?? '', request.headers, body, response))
        .catch(() => response.destroy());
    };
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${'setSecureContext' in this.#server ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  /** Takes requests, and answers nothing. */
  hang(): { caught: Promise<void> } {
    this.#mode = 'hang';
    return { caught: new Promise((resolve) => (this.#onCaught = resolve)) };
  }

  /** Of the next body of lines passes on the first half, and closes the connection. */
  breakHalfway(): void {
    this.#mode = 'break';
  }

  pass(): void {
    this.#mode = 'pass';
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(
    path: string,
    headers: NodeJS.Dict<string | string[]>,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#mode === 'hang') return this.#onCaught?.();
    if (this.#authorization !== undefined && headers['authorization'] !== this.#authorization) {
      const error = { type: 'security_exception', reason: 'missing authentication credentials' };
      response.writeHead(401).end(JSON.stringify({ error, status: 401 }));
      return;
    }
    const instead = this.instead.shift();
    if (instead) {
      response.writeHead(instead.status).end(instead.body);
      return;
    }
    if (this.#mode === 'break') {
      this.#mode = 'pass';
      await this.#pass(path, headers, halfOf(body));
      response.destroy();
      return;
    }
    const answer = await this.#pass(path, headers, body);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  }

  #pass(path: string, headers: NodeJS.Dict<string | string[]>, body: string): Promise<Response> {
    this.passed.push(body);
    const contentType = String(headers['content-type']);
    return fetch(this.#to + path, { method: 'POST', headers: { 'content-type': contentType }, body });
  }
}

/** Lines come in pairs: what to do, and with what. */
function halfOf(body: string): string {
  const lines = body.split('\n');
  const pairs = Math.floor(lines.length / 4) || 1;
  return `${lines.slice(0, 2 * pairs).join('\n')}\n`;
}
