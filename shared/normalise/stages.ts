/**
 * A long-running request is logged twice, when its response starts and when it ends, under one id: one use. The second is
 * dropped here. Only long-running requests are remembered, so the memory is small; it is bounded all the same, and what
 * falls out of it is caught by its id where observations are stored.
 */
import type { RequestObservation } from '../schema/observation.ts';

/** As the API server has it: `log` is long-running for it even when it isn't followed, and so are profiles. */
const comesTwice = ({ longRunning, subresource, uri }: RequestObservation['request']): boolean =>
  longRunning || subresource === 'log' || uri.startsWith('/debug/pprof/');

export class RequestStages {
  readonly #started = new Set<string>();
  readonly #max: number;

  constructor(max = 100_000) {
    this.#max = max;
  }

  /** True when this is the later stage of a request that was passed on already. */
  isRepeat(observation: RequestObservation): boolean {
    // A 401 comes only as ResponseStarted; a short request only as ResponseComplete.
    if (!comesTwice(observation.request)) return false;
    if (this.#started.delete(observation.id)) return true;
    if (observation.stage !== 'ResponseStarted') return false;
    this.#started.add(observation.id);
    if (this.#started.size > this.#max) {
      for (const oldest of this.#started) {
        this.#started.delete(oldest);
        break;
      }
    }
    return false;
  }
}
