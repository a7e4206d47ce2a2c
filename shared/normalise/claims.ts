/** What a token's own claims say, named as the audit log would name it when the token is used. */
import type { Binding, Credential, FileObservation } from '../schema/observation.ts';
import type { TokenClaims } from '../schema/token-open.ts';
import { legacyCredentialId } from './credential.ts';
import { parsePrincipal, type ServiceAccountName } from './principal.ts';
import { clean } from './scrub.ts';

type FromClaims = Pick<FileObservation, 'principal' | 'credential' | 'binding' | 'audiences'>;

const MAX_AUDIENCES = 16;

/** Nothing but an empty binding where there are no claims, or they are not a ServiceAccount's. */
export function fromClaims(claims: TokenClaims | null): FromClaims {
  const account = claims ? parsePrincipal(claims.sub) : undefined;
  if (!claims || !account) return { binding: {} };
  const binding = bindingOf(claims, account);
  const said: FromClaims = { principal: clean(claims.sub, 512), binding };
  const credential = credentialOf(claims, account, binding);
  if (credential) said.credential = credential;
  if (claims.aud) said.audiences = claims.aud.slice(0, MAX_AUDIENCES).map((audience) => clean(audience, 512));
  return said;
}

function bindingOf({ 'kubernetes.io': bound }: TokenClaims, account: ServiceAccountName): Binding {
  const binding: Binding = {};
  if (bound?.pod) {
    const { name, uid } = bound.pod;
    const namespace = bound.namespace ?? account.namespace;
    binding.pod = { namespace: clean(namespace, 253), name: clean(name, 253), uid: clean(uid, 64) };
  }
  if (bound?.node) {
    const { name, uid } = bound.node;
    binding.node = { name: clean(name, 253), ...(uid !== undefined && { uid: clean(uid, 64) }) };
  }
  return binding;
}

/** Undefined when nothing in the claims names it. Tokens have no `jti` before Kubernetes 1.29 (KEP-4193). */
function credentialOf(claims: TokenClaims, account: ServiceAccountName, { pod }: Binding): Credential | undefined {
  if (claims.jti) return { id: clean(`JTI=${claims.jti}`, 256), kind: pod ? 'projected' : 'minted' };
  const secret = claims['kubernetes.io/serviceaccount/secret.name'];
  if (secret) {
    const namespace = claims['kubernetes.io/serviceaccount/namespace'] ?? account.namespace;
    return { id: legacyCredentialId(namespace, secret), kind: 'legacy' };
  }
  return pod && { id: `pod:${pod.uid}`, kind: 'projected' };
}
