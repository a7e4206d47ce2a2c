/** Who is asking, how one may log in, logging in with a token, and logging out. */
import type { Logger } from '../../shared/telemetry/logger.ts';
import { allows, type Caller, isPerson, nameOf } from '../identity/caller.ts';
import type { Session } from '../identity/sessions.ts';
import { NoQuery } from '../query/parameters.ts';
import { LoginAnswer, LogoutAnswer, MeAnswer, SessionBody } from '../query/schemas/identity.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { Issuer } from './issuer.ts';

export interface SessionRoutesOptions {
  /** Where people may log in; undefined: not configured. */
  issuer: Issuer | undefined;
  /** What the button says. */
  label: string;
  /** One can log in with a token. */
  tokens: boolean;
  log: Logger;
}

export function sessionRoutes({ issuer, label, tokens, log }: SessionRoutesOptions): RegisterRoutes {
  const tag = 'Identity';
  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/me',
      tag,
      summary: 'Who is asking',
      query: NoQuery,
      answer: { schema: MeAnswer },
      handle: async ({ caller, request: { session } }) => describe(caller, session),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/login',
      access: 'open',
      tag,
      summary: 'How one may log in',
      query: NoQuery,
      answer: { schema: LoginAnswer },
      handle: async () => ({ oidc: issuer ? { label } : null, token: tokens }),
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/session',
      access: 'open',
      tag,
      summary: 'Log in with a token',
      description: "For browsers: sets the session's cookie. Other programs send the token with each request.",
      query: NoQuery,
      body: SessionBody,
      answer: { schema: MeAnswer },
      handle: async ({ body: { token }, request, reply }) => {
        const person = await request.server.door.logIn(request, token);
        const session = request.server.door.begin(request, reply, person, 'token');
        log.info({ who: person.name, role: person.role, by: 'token', address: request.ip }, 'logged in');
        return describe(person, session);
      },
    }),
    endpoint({
      method: 'DELETE',
      url: '/api/v1/session',
      tag,
      summary: 'Log out',
      query: NoQuery,
      answer: { schema: LogoutAnswer },
      handle: async ({ caller, request, reply }) => {
        const ended = request.server.door.end(request, reply);
        if (!ended) return { goOn: null };
        log.info({ who: nameOf(caller), address: request.ip }, 'logged out');
        return { goOn: (ended.by === 'issuer' ? issuer?.logoutUrl() : undefined) ?? null };
      },
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}

function describe(caller: Caller, session: Session | undefined): MeAnswer {
  return {
    name: nameOf(caller),
    role: isPerson(caller) ? caller.role : 'anybody',
    may: { act: allows(caller, 'act'), admin: allows(caller, 'admin') },
    by: session ? 'session' : isPerson(caller) ? 'token' : 'none',
    csrf: session?.csrf ?? null,
    expiresAt: session?.expiresAt ?? null,
  };
}
