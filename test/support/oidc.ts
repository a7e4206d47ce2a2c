/** A real issuer of OpenID Connect with a few people, a form to log in by, and ways to have it answer wrongly. */
import type { RequestListener } from 'node:http';
import { type CryptoKey, decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';
import { type Listening, listening } from './listening.ts';

export const CLIENT = { id: 'truant', secret: 'the-clients-own-secret' } as const;

/** By the name that they log in with; each has claims of their own. */
export const USERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  vic: { preferred_username: 'vic', groups: ['staff'] },
  ana: { preferred_username: 'ana', groups: ['staff', 'soc'] },
  ada: { email: 'ada@example.org', email_verified: true, groups: 'platform' },
  nik: { preferred_username: 'nik', groups: ['sales'] },
};
/** What the groups of these make of them. */
export const ROLES = { viewer: ['staff'], analyst: ['soc'], admin: ['platform'] } as const;

export interface Oidc extends Listening {
  /** Set to change what id tokens say; they are signed all the same. */
  says: ((claims: JWTPayload) => JWTPayload) | undefined;
  /** Set to sign them with a key that the issuer does not publish. */
  forged: boolean;
}

export interface OidcOptions {
  /** The collector, as browsers reach it. */
  publicUrl: string;
  /** Put all claims into the id token, as some do; else they are to be asked for. */
  claimsInIdToken?: boolean;
}

/** @param port given: there, else at any that is free */
export async function oidcIssuer({ publicUrl, claimsInIdToken = false }: OidcOptions, port = 0): Promise<Oidc> {
  let answer: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = await listening((request, response) => answer(request, response), undefined, port);
  const [own, others] = await Promise.all([signingKey(), signingKey()]);
  const provider = new Provider(server.url, {
    ...(await configurationOf(publicUrl, own)),
    conformIdTokenClaims: !claimsInIdToken,
  });
  const oidc: Oidc = { ...server, says: undefined, forged: false };
  provider.use(async (context, next) => {
    if (context.path.startsWith('/interaction/')) return interact(provider, context);
    await next();
    const body = context.body as { id_token?: string } | undefined;
    if (context.path !== '/token' || !body?.id_token || !(oidc.says || oidc.forged)) return;
    const claims = decodeJwt(body.id_token);
    const key = oidc.forged ? others : own;
    const said = new SignJWT(oidc.says?.(claims) ?? claims).setProtectedHeader({ alg: 'RS256', kid: 'one' });
    context.body = { ...body, id_token: await said.sign(key) };
  });
  answer = (request, response) => void provider.callback()(request, response);
  return oidc;
}

const signingKey = async (): Promise<CryptoKey> => (await generateKeyPair('RS256', { extractable: true })).privateKey;

async function configurationOf(publicUrl: string, key: CryptoKey): Promise<Configuration> {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${publicUrl}/auth/callback`],
        post_logout_redirect_uris: [`${publicUrl}/`],
      },
    ],
    claims: {
      openid: ['sub'],
      profile: ['preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    findAccount: (_context, name) =>
      USERS[name] && { accountId: name, claims: async () => ({ sub: name, ...USERS[name] }) },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // Nobody is asked whether the collector may know who they are.
    loadExistingGrant: async ({ oidc: { session, client, provider, params } }) => {
      const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: client?.clientId ?? '' });
      grant.addOIDCScope(String(params?.['scope']));
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    cookies: { keys: ['of-a-test'] },
    jwks: { keys: [{ ...(await exportJWK(key)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
  };
}

type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/** A form with a button for each; which was pressed comes back as `?user=`. */
async function interact(provider: Provider, context: Context): Promise<void> {
  const user = context.query['user'];
  if (typeof user === 'string') {
    const result = USERS[user]
      ? { login: { accountId: user } }
      : { error: 'access_denied', error_description: '<b>no</b>' };
    await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
    context.respond = false;
    return;
  }
  const buttons = Object.keys(USERS).map((name) => `<button name="user" value="${name}">${name}</button>`);
  context.type = 'text/html';
  context.body = `<!doctype html><html lang="en"><title>Issuer</title><form>${buttons.join('')}</form></html>`;
}
