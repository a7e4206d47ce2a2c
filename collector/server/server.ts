/** The HTTP server that receiving, questions and the page hang on: access, limits, headers and errors are the same for all. */
import { type AddressInfo, createServer as createProbe, isIPv6 } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { isLoopback, namesLoopback } from '../../shared/config/values.ts';
import { type Listen, listenFailed } from '../../shared/listen.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { type Access, type Authentication, createGate, refuseUnsafe } from './access.ts';
import { Problem, problemOf, sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without it: `read`. */
    access?: Access;
  }
}

export interface ServerOptions extends Listen {
  authentication: Authentication;
  routes: readonly ((server: FastifyInstance) => void)[];
  log: Logger;
}

export interface HttpServer {
  readonly component: Component;
  /** `http://127.0.0.1:7117`; undefined while it doesn't listen. */
  address(): string | undefined;
}

/** Ids may be long, and percent-encoded. */
const MAX_PARAMETER = 2048;
const REQUEST_MS = 30_000;
/** The configuration's section that says where to listen. */
const KEY = 'collector.listen';

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * For before anything is made that would be left behind if the server couldn't start.
 *
 * @throws TruantError LISTEN_FAILED
 */
export async function refuseTaken({ host, port }: Listen): Promise<void> {
  const probe = createProbe();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, resolve);
    });
  } catch (error) {
    throw listenFailed(error, { host, port }, KEY);
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}

/** @throws TruantError LISTEN_UNSAFE; its start rejects with LISTEN_FAILED */
export function createServer(options: ServerOptions): HttpServer {
  const { host, port, authentication, log } = options;
  refuseUnsafe(host, authentication);
  const server = Fastify({
    routerOptions: { maxParamLength: MAX_PARAMETER },
    requestTimeout: REQUEST_MS,
    // Node.js looks only this often; by default twice a minute, so that a slow client has its place for a minute and more.
    http: { connectionsCheckingInterval: 2000 },
    // Whoever only holds a connection open is not waited for at the end.
    forceCloseConnections: 'idle',
    // The address of a client is that of its connection: nobody's word is taken for it.
    trustProxy: false,
    logger: false,
    // A URL that can't be understood never gets as far as the hooks.
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply.headers(HEADERS), problemOf(error));
    },
  });

  const gate = createGate(authentication);
  const mustNameLoopback = authentication === undefined && isLoopback(host);
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (mustNameLoopback && !namesLoopback(request.headers.host)) {
      throw new Problem({ status: 421, detail: 'Host must be localhost, 127.0.0.1 or [::1].' });
    }
    const verdict = gate(request.routeOptions.config.access ?? 'read', request.headers.authorization);
    if (verdict === 'unauthenticated') {
      const headers = { 'www-authenticate': 'Bearer realm="truant"' };
      throw new Problem({
        status: 401,
        detail: 'Authorization must be Bearer and a token that is known here.',
        headers,
      });
    }
    if (verdict === 'forbidden') throw new Problem({ status: 403, detail: 'This token is not for that.' });
  });
  server.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    await sendProblem(reply, problem);
  });
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, { status: 404, detail: 'There is nothing here.' }));
  for (const register of options.routes) register(server);

  const component = createComponent('http', {
    start: async () => {
      try {
        await server.listen({ host, port });
      } catch (error) {
        throw listenFailed(error, { host, port }, KEY);
      }
      log.info({ host, port: boundPort() }, 'listening');
    },
    stop: () => server.close(),
  });

  function boundPort(): number | undefined {
    return (server.server.address() as AddressInfo | null)?.port;
  }

  return {
    component,
    address: () => {
      const bound = boundPort();
      return bound === undefined ? undefined : `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`;
    },
  };
}
