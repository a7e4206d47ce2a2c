/** Tokens as an API server issues them (test/normalise has a real one's claims), and what others try in their place. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, type JWK, SignJWT } from 'jose';

export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
export const AUDIENCE = 'truant-collector';
const HOUR_SECONDS = 3600;

export interface Said {
  /** Overrides or, with undefined, takes away. */
  claims?: Record<string, unknown>;
  namespace?: string;
  account?: string;
  /** null: none */
  node?: string | null;
  /** Seconds since 1970. */
  now?: number;
}

/** A key of an API server. */
export class SigningKey {
  readonly kid: string;
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #alg: string;

  constructor(kid: string, alg: 'RS256' | 'ES256' = 'RS256') {
    const { privateKey, publicKey } =
      alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.kid = kid;
    this.#private = privateKey;
    this.#public = publicKey;
    this.#alg = alg;
  }

  async jwk(): Promise<JWK> {
    return { ...(await exportJWK(this.#public)), kid: this.kid, alg: this.#alg, use: 'sig' };
  }

  async token(said: Said = {}): Promise<string> {
    return new SignJWT(claimsOf(said)).setProtectedHeader({ alg: this.#alg, kid: this.kid }).sign(this.#private);
  }

  /** HS256 with the public key for a secret: whoever verifies it with that key as it comes is deceived. */
  confused(said: Said = {}): string {
    const signed = unsigned({ alg: 'HS256', kid: this.kid }, said);
    const secret = this.#public.export({ type: 'spki', format: 'pem' });
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  /** No signature at all. */
  none(said: Said = {}): string {
    return `${unsigned({ alg: 'none', kid: this.kid }, said)}.`;
  }
}

export async function keySetOf(...keys: SigningKey[]): Promise<{ keys: JWK[] }> {
  return { keys: await Promise.all(keys.map((key) => key.jwk())) };
}

const unsigned = (header: object, said: Said): string =>
  [header, claimsOf(said)].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

function claimsOf({ claims = {}, namespace = 'truant', account = 'truant-agent', node = 'node-a', now }: Said) {
  const at = now ?? Math.floor(Date.now() / 1000);
  const all = {
    iss: ISSUER,
    aud: [AUDIENCE],
    sub: `system:serviceaccount:${namespace}:${account}`,
    iat: at,
    nbf: at,
    exp: at + HOUR_SECONDS,
    jti: 'c19b5bbf-2afb-4adc-ba31-f93d60db140e',
    'kubernetes.io': {
      namespace,
      serviceaccount: { name: account, uid: 'a6ff1f2f-9cb8-4831-95e8-602530047532' },
      pod: { name: 'truant-agent-72td4', uid: '6ed50082-f374-4800-b1d8-1f533fcc901e' },
      ...(node !== null && { node: { name: node, uid: '15e32110-015b-4696-9025-d4995ff65998' } }),
    },
    ...claims,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
