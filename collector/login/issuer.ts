/**
 * The issuer of OpenID Connect at which people log in: authorization code, PKCE, state and nonce, and an id token whose
 * signature is verified. It may be down when the collector starts: it is asked for its addresses until it says them.
 */
import { readFile } from 'node:fs/promises';
import * as openid from 'openid-client';
import { type Component, createComponent } from '../../shared/component/component.ts';
import type { Config } from '../../shared/config/schema.ts';
import { isPrivate } from '../../shared/config/values.ts';
import { TruantError } from '../../shared/errors.ts';
import { whyItFailed } from '../../shared/http/http-client.ts';
import { type Clock, HOUR, type Micros, SECOND } from '../../shared/time.ts';
import type { Every } from '../every.ts';
import type { Refused } from '../identity/authenticator.ts';
import type { Person } from '../identity/caller.ts';
import type { Attempt } from './attempts.ts';
import { issuerFetch, PATIENCE_MS } from './issuer-fetch.ts';
import { unavailable, unavailableIn, whyItIsWrong } from './issuer-trouble.ts';
import { claimsSuffice, type PersonClaims, personOf } from './person.ts';

export type OidcSettings = NonNullable<Config['collector']['auth']['oidc']>;

const CHECKING_MS = 10_000;
/** Between two tries that people have made. */
const COOL_DOWN: Micros = 5 * SECOND;
/** What it says of itself is read again after that. */
const MAX_AGE: Micros = HOUR;
const TOLERANCE_SECONDS = 30;

export class Issuer {
  readonly component: Component;
  readonly #settings: OidcSettings;
  readonly #clock: Clock;
  readonly #fetch: openid.CustomFetch;
  #known: { configuration: openid.Configuration; at: Micros } | undefined;
  #triedAt = -Infinity;
  #failure: string | undefined;
  #asking: Promise<void> | undefined;
  #secret: string | undefined;

  constructor(settings: OidcSettings, { clock, every }: { clock: Clock; every: Every }) {
    this.#settings = settings;
    this.#fetch = issuerFetch(settings.caFile);
    this.#clock = clock;
    let stopChecking = (): void => undefined;
    this.component = createComponent('issuer', {
      start: () => {
        void this.#refresh();
        stopChecking = every(CHECKING_MS, () => void this.#refresh());
      },
      stop: () => stopChecking(),
      degraded: () => this.#failure && `Nobody can log in at ${settings.issuer}: ${this.#failure}`,
    });
  }

  /** Where the browser is sent to log in. @throws TruantError IDENTITY_UNAVAILABLE */
  async authorizationUrl({ state, nonce, verifier }: Omit<Attempt, 'to'>): Promise<URL> {
    const url = openid.buildAuthorizationUrl(await this.#configured(), {
      redirect_uri: this.#redirectUri,
      scope: this.#settings.scopes.join(' '),
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    if (!isPrivate(url.href)) throw unavailable('its authorization endpoint is not https');
    return url;
  }

  /**
   * Who has come back from there.
   *
   * @param query of the URL to which it was sent back, as it is
   * @throws TruantError IDENTITY_UNAVAILABLE
   */
  async whoReturned(query: string, { state, nonce, verifier }: Attempt): Promise<Person | Refused> {
    const configuration = await this.#configured();
    try {
      await this.#readSecret();
      const tokens = await openid.authorizationCodeGrant(configuration, new URL(`${this.#redirectUri}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims: PersonClaims = tokens.claims() ?? {};
      return personOf(await this.#withUserInfo(configuration, claims, tokens.access_token), this.#settings);
    } catch (error) {
      const down = unavailableIn(error);
      if (down) throw down;
      return whyItIsWrong(error);
    }
  }

  /** Where to log out there too; undefined: it does not offer that, or is not to be asked. */
  logoutUrl(): string | undefined {
    const { logoutAtIssuer, publicUrl } = this.#settings;
    const configuration = this.#known?.configuration;
    if (!logoutAtIssuer || configuration?.serverMetadata().end_session_endpoint === undefined) return undefined;
    const { href } = openid.buildEndSessionUrl(configuration, { post_logout_redirect_uri: `${publicUrl}/` });
    return isPrivate(href) ? href : undefined;
  }

  get #redirectUri(): string {
    return `${this.#settings.publicUrl}/auth/callback`;
  }

  /** Many issuers say who is in what groups only there. */
  async #withUserInfo(
    configuration: openid.Configuration,
    claims: PersonClaims,
    accessToken: string,
  ): Promise<PersonClaims> {
    const { sub } = claims;
    const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
    if (claimsSuffice(claims, this.#settings) || !hasMore || typeof sub !== 'string') return claims;
    return { ...(await openid.fetchUserInfo(configuration, accessToken, sub)), ...claims };
  }

  /** @throws TruantError IDENTITY_UNAVAILABLE */
  async #configured(): Promise<openid.Configuration> {
    if (!this.#known) await (this.#since(this.#triedAt) >= COOL_DOWN ? this.#refresh() : this.#asking);
    const { configuration } = this.#known ?? {};
    if (!configuration) throw unavailable(this.#failure ?? 'it has not been asked yet');
    return configuration;
  }

  /** Once at a time. */
  async #refresh(): Promise<void> {
    if (this.#known && this.#since(this.#known.at) < MAX_AGE) return;
    this.#asking ??= this.#discover();
    await this.#asking;
  }

  /** A clock that was put back says nothing of how long it has been. */
  #since(time: Micros): Micros {
    return Math.abs(this.#clock.now() - time);
  }

  async #discover(): Promise<void> {
    const { issuer, clientId } = this.#settings;
    this.#triedAt = this.#clock.now();
    try {
      const server = new URL(issuer);
      const configuration = await openid.discovery(
        server,
        clientId,
        { [openid.clockTolerance]: TOLERANCE_SECONDS },
        this.#authenticate,
        {
          [openid.customFetch]: this.#fetch,
          timeout: PATIENCE_MS / 1000,
          // The schema lets http only this machine itself be.
          execute: [
            openid.enableNonRepudiationChecks,
            ...(server.protocol === 'http:' ? [openid.allowInsecureRequests] : []),
          ],
        },
      );
      this.#known = { configuration, at: this.#clock.now() };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = whyItFailed(unavailableIn(error) ?? error);
    } finally {
      this.#asking = undefined;
    }
  }

  readonly #authenticate: openid.ClientAuth = (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const withSecret = methods.includes('client_secret_basic') ? openid.ClientSecretBasic : openid.ClientSecretPost;
    const by = this.#secret === undefined ? openid.None() : withSecret(this.#secret);
    by(server, client, body, headers);
  };

  async #readSecret(): Promise<void> {
    const { clientSecretFile } = this.#settings;
    if (clientSecretFile === undefined) return;
    try {
      this.#secret = (await readFile(clientSecretFile, 'utf8')).trim();
    } catch (error) {
      throw new TruantError('IDENTITY_UNAVAILABLE', "The client's secret for the issuer can't be read.", {
        cause: error,
      });
    }
  }
}
