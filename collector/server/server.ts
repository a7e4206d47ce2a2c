/** The HTTP server that receiving, questions and the page hang on: access, limits, headers and errors are the same for all. */

import type { Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer as createProbe, isIPv6, type Socket } from 'node:net';
import compress from '@fastify/compress';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { TruantError } from '../../shared/errors.ts';
import { type Listen, listenFailed } from '../../shared/listen.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Every } from '../every.ts';
import type { Access } from '../identity/caller.ts';
import type { Identity } from '../identity/identity.ts';
import type { RefusalLog } from '../identity/refusal-log.ts';
import type { Sessions } from '../identity/sessions.ts';
import { accessOf, guard, refuseUnsafe } from './access.ts';
import { COMPRESSION, isCompressed } from './compression.ts';
import { Connections } from './connections.ts';
import type { Documentation } from './endpoint.ts';
import type { Limits } from './limits.ts';
import { problemOf, sendProblem, titled } from './problem.ts';
import type { ServerTls } from './tls.ts';

export interface ServerOptions extends Listen {
  /** Undefined: nobody is asked who they are, for loopback alone. */
  identity: Identity | undefined;
  /** Undefined: plain HTTP. */
  tls: ServerTls | undefined;
  /** Something in front speaks TLS. */
  tlsElsewhere: boolean;
  sessions: Sessions;
  refusals: RefusalLog;
  /** Where browsers reach it, if that is configured. */
  publicUrl: string | undefined;
  limits: Limits & { connections: number };
  every: Every;
  routes: readonly ((server: FastifyInstance) => void)[];
  log: Logger;
}

export interface HttpServer {
  readonly component: Component;
  /** `http://127.0.0.1:7117`, or https; undefined while it doesn't listen. */
  address(): string | undefined;
  /** All that there are, and what each asks for; none before it has started. */
  readonly routes: readonly Route[];
}

export interface Route {
  method: string;
  /** `/api/v1/alerts/:id` */
  url: string;
  access: Access;
  /** Undefined: it is no part of the API. */
  documentation: Documentation | undefined;
}

/** Ids may be long, and percent-encoded. */
const MAX_PARAMETER = 2048;
const REQUEST_MS = 30_000;
/** How often Node.js looks for slow clients; by default twice a minute, so that one has its place for a minute and more. */
const CHECKING_MS = 2000;
/** Of all together; a token has 2 KB. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Of a request whose route doesn't say otherwise. */
const MAX_BODY_BYTES = 16 * 1024;
const RENEW_MS = 10_000;
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
  const { host, port, identity, tls, limits, log } = options;
  const secure = tls !== undefined || options.tlsElsewhere;
  refuseUnsafe({ host, asked: identity !== undefined, safe: secure });
  const transport = { maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: CHECKING_MS };
  const server: FastifyInstance = Fastify({
    routerOptions: { maxParamLength: MAX_PARAMETER },
    requestTimeout: REQUEST_MS,
    bodyLimit: MAX_BODY_BYTES,
    ...(tls ? { https: { ...transport, ...tls.options } as object } : { http: transport }),
    // Whoever only holds a connection open is not waited for at the end.
    forceCloseConnections: 'idle',
    // The address of a client is that of its connection: nobody's word is taken for it.
    trustProxy: false,
    logger: false,
    // A URL that can't be understood never gets as far as the hooks.
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply.headers(HEADERS), problemOf(error));
    },
    clientErrorHandler: refuseConnection,
  });
  server.server.maxConnections = limits.connections;
  const connections = new Connections(server.server);

  const routes: Route[] = [];
  server.addHook('onRoute', (route) => {
    const { method, url, config } = route;
    if (!isCompressed(route)) route.compress = false;
    for (const one of [method].flat()) {
      routes.push({ method: one, url, access: accessOf(config), documentation: config?.documentation });
    }
  });
  server.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
  // Only what a page of somebody else's can't send without asking first is read.
  server.removeContentTypeParser('text/plain');
  const { sessions, refusals, publicUrl } = options;
  guard(server, { host, identity, sessions, origin: { secure, publicUrl }, refusals, limits });
  server.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    // Of callers that can't be told, strangers may be as many as they like: that is told elsewhere, seldom enough.
    const isTold = error instanceof TruantError && error.code === 'IDENTITY_UNAVAILABLE';
    if (problem.status >= 500 && !isTold) log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    await sendProblem(reply, problem);
  });
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, { status: 404, detail: 'There is nothing here.' }));
  // Behind it, since it only sees routes that come after it.
  void server.register(compress, COMPRESSION).after(() => {
    for (const register of options.routes) register(server);
  });

  let stopRenewing = (): void => undefined;
  const component = createComponent('http', {
    start: async () => {
      try {
        await server.listen({ host, port });
      } catch (error) {
        throw listenFailed(error, { host, port }, KEY);
      }
      if (tls) stopRenewing = options.every(RENEW_MS, () => void tls.renew(server.server as unknown as TlsServer));
      log.info({ host, port: boundPort(), tls: tls !== undefined }, 'listening');
    },
    stop: async () => {
      stopRenewing();
      await connections.end(server.close());
    },
    degraded: () => tls?.trouble() ?? identity?.trouble(),
  });

  function boundPort(): number | undefined {
    return (server.server.address() as AddressInfo | null)?.port;
  }

  return {
    component,
    routes,
    address: () => {
      const bound = boundPort();
      return bound === undefined
        ? undefined
        : `${tls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${bound}`;
    },
  };
}

/** What is no HTTP, or more of it than is read, never gets as far as a request. */
function refuseConnection(error: { code: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify(titled({ status, detail: 'The request is not one that can be read.' }));
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
