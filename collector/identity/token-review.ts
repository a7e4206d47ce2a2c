/** ServiceAccounts' tokens, shown to the API server that issued them: it also knows when a pod is gone. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import { whyItFailed } from '../../shared/http/http-client.ts';
import { BoundedMap } from '../../shared/inventory/bounded-map.ts';
import type { ApiServer } from '../../shared/kubernetes/api-server.ts';
import { type Clock, MINUTE, type Micros, SECOND } from '../../shared/time.ts';
import { TaskQueue } from '../task-queue.ts';
import type { Verdict } from './authenticator.ts';
import { agentOf, type Trusted } from './service-account.ts';

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
const NODE = 'authentication.kubernetes.io/node-name';

const Review = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    user: z
      .object({ username: z.string().optional(), extra: z.record(z.string(), z.array(z.string())).optional() })
      .optional(),
  }),
});

const MAX_KNOWN = 10_000;
const GOOD_FOR: Micros = MINUTE;
const BAD_FOR: Micros = 10 * SECOND;
const PATIENCE_MS = 5000;

interface Answer {
  verdict: Promise<Verdict>;
  until: Micros;
}

/** Asks once for all who wait, so many at a time, and remembers the answer for a while, by the token's hash. */
export class TokenReviewer {
  readonly #trusted: Trusted;
  readonly #api: ApiServer;
  readonly #clock: Clock;
  readonly #known = new BoundedMap<string, Answer>(MAX_KNOWN);
  #failure: unknown;
  readonly #queue = new TaskQueue({ concurrency: 8, capacity: 256 });

  constructor(trusted: Trusted, api: ApiServer, clock: Clock) {
    this.#trusted = trusted;
    this.#api = api;
    this.#clock = clock;
  }

  /** Why the API server can't be asked at the moment; undefined while all is well. */
  trouble(): string | undefined {
    return this.#failure === undefined ? undefined : whyItFailed(this.#failure);
  }

  /** @throws TruantError IDENTITY_UNAVAILABLE, OVERLOADED */
  async review(token: string): Promise<Verdict> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.#known.peek(hash);
    if (known && known.until > this.#clock.now()) return known.verdict;
    const verdict = this.#queue.run(() => this.#ask(token));
    const answer: Answer = { verdict, until: Infinity };
    this.#known.set(hash, answer);
    try {
      const said = await verdict;
      answer.until = this.#clock.now() + (said && 'role' in said ? GOOD_FOR : BAD_FOR);
      return said;
    } catch (error) {
      this.#known.delete(hash);
      throw error;
    }
  }

  async #ask(token: string): Promise<Verdict> {
    const { audience } = this.#trusted;
    const status = await this.#statusOf({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    });
    const { authenticated, audiences, user } = status;
    if (authenticated !== true || user?.username === undefined) {
      return { refused: 'not-authenticated', detail: 'The API server does not know the token.' };
    }
    // One that doesn't know of audiences says nothing of them.
    if (!audiences?.includes(audience)) {
      return { refused: 'wrong-audience', detail: 'The API server does not say that the token is for us.' };
    }
    return agentOf(this.#trusted, { username: user.username, node: user.extra?.[NODE]?.[0] });
  }

  async #statusOf(review: object): Promise<z.infer<typeof Review>['status']> {
    try {
      const { status } = Review.parse(await this.#api.post(PATH, review, AbortSignal.timeout(PATIENCE_MS)));
      this.#failure = undefined;
      return status;
    } catch (cause) {
      this.#failure = cause;
      throw new TruantError('IDENTITY_UNAVAILABLE', "The cluster's API server can't be asked about the token.", {
        cause,
      });
    }
  }
}
