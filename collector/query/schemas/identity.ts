/** Answers about who is asking. */
import { z } from 'zod';
import { micros } from './common.ts';

/** GET /api/v1/me */
export const MeAnswer = z.strictObject({
  /** As it stands in what is kept of actions. */
  name: z.string(),
  role: z.enum(['viewer', 'analyst', 'admin', 'anybody']),
  /** What of the page makes sense to be offered. */
  may: z.strictObject({ act: z.boolean(), admin: z.boolean() }),
  /** `session`: by a cookie; `token`: with each request; `none`: nobody is asked. */
  by: z.enum(['session', 'token', 'none']),
  /** To be sent as X-CSRF-Token with whatever changes something. Null: not needed. */
  csrf: z.string().nullable(),
  expiresAt: micros.nullable(),
});
export type MeAnswer = z.infer<typeof MeAnswer>;

/** GET /api/v1/login, open to everybody: how one may log in. */
export const LoginAnswer = z.strictObject({
  /** What the button says; the way there is GET /auth/login?to=<path>. Null: not configured. */
  oidc: z.strictObject({ label: z.string() }).nullable(),
  /** POST /api/v1/session with a token. */
  token: z.boolean(),
});
export type LoginAnswer = z.infer<typeof LoginAnswer>;

/** POST /api/v1/session */
export const SessionBody = z.strictObject({ token: z.string().min(1).max(4096) });

/** DELETE /api/v1/session */
export const LogoutAnswer = z.strictObject({
  /** Where the browser has to go to log out at the issuer too. Null: there is nothing more to do. */
  goOn: z.string().nullable(),
});
export type LogoutAnswer = z.infer<typeof LogoutAnswer>;
