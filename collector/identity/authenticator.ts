/** What every way of proving who one is has in common. */
import type { X509Certificate } from 'node:crypto';
import type { Caller } from './caller.ts';

/** What a request brings along. */
export interface Presented {
  /** The bearer token. */
  token?: string;
  /** The client's certificate, if one of our own CA signed it. */
  certificate?: X509Certificate;
  /** It has brought a certificate that our own CA did not sign, or not for now. */
  strange?: true;
}

/** The closed list of why somebody is not let in. */
export const REASONS = [
  'unknown-token',
  'unknown-issuer',
  'unknown-key',
  'bad-signature',
  'bad-algorithm',
  'malformed',
  'wrong-audience',
  'expired',
  'not-yet-valid',
  'not-authenticated',
  'ambiguous',
  'wrong-account',
  'no-node',
  'no-identity',
  'unknown-certificate',
  'not-a-person',
  'no-role',
  'login-refused',
  'login-unknown',
  'login-wrong',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Refused {
  refused: Reason;
  /** For the log, as a sentence: never any part of the token. */
  detail: string;
  /** It is proven who it is, but that is nobody who may come in: then it may be told why. */
  proven?: true;
}

/** Undefined: this is nothing that the authenticator knows about; another may. */
export type Verdict = Caller | Refused | undefined;

export interface Authenticator {
  /** Somebody could guess what it wants, or make it work hard: who has failed too often is not put before it. */
  readonly guarded: boolean;
  /** @throws TruantError IDENTITY_UNAVAILABLE when it can't tell at the moment */
  authenticate(presented: Presented): Promise<Verdict>;
}

export const isRefused = (verdict: Verdict): verdict is Refused => verdict !== undefined && 'refused' in verdict;
