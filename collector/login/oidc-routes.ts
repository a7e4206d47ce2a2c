/** The way to the issuer, and back from it. People come here with their browsers: they are answered with pages. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import { z } from 'zod';
import { whyItFailed } from '../../shared/http/http-client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { type Clock, SECOND } from '../../shared/time.ts';
import { isRefused, type Refused } from '../identity/authenticator.ts';
import type { Person } from '../identity/caller.ts';
import type { RefusalLog } from '../identity/refusal-log.ts';
import { Cookie } from '../server/cookies.ts';
import type { RegisterRoutes } from '../server/endpoint.ts';
import { readQuery } from '../server/input.ts';
import { problemOf } from '../server/problem.ts';
import { ATTEMPT_LASTS, Attempts } from './attempts.ts';
import type { Issuer } from './issuer.ts';
import { ownPath } from './own-path.ts';
import { leadOn, sayNo } from './pages.ts';

export interface OidcRoutesOptions {
  issuer: Issuer;
  /** TLS is spoken here or in front. */
  secure: boolean;
  clock: Clock;
  refusals: RefusalLog;
  log: Logger;
}

const LoginQuery = z.strictObject({
  to: z
    .string()
    .transform((text, context) => {
      const path = ownPath(text);
      if (path !== undefined) return path;
      context.addIssue({ code: 'custom', message: 'unreadable' });
      return z.NEVER;
    })
    .default('/')
    .meta({ expected: 'a path of the collector such as /history' }),
});

const UNKNOWN: Refused = {
  refused: 'login-unknown',
  detail: 'This is the end of a login that was not begun in this browser, or too long ago.',
};

export function oidcRoutes({ issuer, secure, clock, refusals, log }: OidcRoutesOptions): RegisterRoutes {
  const attempts = new Attempts(clock);
  const cookie = Cookie.ofLogin(secure, ATTEMPT_LASTS / SECOND);

  async function begin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { to } = readQuery(LoginQuery, request.query);
    const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
    const url = await issuer.authorizationUrl({ state, nonce, verifier });
    cookie.set(reply, await attempts.seal({ state, nonce, verifier, to }));
    return reply.redirect(url.href, 302);
  }

  async function finish(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { door } = request.server;
    await door.refuseFailing(request);
    const sealed = cookie.read(request);
    // Whatever comes of it, it has been tried.
    cookie.clear(reply);
    const attempt = sealed === undefined ? undefined : await attempts.open(sealed);
    const returned = attempt ? await issuer.whoReturned(queryOf(request), attempt) : UNKNOWN;
    if (isRefused(returned)) return refuse(request, reply, returned);
    const person: Person = returned;
    door.begin(request, reply, person, 'issuer');
    log.info({ who: person.name, role: person.role, by: 'issuer', address: request.ip }, 'logged in');
    return leadOn(reply, attempt?.to ?? '/');
  }

  async function refuse(request: FastifyRequest, reply: FastifyReply, refused: Refused): Promise<FastifyReply> {
    refusals.tell(refused.refused, refused.detail, request.ip);
    if (!refused.proven) await request.server.door.countFailure(request);
    return sayNo(reply, refused.proven ? 403 : 400, refused.detail);
  }

  const paged =
    (handle: typeof begin) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await handle(request, reply);
      } catch (error) {
        const { status, detail, retryAfter } = problemOf(error);
        if (status === 503) refusals.tell('unavailable', whyItFailed(error), request.ip);
        else if (status >= 500) log.error({ err: error }, 'a login failed');
        if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
        return sayNo(reply, status, detail);
      }
    };

  return (server) => {
    server.get('/auth/login', { config: { access: 'open' }, exposeHeadRoute: false }, paged(begin));
    server.get('/auth/callback', { config: { access: 'open' }, exposeHeadRoute: false }, paged(finish));
  };
}

/** As it was sent: what is there twice must not become one. */
const queryOf = ({ url }: FastifyRequest): string => url.slice(url.indexOf('?') + 1 || url.length);
