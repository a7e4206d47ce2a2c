/** ServiceAccounts' tokens, verified here with the keys of the cluster that issued them. */
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time.ts';
import type { Refused, Verdict } from './authenticator.ts';
import type { KeySet } from './key-set.ts';
import { agentOf, TOLERANCE_SECONDS, type Trusted } from './service-account.ts';

/** What API servers sign with. Never `none`, and never one with a secret: the public key would be it. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

const Claims = z.object({
  sub: z.string(),
  'kubernetes.io': z.object({ node: z.object({ name: z.string().max(253) }).optional() }).optional(),
});

/** @throws TruantError IDENTITY_UNAVAILABLE */
export async function verifyJwt(token: string, trusted: Trusted, keys: KeySet, clock: Clock): Promise<Verdict> {
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keys.find, {
      issuer: trusted.issuer,
      audience: trusted.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(clock.now() / 1000),
    }));
  } catch (error) {
    if (error instanceof errors.JOSEError) return refusal(error);
    if (error instanceof TruantError) throw error;
    throw new TruantError('IDENTITY_UNAVAILABLE', "The cluster's keys can't be used.", { cause: error });
  }
  const claims = Claims.safeParse(payload);
  if (!claims.success) return { refused: 'malformed', detail: "The token's claims are not a ServiceAccount's." };
  return agentOf(trusted, { username: claims.data.sub, node: claims.data['kubernetes.io']?.node?.name });
}

function refusal(error: errors.JOSEError): Refused {
  if (error instanceof errors.JWTExpired) return { refused: 'expired', detail: 'The token has expired.' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return { refused: 'wrong-audience', detail: 'The token is for another audience.' };
    if (error.claim === 'nbf') return { refused: 'not-yet-valid', detail: 'The token is not valid yet.' };
    return { refused: 'malformed', detail: `The token's claim ${error.claim} is not right.` };
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return { refused: 'bad-signature', detail: "The token's signature is not by the key that it names." };
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return { refused: 'unknown-key', detail: "The token is signed with none of the cluster's keys." };
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return { refused: 'bad-algorithm', detail: 'The token is signed in a way that API servers never do.' };
  }
  return { refused: 'malformed', detail: 'This is no signed token.' };
}
