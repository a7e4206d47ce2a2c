/** How the caller of a request is known, and how one logs in and out. */
import { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Presented } from '../identity/authenticator.ts';
import { type Caller, isPerson, type Person } from '../identity/caller.ts';
import type { From, Identified, Identity } from '../identity/identity.ts';
import type { Session, Sessions } from '../identity/sessions.ts';
import type { Cookie } from './cookies.ts';
import type { Limiter } from './limits.ts';
import { Problem } from './problem.ts';

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

declare module 'fastify' {
  interface FastifyInstance {
    door: Door;
  }
}

export interface DoorOptions {
  /** Undefined: nobody is asked who they are. */
  identity: Identity | undefined;
  sessions: Sessions;
  limiter: Limiter;
  cookie: Cookie;
}

export function createDoor({ identity, sessions, limiter, cookie }: DoorOptions): Door {
  return {
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
}

/** Who sends Authorization wants to be known by it. */
export function sessionOf(request: FastifyRequest, sessions: Sessions, cookie: Cookie): Session | undefined {
  if (request.headers.authorization !== undefined) return undefined;
  const id = cookie.read(request);
  return id === undefined ? undefined : sessions.find(id);
}

/** @throws Problem 401, 403, 429; TruantError IDENTITY_UNAVAILABLE */
export async function identified(request: FastifyRequest, identity: Identity, limiter: Limiter): Promise<Caller> {
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

function presentedBy({ headers, raw: { socket } }: FastifyRequest): Presented {
  const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  // Who sends the header at all wants to be known by it.
  if (headers.authorization !== undefined) return token === undefined ? {} : { token };
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!certificate) return {};
  return (socket as TLSSocket).authorized ? { certificate } : { strange: true };
}
