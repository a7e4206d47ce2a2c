/**
 * Takes events as Splunk's documentation of its HTTP Event Collector says, and refuses all that it does not allow. It is not
 * Splunk: what it checks is the published contract, as read by whoever wrote this.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { freePort } from '../../support/free-ports.ts';

export interface HecEvent {
  time: number;
  event: unknown;
  host: string;
  source: string;
  sourcetype: string;
  index?: string;
  fields: Record<string, string>;
}

export interface HecOptions {
  token: string;
  /** The token has indexer acknowledgement switched on. */
  acknowledges?: boolean;
  /** To which the token may write. */
  indexes?: string[];
  tls?: ServerOptions;
}

type Refusal = [status: number, code: number, text: string, more?: object];

const KEYS = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields']);
interface Answer {
  status: number;
  body: string;
}
const answer = (status: number, said: object): Answer => ({ status, body: JSON.stringify(said) });
const refused = ([status, code, said, more]: Refusal): Answer => answer(status, { text: said, code, ...more });

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class HecServer {
  readonly taken: HecEvent[] = [];
  /** Answered next, in place of what would be. */
  readonly instead: Answer[] = [];
  /** How often a batch is asked about before it is acknowledged. */
  indexesAfter = 1;
  readonly #options: HecOptions;
  readonly #port: number;
  #server: ReturnType<typeof createServer> | undefined;
  #mode: 'take' | 'hang' | 'break' = 'take';
  #onCaught: (() => void) | undefined;
  /** By channel and number: how often it was asked about. */
  readonly #asked = new Map<string, number>();
  #batches = 0;

  static async start(options: HecOptions): Promise<HecServer> {
    const server = new HecServer(options, await freePort());
    await server.comeBack();
    return server;
  }

  private constructor(options: HecOptions, port: number) {
    this.#options = options;
    this.#port = port;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  async comeBack(): Promise<void> {
    this.#mode = 'take';
    // What was not indexed yet is gone, as it is where the receiver of it dies.
    this.#asked.clear();
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void text(request)
        .then((body) => this.#receive(request, body, response))
        .catch(() => response.destroy());
    };
    this.#server = this.#options.tls ? createTlsServer(this.#options.tls, listener) : createServer(listener);
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.closeAllConnections();
    server.close();
    await closed;
  }

  hang(): { caught: Promise<void> } {
    this.#mode = 'hang';
    return { caught: new Promise((resolve) => (this.#onCaught = resolve)) };
  }

  /** Takes half of the next batch, and closes the connection. */
  breakHalfway(): void {
    this.#mode = 'break';
  }

  #receive(request: IncomingMessage, body: string, response: ServerResponse): void {
    if (this.#mode === 'hang') {
      this.#onCaught?.();
      return;
    }
    const before = this.taken.length;
    const { status, body: said } = this.instead.shift() ?? this.#answerTo(request, body);
    if (this.#mode === 'break') {
      this.#mode = 'take';
      this.taken.splice(Math.ceil((before + this.taken.length) / 2));
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(said);
  }

  #answerTo(request: IncomingMessage, body: string): Answer {
    const refusal = this.#refusalOf(request);
    if (refusal) return refused(refusal);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    if (pathname === '/services/collector/ack') return this.#acknowledge(searchParams.get('channel'), body);
    if (pathname !== '/services/collector/event') return refused([404, 404, 'The requested URL was not found.']);
    const { events, refusal: ofEvent } = this.#read(body);
    // Those before the one that is refused are taken.
    this.taken.push(...events);
    if (ofEvent) return refused(ofEvent);
    if (!this.#options.acknowledges) return answer(200, { text: 'Success', code: 0 });
    const ackId = this.#batches++;
    this.#asked.set(`${String(request.headers['x-splunk-request-channel'])}/${ackId}`, 0);
    return answer(200, { text: 'Success', code: 0, ackId });
  }

  #refusalOf({ method, headers, url }: IncomingMessage): Refusal | undefined {
    if (method !== 'POST') return [405, 405, 'Method not allowed'];
    const { authorization } = headers;
    if (authorization === undefined) return [401, 2, 'Token is required'];
    if (!authorization.startsWith('Splunk ')) return [401, 3, 'Invalid authorization'];
    if (authorization !== `Splunk ${this.#options.token}`) return [403, 4, 'Invalid token'];
    if (!this.#options.acknowledges) return undefined;
    const channel =
      headers['x-splunk-request-channel'] ?? new URL(url ?? '', this.url).searchParams.get('channel') ?? undefined;
    if (channel === undefined) return [400, 10, 'Data channel is missing'];
    return UUID.test(String(channel)) ? undefined : [400, 11, 'Invalid data channel'];
  }

  #acknowledge(channel: string | null, body: string): Answer {
    if (!this.#options.acknowledges) return refused([400, 14, 'ACK is disabled']);
    const { acks } = JSON.parse(body) as { acks: number[] };
    const of = (ackId: number): [number, boolean] => {
      const key = `${channel}/${ackId}`;
      const asked = this.#asked.get(key);
      if (asked === undefined) return [ackId, false];
      this.#asked.set(key, asked + 1);
      // Told once.
      if (asked >= this.indexesAfter) this.#asked.delete(key);
      return [ackId, asked >= this.indexesAfter];
    };
    return answer(200, { acks: Object.fromEntries(acks.map(of)) });
  }

  #read(body: string): { events: HecEvent[]; refusal?: Refusal } {
    const events: HecEvent[] = [];
    const objects = objectsIn(body);
    if (objects.length === 0) return { events, refusal: [400, 5, 'No data'] };
    for (const [number, object] of objects.entries()) {
      const refusal = this.#refusalOfEvent(object);
      if (refusal) {
        const [status, code, said] = refusal;
        return { events, refusal: [status, code, said, { 'invalid-event-number': number }] };
      }
      events.push(JSON.parse(object) as HecEvent);
    }
    return { events };
  }

  #refusalOfEvent(object: string): Refusal | undefined {
    let parsed: Record<string, unknown>;
    try {
      parsed = JSON.parse(object) as Record<string, unknown>;
    } catch {
      return [400, 6, 'Invalid data format'];
    }
    const { time, event, fields, index, host, source, sourcetype } = parsed;
    if (Object.keys(parsed).some((key) => !KEYS.has(key))) return [400, 6, 'Invalid data format'];
    if (!/"time":\d{1,12}\.\d{3}[,}]/.test(object) || typeof time !== 'number') return [400, 6, 'Invalid data format'];
    if ([host, source, sourcetype].some((text) => typeof text !== 'string')) return [400, 6, 'Invalid data format'];
    if (event === undefined) return [400, 12, 'Event field is required'];
    if (event === '' || event === null) return [400, 13, 'Event field cannot be blank'];
    const { indexes = [] } = this.#options;
    if (index !== undefined && !indexes.some((allowed) => allowed === index)) return [400, 7, 'Incorrect index'];
    const flat = typeof fields === 'object' && fields !== null ? Object.values(fields) : [{}];
    if (flat.some((value) => typeof value !== 'string')) return [400, 15, 'Error in handling indexed fields'];
    return undefined;
  }
}

/** Objects that follow one another, by a count of braces outside of strings. */
function objectsIn(body: string): string[] {
  const objects: string[] = [];
  let depth = 0;
  let start = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const char = body[at];
    if (isText) {
      if (char === '\\') at++;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) {
      objects.push(body.slice(start, at + 1));
      start = at + 1;
    }
  }
  const rest = body.slice(start).trim();
  return rest === '' ? objects : [...objects, rest];
}
