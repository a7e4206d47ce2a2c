/** Somebody who holds a stolen token may paste it. It stays in the browser: only the id that its claims name is asked for. */
import { parsePrincipal } from '../../../../../shared/normalise/principal.ts';

/** A JWT's header and payload are JSON objects, so that both begin with `{"`; also a part of one is not sent. */
const TOKEN = /(?:^|\s|:)(eyJ[\w-]*)(?:\.([\w-]*))?(?:\.([\w-]*))?/;

export const looksLikeToken = (text: string): boolean => TOKEN.test(text);

/** As the audit log would name it when the token is used. Undefined: its claims don't say, or it is only a part. */
export function credentialOfToken(text: string): string | undefined {
  const payload = TOKEN.exec(text)?.[2];
  const claims = payload ? readJson(payload) : undefined;
  if (!claims) return undefined;
  const { jti, sub } = claims;
  if (typeof jti === 'string' && /^[\w-]{1,200}$/.test(jti)) return `JTI=${jti}`;
  const account = typeof sub === 'string' ? parsePrincipal(sub) : undefined;
  const secret = claims['kubernetes.io/serviceaccount/secret.name'];
  return account && typeof secret === 'string' ? `secret:${account.namespace}/${secret}` : undefined;
}

function readJson(base64url: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
