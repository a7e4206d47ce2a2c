/** Who may ask for what: the first thing that every request meets. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback, namesLoopback } from '../../shared/config/values.ts';
import { TruantError } from '../../shared/errors.ts';
import { type Access, ANYBODY, allows, type Caller } from '../identity/caller.ts';
import type { Identity } from '../identity/identity.ts';
import type { RefusalLog } from '../identity/refusal-log.ts';
import type { Session, Sessions } from '../identity/sessions.ts';
import { Cookie } from './cookies.ts';
import { createDoor, identified, sessionOf } from './door.ts';
import { createLimiter, type Limits } from './limits.ts';
import { type OwnOrigin, originOf } from './origin.ts';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without it: `read`. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Undefined for routes that are open. */
    caller: Caller | undefined;
    /** By which the caller is known; undefined: by something that came with the request, or not at all. */
    session: Session | undefined;
  }
}

export interface AccessOptions {
  host: string;
  /** Undefined: nobody is asked who they are, for loopback alone. */
  identity: Identity | undefined;
  sessions: Sessions;
  origin: OwnOrigin;
  refusals: RefusalLog;
  limits: Limits;
}

/**
 * @param safe whether connections are encrypted, here or in front
 * @throws TruantError LISTEN_UNSAFE when others than this machine could ask without saying who they are, or be overheard
 */
export function refuseUnsafe({ host, asked, safe }: { host: string; asked: boolean; safe: boolean }): void {
  if (isLoopback(host)) return;
  const unsafe = (what: string, remedy: string): TruantError =>
    new TruantError('LISTEN_UNSAFE', `Listening on ${host} without ${what}.`, {
      remedy: `${remedy}, or listen on 127.0.0.1.`,
    });
  if (!asked) throw unsafe('authentication would show everything to everybody', 'Set collector.auth.mode: token');
  if (safe) return;
  throw unsafe(
    'TLS would show tokens to the network',
    'Set collector.tls.certFile and keyFile, or collector.tls.terminatedElsewhere if something in front speaks TLS',
  );
}

/** A route that says nothing is for whoever may ask. */
export const accessOf = (config: FastifyContextConfig | undefined): Access => config?.access ?? 'read';

/** Before anything of a request's body is read. */
export function guard(server: FastifyInstance, options: AccessOptions): void {
  const { host, identity, refusals, origin } = options;
  const mustNameLoopback = identity === undefined && isLoopback(host);
  const limiter = createLimiter(server, options.limits);
  const cookie = Cookie.ofSession(origin.secure);
  server.decorate('door', createDoor({ identity, sessions: options.sessions, limiter, cookie }));
  server.decorateRequest('caller', undefined);
  server.decorateRequest('session', undefined);
  server.addHook('onRequest', async (request) => {
    if (mustNameLoopback && !namesLoopback(request.headers.host)) {
      throw new Problem({ status: 421, detail: 'Host must be localhost, 127.0.0.1 or [::1].' });
    }
    refuseBody(request);
    const access = accessOf(request.routeOptions.config);
    refuseForeignPage(request, access);
    if (access !== 'open') request.caller = identity ? await callerOf(request, identity) : ANYBODY;
    if (request.caller && !allows(request.caller, access)) {
      throw new Problem({
        status: 403,
        detail: `This is for ${WHO[access]}, and not for ${WHO_IS[request.caller.role]}.`,
      });
    }
    // Where nobody is asked who they are, there is nobody to hold back for others.
    if (identity) await limiter.count(request, access);
  });

  async function callerOf(request: FastifyRequest, known: Identity): Promise<Caller> {
    const session = sessionOf(request, options.sessions, cookie);
    if (!session) return identified(request, known, limiter);
    request.session = session;
    refuseForged(request, session);
    return session.caller;
  }

  /**
   * Whoever asks by whatever means: a page of somebody else's must not have its visitor's browser do anything here. Nor
   * ask, though it can't read the answer: how long that takes tells something, and live streams have only so many places.
   */
  function refuseForeignPage(request: FastifyRequest, access: Access): void {
    if ((access === 'open' && isLedHere(request)) || originOf(request.headers, origin) !== 'foreign') return;
    const detail = 'The request is from a page of another origin.';
    refusals.tell('foreign-page', detail, request.ip);
    throw new Problem({ status: 403, detail });
  }

  /** A browser sends its cookie whoever had it ask. */
  function refuseForged(request: FastifyRequest, { csrf }: Session): void {
    if (isSafe(request)) return;
    const given = request.headers['x-csrf-token'];
    const isOwn = originOf(request.headers, origin) === 'own';
    if (isOwn && typeof given === 'string' && isSame(given, csrf)) return;
    const detail = isOwn
      ? 'X-CSRF-Token must be the one that /api/v1/me has for this session.'
      : 'By a session, a request has to say that it is from the page: by Origin, or Sec-Fetch-Site.';
    refusals.tell('no-csrf-token', detail, request.ip);
    throw new Problem({ status: 403, detail });
  }
}

/** It asks, and changes nothing. */
const isSafe = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/** As a link does, in a window of its own; what a page has loaded into itself could use up the failures that a login may have. */
const isLedHere = (request: FastifyRequest): boolean =>
  isSafe(request) && (request.headers['sec-fetch-dest'] ?? 'document') === 'document';

const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const WHO: Readonly<Record<Access, string>> = {
  open: 'everybody',
  read: 'viewers, analysts and administrators',
  act: 'analysts and administrators',
  write: 'agents',
  admin: 'administrators',
};
const WHO_IS: Readonly<Record<Caller['role'], string>> = {
  viewer: 'a viewer',
  analyst: 'an analyst',
  writer: 'an agent',
  admin: 'an administrator',
  anybody: 'anybody',
};

/** Only what comes with POST is read; a body that nobody reads would be in the way of the next request. */
function refuseBody({ method, headers }: FastifyRequest): void {
  if (method === 'POST') return;
  if ((headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined) return;
  throw new Problem({ status: 400, detail: 'This takes no body.', headers: { connection: 'close' } });
}
