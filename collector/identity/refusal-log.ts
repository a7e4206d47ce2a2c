import type { Logger } from '../../shared/telemetry/logger.ts';
import { type Clock, type Micros, SECOND } from '../../shared/time.ts';
import { REASONS } from './authenticator.ts';

/**
 * `unavailable`: it could not be told who it is. `foreign-page`, `no-csrf-token`: another page may have had somebody's
 * browser ask.
 */
export const TOLD = [...REASONS, 'unavailable', 'foreign-page', 'no-csrf-token'] as const;
export type Told = (typeof TOLD)[number];

const BETWEEN: Micros = 10 * SECOND;

/** Counts and says why somebody was not let in, says each reason at most once in a while: strangers must not be able to fill a log. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #count: (reason: Told) => void;
  readonly #told = new Map<Told, { at: Micros; untold: number }>();

  constructor(log: Logger, clock: Clock, count: (reason: Told) => void) {
    this.#log = log;
    this.#count = count;
    this.#clock = clock;
  }

  tell(reason: Told, detail: string, address: string): void {
    this.#count(reason);
    const now = this.#clock.now();
    const last = this.#told.get(reason);
    if (last && now - last.at < BETWEEN) {
      last.untold += 1;
      return;
    }
    this.#told.set(reason, { at: now, untold: 0 });
    this.#log.warn({ reason, detail, address, before: last?.untold ?? 0 }, 'a caller was not let in');
  }
}
