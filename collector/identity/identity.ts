/** Tells who is calling, by every way that is configured. */
import { createHash } from 'node:crypto';
import { TruantError } from '../../shared/errors.ts';
import { whyItFailed } from '../../shared/http/http-client.ts';
import { BoundedMap } from '../../shared/inventory/bounded-map.ts';
import type { ComponentMetrics } from '../../shared/telemetry/metrics.ts';
import { type Clock, HOUR, type Micros } from '../../shared/time.ts';
import { type Authenticator, isRefused, type Presented, type Reason, type Refused } from './authenticator.ts';
import { type Caller, isPerson } from './caller.ts';
import { type RefusalLog, TOLD } from './refusal-log.ts';
import { readUnverified } from './service-account.ts';

export const IDENTITY_ERRORS = [...TOLD, 'held-off'] as const;
export type IdentityMetrics = ComponentMetrics<never, (typeof IDENTITY_ERRORS)[number]>;

export interface IdentityOptions {
  authenticators: readonly Authenticator[];
  /** That of `authenticators` which knows people: by it they log in. */
  people: Authenticator;
  metrics: IdentityMetrics;
  refusals: RefusalLog;
  clock: Clock;
  /** Why callers can't be told at the moment. */
  trouble?: () => string | undefined;
}

/** The caller's address, and whether it has failed too often. */
export interface From {
  address: string;
  failing: boolean;
}

/** `held-off`: this was not even looked at. */
export type Identified = Caller | Refused | 'held-off';

const MAX_REMEMBERED = 10_000;
const REMEMBERED_FOR: Micros = HOUR;

export class Identity {
  readonly #options: IdentityOptions;
  /** Tokens that were right lately, by hash, and until when that counts. */
  readonly #rightLately = new BoundedMap<string, Micros>(MAX_REMEMBERED);

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  trouble(): string | undefined {
    return this.#options.trouble?.();
  }

  /**
   * @param from of who has failed too often, what could be guessed or makes work is looked at only if it was right lately
   * @throws TruantError IDENTITY_UNAVAILABLE
   */
  identify(presented: Presented, from: From): Promise<Identified> {
    return this.#judge(this.#options.authenticators, presented, from);
  }

  /** Whose token it is, of people and their programs alone. */
  async logIn(token: string, from: From): Promise<Identified> {
    const known = await this.#judge([this.#options.people], { token }, from);
    if (known === 'held-off' || isRefused(known) || isPerson(known)) return known;
    const detail = 'This is the token of an agent, which sends and does not log in.';
    this.#options.refusals.tell('not-a-person', detail, from.address);
    return { refused: 'not-a-person', detail, proven: true };
  }

  async #judge(by: readonly Authenticator[], presented: Presented, from: From): Promise<Identified> {
    const { metrics, refusals } = this.#options;
    metrics.received();
    const held = from.failing && !this.#wasRight(presented);
    const verdict = await this.#ask(by, presented, held, from.address);
    if (verdict === undefined && held) {
      metrics.error('held-off');
      return 'held-off';
    }
    const known = verdict ?? unknown(presented);
    if (isRefused(known)) {
      refusals.tell(known.refused, known.detail, from.address);
      return known;
    }
    metrics.sent();
    this.#remember(presented);
    return known;
  }

  async #ask(
    by: readonly Authenticator[],
    presented: Presented,
    held: boolean,
    address: string,
  ): Promise<Caller | Refused | undefined> {
    try {
      for (const authenticator of by) {
        if (held && authenticator.guarded) continue;
        const verdict = await authenticator.authenticate(presented);
        if (verdict) return verdict;
      }
      return undefined;
    } catch (error) {
      const why = error instanceof TruantError ? `${error.message} ${whyItFailed(error)}` : whyItFailed(error);
      this.#options.refusals.tell('unavailable', why, address);
      throw error;
    }
  }

  #wasRight({ token }: Presented): boolean {
    return token !== undefined && (this.#rightLately.peek(hashOf(token)) ?? 0) > this.#options.clock.now();
  }

  #remember({ token }: Presented): void {
    if (token !== undefined) this.#rightLately.set(hashOf(token), this.#options.clock.now() + REMEMBERED_FOR);
  }
}

function unknown({ token }: Presented): Refused {
  const [refused, detail]: [Reason, string] =
    token !== undefined && readUnverified(token)
      ? ['unknown-issuer', "No cluster of collector.auth.clusters has the token's issuer."]
      : ['unknown-token', 'The token is none that is configured.'];
  return { refused, detail };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');
