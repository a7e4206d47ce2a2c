/** Exceptions that are in force, as every correlator is to know them. */
import type { Exception } from '../../shared/schema/handling.ts';
import type { Clock } from '../../shared/time.ts';
import type { Store } from '../store/store.ts';

/** More than anybody oversees. */
export const MOST_EXCEPTIONS = 10_000;

export class ExceptionsInForce {
  readonly #store: Store;
  readonly #clock: Clock;
  #byId: Map<string, Exception> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @returns all of them, read from the store the first time */
  async all(): Promise<Exception[]> {
    this.#byId ??= new Map(
      (await this.#store.exceptions({ activeAt: this.#clock.now() }, MOST_EXCEPTIONS)).map((one) => [one.id, one]),
    );
    const now = this.#clock.now();
    for (const { id, expiresAt } of this.#byId.values()) {
      if (expiresAt !== null && expiresAt <= now) this.#byId.delete(id);
    }
    return [...this.#byId.values()];
  }

  /** Once they are stored. */
  apply(changed: readonly Exception[]): void {
    for (const exception of changed) {
      if (exception.revokedAt === null) this.#byId?.set(exception.id, exception);
      else this.#byId?.delete(exception.id);
    }
  }

  ruleOf(id: string): string | undefined {
    return this.#byId?.get(id)?.rule;
  }
}
