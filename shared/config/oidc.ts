/** Logging in at an issuer of OpenID Connect: the section `collector.auth.oidc`. */
import { z } from 'zod';
import { flag, list, section } from './keys.ts';
import { claimName, filePath, key, origin, secureUrl, text } from './values.ts';

const groups = (role: string) => list(text, `Groups whose members are ${role}.`);

export const oidc = key(
  z
    .strictObject({
      issuer: key(
        secureUrl,
        "The issuer, as its own discovery document names it. Below it there is the issuer's /.well-known/openid-configuration.",
      ),
      clientId: key(text, 'What the collector is called there.'),
      clientSecretFile: key(
        filePath.optional(),
        "A file with the client's secret; read anew for each login. Without it: a public client, by PKCE alone.",
      ),
      publicUrl: key(
        origin,
        'The collector as browsers reach it. The redirect URI to register at the issuer is this and /auth/callback.',
      ),
      scopes: list(text, 'Asked for at the issuer.', { fallback: ['openid', 'profile', 'email', 'groups'] }),
      groupsClaim: key(claimName.default('groups'), "The claim that has somebody's groups: a list, or one as text."),
      nameClaim: key(
        claimName.optional(),
        'The claim that is kept as who did something; nobody should be able to choose it. Without it: preferred_username, else email, else sub.',
      ),
      caFile: key(filePath.optional(), "The CAs (PEM) that may have signed the issuer's certificate."),
      label: key(text.default('Log in with single sign-on'), 'What the button on the page says.'),
      logoutAtIssuer: flag(
        false,
        'Lead on to the issuer when somebody logs out, if it offers that, to log out there too. The post-logout redirect URI to register is publicUrl and /.',
      ),
      roles: section("Whose groups make them what; the highest counts. Who has none of them isn't let in.", {
        viewer: groups('viewers'),
        analyst: groups('analysts'),
        admin: groups('administrators'),
      }),
    })
    .superRefine(({ scopes, roles }, context) => {
      const refuse = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message, params: { whole: true } });
      if (!scopes.includes('openid')) refuse('scopes', 'must have openid among them');
      if (Object.values(roles).every((role) => role.length === 0))
        refuse('roles', 'name no group: nobody could log in');
    })
    .optional(),
  'Have people log in at an issuer of OpenID Connect (authorization code and PKCE).',
);
