/** Tokens of nobody: made at run time, signed by nothing. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface FakeToken {
  jti: string;
  text: string;
}

export function fakeToken(claims: Record<string, unknown> = {}): FakeToken {
  const jti = randomUUID();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { sub: 'system:serviceaccount:shop:cart', jti, aud: ['api'], exp: 1826993262, ...claims };
  return { jti, text: `${part({ alg: 'RS256' })}.${part(payload)}.${randomBytes(256).toString('base64url')}` };
}
