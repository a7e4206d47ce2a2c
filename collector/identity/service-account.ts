/** What a verified ServiceAccount's token makes of its bearer: an agent of that cluster, on the node that the token names. */
import { parsePrincipal } from '../../shared/normalise/principal.ts';
import type { Refused } from './authenticator.ts';
import { type Caller, writer } from './caller.ts';

/** A cluster whose agents may come in with their ServiceAccount's tokens. */
export interface Trusted {
  cluster: string;
  issuer: string;
  audience: string;
  /** `<namespace>/<name>` */
  serviceAccount: string;
  /** Clusters before Kubernetes 1.30 don't put the node into tokens: then an agent could write as any node of its own. */
  allowWithoutNode: boolean;
}

/** @param identity as the cluster itself has said it: verified before */
export function agentOf(trusted: Trusted, identity: { username: string; node: string | undefined }): Caller | Refused {
  const { namespace, name } = parsePrincipal(identity.username) ?? {};
  if (`${namespace}/${name}` !== trusted.serviceAccount) {
    const detail = `The token is not one of the ServiceAccount ${trusted.serviceAccount} of the cluster ${trusted.cluster}.`;
    return { refused: 'wrong-account', detail, proven: true };
  }
  if (identity.node) return writer({ cluster: trusted.cluster, agent: identity.node });
  if (trusted.allowWithoutNode) return writer({ cluster: trusted.cluster });
  return {
    refused: 'no-node',
    detail:
      'The token does not name the node of its pod, as tokens that the kubelet gets do since Kubernetes 1.30: use a projected volume, or set allowWithoutNode for the cluster in collector.auth.clusters.',
    proven: true,
  };
}

/** What can be told of a token before anything of it is verified: good for refusing, and for whom to ask. */
export function refusedUnseen(trusted: Trusted, claims: UnverifiedClaims, nowSeconds: number): Refused | undefined {
  const audiences = [claims.aud].flat();
  if (!audiences.includes(trusted.audience)) {
    return { refused: 'wrong-audience', detail: `The token's audience is not ${trusted.audience}.` };
  }
  if (typeof claims.exp !== 'number' || claims.exp + TOLERANCE_SECONDS <= nowSeconds) {
    return { refused: 'expired', detail: 'The token has expired, or never does.' };
  }
  if (typeof claims.nbf === 'number' && claims.nbf - TOLERANCE_SECONDS > nowSeconds) {
    return { refused: 'not-yet-valid', detail: 'The token is not valid yet: the clocks differ.' };
  }
  return undefined;
}

/** Clocks of clusters differ a little. */
export const TOLERANCE_SECONDS = 30;

export interface UnverifiedClaims {
  iss?: unknown;
  aud?: unknown;
  exp?: unknown;
  nbf?: unknown;
}

/** A token has 1 to 2 KB. */
const MAX_TOKEN_CHARS = 8192;

/** Undefined: this is no JWT. */
export function readUnverified(token: string): UnverifiedClaims | undefined {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token.slice(0, MAX_TOKEN_CHARS + 1)) ?? [];
  if (payload === undefined || token.length > MAX_TOKEN_CHARS) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
