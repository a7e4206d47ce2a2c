/** Who may ask for what: the first thing that every request meets. */
import { TLSSocket } from 'node:tls';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback, namesLoopback } from '../../shared/config/values.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Presented } from '../identity/authenticator.ts';
import { type Access, allows, type Caller } from '../identity/caller.ts';
import type { Identity } from '../identity/identity.ts';
import { createLimiter, type Limiter, type Limits } from './limits.ts';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without it: `read`. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Undefined for routes that are open. */
    caller: Caller | undefined;
  }
}

export interface AccessOptions {
  host: string;
  /** Undefined: nobody is asked who they are, for loopback alone. */
  identity: Identity | undefined;
  limits: Limits;
}

const ANYBODY: Caller = { role: 'anybody', id: 'anybody' };

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
  const { host, identity } = options;
  const mustNameLoopback = identity === undefined && isLoopback(host);
  const limiter = createLimiter(server, options.limits);
  server.decorateRequest('caller', undefined);
  server.addHook('onRequest', async (request) => {
    if (mustNameLoopback && !namesLoopback(request.headers.host)) {
      throw new Problem({ status: 421, detail: 'Host must be localhost, 127.0.0.1 or [::1].' });
    }
    refuseBody(request);
    const access = accessOf(request.routeOptions.config);
    if (access !== 'open') request.caller = identity ? await identified(request, identity, limiter) : ANYBODY;
    if (request.caller && !allows(request.caller, access)) {
      throw new Problem({
        status: 403,
        detail: `This is for ${WHO[access]}, and not for ${WHO_IS[request.caller.role]}.`,
      });
    }
    // Where nobody is asked who they are, there is nobody to hold back for others.
    if (identity) await limiter.count(request, access);
  });
}

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
  const failing = await limiter.failures(request);
  const known = await identity.identify(presented, { address: request.ip, failing: failing !== undefined });
  if (known !== 'held-off' && 'role' in known) return known;
  if (known !== 'held-off' && known.proven) throw new Problem({ status: 403, detail: known.detail });
  await limiter.countFailure(request);
  if (failing !== undefined) throw tooManyFailures(failing);
  throw unauthenticated();
}

function unauthenticated(): Problem {
  return new Problem({
    status: 401,
    detail: 'Authorization must be Bearer and a token that is known here.',
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
