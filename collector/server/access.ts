/** Who may ask for what: the first thing that every request meets. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback, namesLoopback } from '../../shared/config/values.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Presented } from '../identity/authenticator.ts';
import { type Access, ANYBODY, allows, type Caller, isPerson, type Person } from '../identity/caller.ts';
import type { From, Identified, Identity } from '../identity/identity.ts';
import type { RefusalLog } from '../identity/refusal-log.ts';
import type { Session, Sessions } from '../identity/sessions.ts';
import { Cookie } from './cookies.ts';
import { createLimiter, type Limiter, type Limits } from './limits.ts';
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
  interface FastifyInstance {
    door: Door;
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

/** For the routes by which one logs in. */
export interface Door {
  /** @throws Problem 400, 401, 403, 429; TruantError IDENTITY_UNAVAILABLE */
  logIn(request: FastifyRequest, token: string): Promise<Person>;
  /** @throws Problem 429 for an address that has failed too often */
  refuseFailing(request: FastifyRequest): Promise<void>;
  countFailure(request: FastifyRequest): Promise<void>;
  /** Ends the session that there was, so that nobody can have put it there. */
  begin(request: FastifyRequest, reply: FastifyReply, caller: Person, by: Session['by']): Session;
  /** @returns the session that has ended */
  end(request: FastifyRequest, reply: FastifyReply): Session | undefined;
  /** Whether whoever asked may still be answered: for answers that go on and on. */
  stillGood(request: FastifyRequest): boolean;
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

/** A route that says nothing is for readers. */
export const accessOf = (config: FastifyContextConfig | undefined): Access => config?.access ?? 'read';

/** Before anything of a request's body is read. */
export function guard(server: FastifyInstance, options: AccessOptions): void {
  const { host, identity, refusals, origin } = options;
  const mustNameLoopback = identity === undefined && isLoopback(host);
  const limiter = createLimiter(server, options.limits);
  const cookie = Cookie.ofSession(origin.secure);
  server.decorate('door', createDoor(options, limiter, cookie));
  server.decorateRequest('caller', undefined);
  server.decorateRequest('session', undefined);
  server.addHook('onRequest', async (request) => {
    if (mustNameLoopback && !namesLoopback(request.headers.host)) {
      throw new Problem({ status: 421, detail: 'Host must be localhost, 127.0.0.1 or [::1].' });
    }
    refuseBody(request);
    refuseForeignPage(request);
    const access = accessOf(request.routeOptions.config);
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

  /** Whoever asks by whatever means: a page of somebody else's must not have its visitor's browser do anything here. */
  function refuseForeignPage(request: FastifyRequest): void {
    if (isSafe(request) || originOf(request.headers, origin) !== 'foreign') return;
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

function createDoor({ identity, sessions }: AccessOptions, limiter: Limiter, cookie: Cookie): Door {
  const door: Door = {
    logIn: async (request, token) => {
      if (!identity) throw new Problem({ status: 400, detail: 'Nobody is asked who they are here: just ask.' });
      const person = await admitted(request, limiter, (from) => identity.logIn(token, from));
      if (isPerson(person)) return person;
      throw unauthenticated();
    },
    refuseFailing: async (request) => {
      const failing = await limiter.failures(request);
      if (failing !== undefined) throw tooManyFailures(failing);
    },
    countFailure: (request) => limiter.countFailure(request),
    begin: (request, reply, caller, by) => {
      const before = sessionOf(request, sessions, cookie);
      if (before) sessions.end(before);
      const { id, session } = sessions.begin(caller, by);
      cookie.set(reply, id);
      return session;
    },
    end: ({ session }, reply) => {
      cookie.clear(reply);
      if (session) sessions.end(session);
      return session;
    },
    stillGood: ({ session }) => session === undefined || sessions.stillGood(session),
  };
  return door;
}

/** Who sends Authorization wants to be known by it. */
function sessionOf(request: FastifyRequest, sessions: Sessions, cookie: Cookie): Session | undefined {
  if (request.headers.authorization !== undefined) return undefined;
  const id = cookie.read(request);
  return id === undefined ? undefined : sessions.find(id);
}

/** It asks, and changes nothing. */
const isSafe = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

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

/** @throws Problem 401, 403, 429; TruantError IDENTITY_UNAVAILABLE */
async function identified(request: FastifyRequest, identity: Identity, limiter: Limiter): Promise<Caller> {
  const presented = presentedBy(request);
  if (Object.keys(presented).length === 0) throw unauthenticated();
  return admitted(request, limiter, (from) => identity.identify(presented, from));
}

/** @throws as `identified` */
async function admitted(
  request: FastifyRequest,
  limiter: Limiter,
  look: (from: From) => Promise<Identified>,
): Promise<Caller> {
  const failing = await limiter.failures(request);
  const known = await look({ address: request.ip, failing: failing !== undefined });
  if (known !== 'held-off' && 'role' in known) return known;
  if (known !== 'held-off' && known.proven) throw new Problem({ status: 403, detail: known.detail });
  await limiter.countFailure(request);
  if (failing !== undefined) throw tooManyFailures(failing);
  throw unauthenticated();
}

function unauthenticated(): Problem {
  return new Problem({
    status: 401,
    detail: 'Log in, or send Authorization: Bearer and a token that is known here.',
    headers: { 'www-authenticate': 'Bearer realm="truant"' },
  });
}

function tooManyFailures(retryAfter: number): Problem {
  return new Problem({ status: 429, detail: 'This address has failed to say who it is too often.', retryAfter });
}

/** Only what comes with POST is read; a body that nobody reads would be in the way of the next request. */
function refuseBody({ method, headers }: FastifyRequest): void {
  if (method === 'POST') return;
  if ((headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined) return;
  throw new Problem({ status: 400, detail: 'This takes no body.', headers: { connection: 'close' } });
}

function presentedBy({ headers, raw: { socket } }: FastifyRequest): Presented {
  const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  // Who sends the header at all wants to be known by it.
  if (headers.authorization !== undefined) return token === undefined ? {} : { token };
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!certificate) return {};
  return (socket as TLSSocket).authorized ? { certificate } : { strange: true };
}
