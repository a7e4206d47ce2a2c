/**
 * What a ServiceAccount's token says of itself, read from the bytes of a file. Only claims come out: neither the token nor
 * a message about it (JSON.parse quotes what it can't read) leaves `readClaims`. Nothing is verified: who can write into a
 * token's volume can write any claims there.
 */
import { TokenClaims } from '../schema/token-open.ts';
import { parsePrincipal } from './principal.ts';

/** More is no token: a real one has 1 to 2 KB. */
export const MAX_TOKEN_BYTES = 16 * 1024;

/** RFC 7519, 3: header, payload and signature in base64url. A line end after it is common in Secrets. */
const JWT = /^\s*[\w-]{2,}\.([\w-]{2,})\.[\w-]*\s*$/;

const MAX_ID = 256;
const MAX_PRINCIPAL = 512;
const MAX_NAME = 253;
const MAX_UID = 64;
const MAX_AUDIENCES = 16;
const MAX_AUDIENCE = 512;

/** Undefined: this is no JWT of a ServiceAccount. */
export function readClaims(content: Buffer): TokenClaims | undefined {
  if (content.length > MAX_TOKEN_BYTES) return undefined;
  const payload = JWT.exec(content.toString('latin1'))?.[1];
  if (payload === undefined) return undefined;
  try {
    const { success, data } = TokenClaims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return success ? bounded(data) : undefined;
  } catch {
    return undefined;
  }
}

/** An id or a name that was cut would be another's, so that what is too long is left out; audiences are only shown. */
function bounded(claims: TokenClaims): TokenClaims | undefined {
  const { sub, jti, aud, exp, iat } = claims;
  if (sub.length > MAX_PRINCIPAL || parsePrincipal(sub) === undefined) return undefined;
  const own = claims['kubernetes.io'];
  const warnafter = claims.warnafter ?? own?.warnafter;
  const namespace = claims['kubernetes.io/serviceaccount/namespace'];
  const secret = claims['kubernetes.io/serviceaccount/secret.name'];
  return {
    sub,
    ...(fits(jti, MAX_ID) && { jti }),
    ...(aud !== undefined && { aud: aud.slice(0, MAX_AUDIENCES).map((one) => one.slice(0, MAX_AUDIENCE)) }),
    ...(exp !== undefined && { exp }),
    ...(iat !== undefined && { iat }),
    ...(warnafter !== undefined && { warnafter }),
    ...(own !== undefined && { 'kubernetes.io': boundedOwn(own) }),
    ...(fits(namespace, MAX_NAME) && { 'kubernetes.io/serviceaccount/namespace': namespace }),
    ...(fits(secret, MAX_NAME) && { 'kubernetes.io/serviceaccount/secret.name': secret }),
  };
}

type Own = NonNullable<TokenClaims['kubernetes.io']>;

function boundedOwn({ namespace, pod, node, secret }: Own): Own {
  return {
    ...(fits(namespace, MAX_NAME) && { namespace }),
    ...(pod && fits(pod.name, MAX_NAME) && fits(pod.uid, MAX_UID) && { pod }),
    ...(node && fits(node.name, MAX_NAME) && { node: named(node) }),
    ...(secret && fits(secret.name, MAX_NAME) && { secret: named(secret) }),
  };
}

const named = ({ name, uid }: { name: string; uid?: string | undefined }): { name: string; uid?: string } => ({
  name,
  ...(fits(uid, MAX_UID) && { uid }),
});

const fits = (text: string | undefined, max: number): text is string => text !== undefined && text.length <= max;
