import type { Logger } from '../../shared/telemetry/logger.ts';
import { type Clock, type Micros, SECOND } from '../../shared/time.ts';
import type { Reason } from './authenticator.ts';

/** `unavailable`: it could not be told who it is. */
type Told = Reason | 'unavailable';

const BETWEEN: Micros = 10 * SECOND;

/** Says why somebody was not let in, each reason at most once in a while: strangers must not be able to fill a log. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #told = new Map<Told, { at: Micros; untold: number }>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  tell(reason: Told, detail: string, address: string): void {
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
