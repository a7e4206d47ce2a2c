/** One attempt at a time to hand messages to an output, none longer than it may take. */

import { anySignal } from '../../shared/component/any-signal.ts';
import type { Pause } from '../../shared/component/backoff.ts';
import { OutputFailure } from '../outputs/failure.ts';
import type { Message, Outcome, Output } from '../outputs/output.ts';
import { unlessAborted } from '../outputs/output-of.ts';

/** Whatever goes wrong is the output's: all of it will be sent again. */
export class Delivery {
  readonly #output: Output;
  readonly #timeoutSeconds: number;
  readonly #pause: Pause;
  readonly #end = new AbortController();
  /** What was begun last, once nothing of it runs any more. */
  #underway: Promise<unknown> = Promise.resolve();

  constructor(output: Output, timeoutSeconds: number, pause: Pause) {
    this.#output = output;
    this.#timeoutSeconds = timeoutSeconds;
    this.#pause = pause;
  }

  /**
   * Waits its turn, which counts as time that it takes.
   *
   * @returns an outcome a message
   * @throws OutputFailure `of: 'output'`
   */
  async deliver(messages: readonly Message[]): Promise<Outcome[]> {
    const late = new AbortController();
    const over = new AbortController();
    const { signal, release } = anySignal(late.signal, this.#end.signal);
    void this.#pause(this.#timeoutSeconds * 1000, over.signal).then(() => over.signal.aborted || late.abort());
    try {
      const outcomes = await unlessAborted(this.#inTurn(messages, signal), signal);
      if (outcomes.length === messages.length) return outcomes;
      throw new OutputFailure('protocol', 'The output did not say what became of each message.');
    } catch (error) {
      if (late.signal.aborted) throw this.#tooLate(error);
      if (!(error instanceof OutputFailure)) throw unexpected(error);
      // Of the only one: that is its outcome.
      if (error.of === 'message' && messages.length === 1) return [error];
      throw error;
    } finally {
      over.abort();
      release();
    }
  }

  /** Ends what is under way. */
  async end(): Promise<void> {
    this.#end.abort();
    await this.#output.close();
  }

  #inTurn(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    const attempt = this.#underway.then(() => {
      signal.throwIfAborted();
      return this.#output.deliver(messages, signal);
    });
    this.#underway = attempt.catch(() => undefined);
    return attempt;
  }

  #tooLate(cause: unknown): OutputFailure {
    const detail = `There was no answer within ${this.#timeoutSeconds} seconds.`;
    return new OutputFailure('timeout', detail, {
      cause,
      remedy: 'Look whether the other side is overloaded, or give it more time (timeoutSeconds).',
    });
  }
}

function unexpected(cause: unknown): OutputFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new OutputFailure('peer', `Sending failed: ${message}`, { cause });
}
