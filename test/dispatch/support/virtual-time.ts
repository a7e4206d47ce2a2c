/** Time that goes on only when a test says so, and a way to know that nothing goes on by itself any more. */
import type { Pause } from '../../../shared/component/backoff.ts';
import type { Clock, Micros } from '../../../shared/time.ts';
import { START } from '../../collector/support/make.ts';

export class VirtualTime implements Clock {
  #now: Micros = START;
  readonly #sleeping = new Set<{ until: Micros; wake: () => void }>();
  #busy = 0;

  now(): Micros {
    return this.#now;
  }

  readonly pause: Pause = (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const sleeper = { until: this.#now + ms * 1000, wake: () => end() };
      const end = (): void => {
        this.#sleeping.delete(sleeper);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#sleeping.add(sleeper);
      signal.addEventListener('abort', end, { once: true });
    });

  /** Counts what runs outside of JavaScript: questions to a store. */
  watched<T extends object>(subject: T): T {
    return new Proxy(subject, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          const result: unknown = value.apply(target, given);
          if (!(result instanceof Promise)) return result;
          this.#busy += 1;
          return result.finally(() => {
            this.#busy -= 1;
          });
        };
      },
    });
  }

  /** Resolves once everybody waits for time to go on. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#busy === 0 ? quiet + 1 : 0;
    }
  }

  /** Somebody sets the clock, ahead or back; who waits does not notice. */
  set(ms: number): void {
    this.#now += ms * 1000;
    for (const sleeper of this.#sleeping) sleeper.until += ms * 1000;
  }

  /** Lets so much time go by, waking whoever waits for it in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms * 1000;
    await this.settled();
    for (;;) {
      const next = [...this.#sleeping].toSorted((a, b) => a.until - b.until)[0];
      if (next === undefined || next.until > until) break;
      this.#now = Math.max(this.#now, next.until);
      next.wake();
      await this.settled();
    }
    this.#now = until;
  }
}
