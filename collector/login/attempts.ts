/**
 * What has to be known again when the issuer sends somebody back. The browser keeps it, encrypted with a key that this
 * process alone has: nothing is kept here, however many begin to log in, and a restart has them begin again.
 */
import { randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { type Clock, MINUTE, type Micros, SECOND } from '../../shared/time.ts';

const Attempt = z.object({
  state: z.string(),
  nonce: z.string(),
  /** Of PKCE. */
  verifier: z.string(),
  /** Where to go after that: a path of our own. */
  to: z.string(),
});
export type Attempt = z.infer<typeof Attempt>;

export const ATTEMPT_LASTS: Micros = 10 * MINUTE;
const WAY = { alg: 'dir', enc: 'A256GCM' } as const;

export class Attempts {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  seal(attempt: Attempt): Promise<string> {
    const end = (this.#clock.now() + ATTEMPT_LASTS) / SECOND;
    return new EncryptJWT({ ...attempt }).setProtectedHeader(WAY).setExpirationTime(Math.floor(end)).encrypt(this.#key);
  }

  /** Undefined: it is none of this process, has been changed, or is too old. */
  async open(sealed: string): Promise<Attempt | undefined> {
    try {
      const { payload } = await jwtDecrypt(sealed, this.#key, {
        keyManagementAlgorithms: [WAY.alg],
        contentEncryptionAlgorithms: [WAY.enc],
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.now() / 1000),
      });
      return Attempt.parse(payload);
    } catch {
      return undefined;
    }
  }
}
