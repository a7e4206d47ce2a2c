/**
 * The public keys that a cluster signs its ServiceAccounts' tokens with, from a file or from the cluster's own endpoint
 * (`/openid/v1/jwks`). They change: what is not known is looked for anew, though not as often as strangers might wish.
 */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { TruantError } from '../../shared/errors.ts';
import { HttpClient, textOf, whyItFailed } from '../../shared/http/http-client.ts';
import { type Clock, HOUR, MINUTE, type Micros, SECOND } from '../../shared/time.ts';

/** @throws whatever it fails with */
export type ReadKeys = () => Promise<JSONWebKeySet>;

/** Between two looks for a key that is not known. */
const COOL_DOWN: Micros = 10 * SECOND;
/** Keys are read again after this time, so that one that was taken back is not believed for long. */
const MAX_AGE: Micros = 5 * MINUTE;
/** While they can't be read, the last ones are believed for this time. */
const MAX_STALE: Micros = 12 * HOUR;

export class KeySet {
  readonly #read: ReadKeys;
  readonly #clock: Clock;
  #keys: { find: JWTVerifyGetKey; readAt: Micros } | undefined;
  #triedAt = -Infinity;
  #failure: unknown;
  #reading: Promise<void> | undefined;

  constructor(read: ReadKeys, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /**
   * For jose: the key that a token names.
   *
   * @throws errors.JWKSNoMatchingKey when there is none, TruantError IDENTITY_UNAVAILABLE when that can't be told
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#age() > MAX_AGE) await this.#refresh();
    try {
      return await this.#known()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#refresh();
    // It may be there, for all we know.
    if (this.#failure !== undefined) throw this.#unavailable();
    return this.#known()(header, token);
  };

  /** Why the keys can't be read at the moment; undefined while all is well. */
  trouble(): string | undefined {
    return this.#failure === undefined ? undefined : whyItFailed(this.#failure);
  }

  #age(): Micros {
    return this.#keys ? this.#since(this.#keys.readAt) : Infinity;
  }

  /** A clock that was put back says nothing of how long it has been: then it has been long. */
  #since(time: Micros): Micros {
    return Math.abs(this.#clock.now() - time);
  }

  #known(): JWTVerifyGetKey {
    if (!this.#keys || this.#age() > MAX_STALE) throw this.#unavailable();
    return this.#keys.find;
  }

  /** Once at a time, and not again before a while has passed. */
  async #refresh(): Promise<void> {
    if (!this.#reading && this.#since(this.#triedAt) < COOL_DOWN) return;
    this.#reading ??= this.#readNow();
    await this.#reading;
  }

  async #readNow(): Promise<void> {
    this.#triedAt = this.#clock.now();
    try {
      this.#keys = { find: createLocalJWKSet(await this.#read()), readAt: this.#clock.now() };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#reading = undefined;
    }
  }

  #unavailable(): TruantError {
    return new TruantError('IDENTITY_UNAVAILABLE', "The cluster's keys can't be read at the moment.", {
      cause: this.#failure,
    });
  }
}

export const keysInFile =
  (file: string): ReadKeys =>
  async () =>
    JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet;

export interface KeyEndpoint {
  url: string;
  caFile?: string | undefined;
  /** A file with the token to ask with; read anew each time. */
  tokenFile?: string | undefined;
}

const PATIENCE_MS = 5000;
const MAX_BYTES = 1024 * 1024;

export function keysAt({ url, caFile, tokenFile }: KeyEndpoint): ReadKeys {
  const client = new HttpClient({ caFile });
  return async () => {
    const token = tokenFile && (await readFile(tokenFile, 'utf8')).trim();
    const response = await client.fetch(new URL(url), {
      headers: {
        accept: 'application/jwk-set+json, application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      // A redirect could lead the token anywhere.
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    return JSON.parse(await textOf(response, MAX_BYTES)) as JSONWebKeySet;
  };
}
