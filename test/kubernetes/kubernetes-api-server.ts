/**
 * A small HTTP server that speaks Kubernetes' list and watch, for tests: pages, chunked watch events, bookmarks, 410, and
 * whatever else an API server may do to its clients. Not a cluster: it knows what it is told.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

type Item = { metadata: { name: string; uid: string; resourceVersion?: string }; [key: string]: unknown };

export interface Asked {
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
}

interface Watcher {
  path: string;
  response: ServerResponse;
}

/** What to do with a request instead of answering it as usual; false: nothing. */
export type Trouble = (asked: Asked, response: ServerResponse) => boolean;

export class KubernetesApiServer {
  readonly asked: Asked[] = [];
  /** Set to make trouble. */
  trouble: Trouble = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #objects = new Map<string, Map<string, Item>>();
  /** Everything that happened, for watches that resume. */
  #log: { path: string; version: number; line: string }[] = [];
  #forgotten = 0;
  #watchers: Watcher[] = [];
  #version = 100;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async listen(port = 0): Promise<KubernetesApiServer> {
    const made = new KubernetesApiServer();
    await new Promise<void>((resolve) => {
      made.#server.listen(port, '127.0.0.1', resolve);
    });
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openWatches(): string[] {
    return this.#watchers.map(({ path }) => path);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  /** Cuts every connection, as a crash does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends every watch in order, as the API server does after `timeoutSeconds`. */
  endWatches(): void {
    for (const { response } of this.#watchers.splice(0)) response.end();
  }

  put(path: string, item: Item): void {
    const objects = this.#of(path);
    const type = objects.has(item.metadata.uid) ? 'MODIFIED' : 'ADDED';
    this.#tell(path, type, item);
    objects.set(item.metadata.uid, item);
  }

  remove(path: string, uid: string): void {
    const item = this.#of(path).get(uid);
    if (!item) throw new Error(`there is no ${uid} at ${path}`);
    this.#tell(path, 'DELETED', item);
    this.#of(path).delete(uid);
  }

  /** Forgets the past: whoever resumes from before now is told 410. */
  compact(): void {
    this.#forgotten = this.#version;
    this.#log = [];
  }

  /** Moves on in time without anything that concerns `path`, and says so. */
  bookmark(path: string): void {
    this.#version += 10;
    this.send(path, { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  /** Sends something to the watches of a path, whatever it is. */
  send(path: string, line: unknown): void {
    for (const watcher of this.#watchers) {
      if (watcher.path === path) watcher.response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
    }
  }

  kubeConfig(token = 'the-token-of-the-test'): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: `http://127.0.0.1:${this.port}`, skipTLSVerify: true },
      { name: 'test', token },
    );
    return config;
  }

  #of(path: string): Map<string, Item> {
    const objects = this.#objects.get(path) ?? new Map<string, Item>();
    this.#objects.set(path, objects);
    return objects;
  }

  #tell(path: string, type: string, item: Item): void {
    this.#version += 1;
    item.metadata.resourceVersion = String(this.#version);
    const line = `${JSON.stringify({ type, object: item })}\n`;
    this.#log.push({ path, version: this.#version, line });
    this.send(path, line);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const asked = { path: url.pathname, query: url.searchParams, authorization: request.headers.authorization };
    this.asked.push(asked);
    if (this.trouble(asked, response)) return;
    if (asked.query.get('watch') === 'true') this.#watch(asked, response);
    else this.#list(asked, response);
  }

  /** `continue` is `<version>/<offset>`; once the version is forgotten it is refused. */
  #list({ path, query }: Asked, response: ServerResponse): void {
    const [version = this.#version, offset = 0] = (query.get('continue')?.split('/') ?? []).map(Number);
    if (version < this.#forgotten) {
      refuse(response, 410, 'Expired');
      return;
    }
    const items = [...this.#of(path).values()];
    const end = offset + Number(query.get('limit') ?? items.length);
    const more = end < items.length ? { continue: `${version}/${end}`, remainingItemCount: items.length - end } : {};
    const list = {
      kind: 'List',
      metadata: { resourceVersion: String(version), ...more },
      items: items.slice(offset, end),
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(list));
  }

  #watch({ path, query }: Asked, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    if (from < this.#forgotten) {
      // The API server says this within the stream.
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: `too old resource version: ${from}` };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watcher = { path, response };
    this.#watchers.push(watcher);
    response.on('close', () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    });
    for (const entry of this.#log) if (entry.path === path && entry.version > from) response.write(entry.line);
  }
}

export function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', code: status, reason }));
}
