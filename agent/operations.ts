/** How the agent itself is doing, for people, probes and Prometheus on this machine. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type Component, createComponent } from '../shared/component/component.ts';
import { namesLoopback } from '../shared/config/values.ts';
import { type Listen, listenFailed } from '../shared/listen.ts';

export interface OperationsOptions {
  /** Loopback: there is no authentication. */
  listen: Listen;
  registry: Registry;
  components: () => readonly Component[];
  logger: Logger;
}

export interface Operations {
  readonly component: Component;
  /** `http://127.0.0.1:7118`; undefined while it doesn't listen. */
  address(): string | undefined;
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

/** Its start rejects with LISTEN_FAILED. */
export function createOperations({ listen, registry, components, logger }: OperationsOptions): Operations {
  const server = createServer((request, response) => void respond(request, response));

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await answer(request));
    } catch (err) {
      logger.error({ err }, 'request failed');
      send(response, plain(500, 'Something went wrong in the agent; its log says what.'));
    }
  }

  async function answer({ method, url, headers }: IncomingMessage): Promise<Answer> {
    // Else a web page could read this through its visitor's browser (DNS rebinding).
    if (!namesLoopback(headers.host)) return plain(421, 'Host must be localhost, 127.0.0.1 or [::1].');
    if (method !== 'GET') return plain(405, 'Only GET is answered.');
    if (url === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() };
    if (url === '/healthz')
      return { status: 200, type: 'application/json', body: JSON.stringify(health(components())) };
    return plain(404, 'There is nothing here but /healthz and /metrics.');
  }

  function address(): string | undefined {
    const bound = server.address() as AddressInfo | null;
    return bound === null
      ? undefined
      : `http://${isIPv6(listen.host) ? `[${listen.host}]` : listen.host}:${bound.port}`;
  }

  const component = createComponent('operations', {
    start: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(listenFailed(error, listen, 'agent.metrics.listen')));
        server.listen(listen.port, listen.host, resolve);
      });
      logger.info({ address: address() }, 'metrics and health are served');
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return { component, address };
}

/** Well for as long as it answers: a restart helps with nothing that a component waits for. */
function health(components: readonly Component[]) {
  const states = components.map((component) => ({ name: component.name, ...component.status() }));
  return { status: states.some(({ state }) => state === 'degraded') ? 'degraded' : 'ok', components: states };
}

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
