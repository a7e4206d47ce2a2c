/** Makes an output of what is particular to it: one delivery at a time, ended by its signal, or by closing. */
import { anySignal } from '../../shared/component/any-signal.ts';
import { pause } from '../../shared/component/backoff.ts';
import type { OutputFailure } from './failure.ts';
import type { Message, Outcome, Output } from './output.ts';

export interface OutputParts {
  maxBatch: number;
  maxBytes: number;
  /** May go on when the signal is aborted, if it can't be ended: the next delivery waits for it. */
  deliver(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]>;
  failureOf(error: unknown, signal: AbortSignal): OutputFailure;
  close?(): Promise<void> | void;
}

const CLOSE_MS = 2000;

export function outputOf({ maxBatch, maxBytes, deliver, failureOf, close }: OutputParts): Output {
  const closing = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;

  const end = async (): Promise<void> => {
    closing.abort();
    const closedAll = working.then(() => close?.());
    // A disk or a broker that does not answer is not waited for.
    const waiting = new AbortController();
    await Promise.race([closedAll, pause(CLOSE_MS, waiting.signal)]);
    waiting.abort();
  };

  return {
    maxBatch,
    maxBytes,
    deliver: async (messages, given) => {
      const { signal, release } = anySignal(given, closing.signal);
      const work = working.then(() => {
        signal.throwIfAborted();
        return messages.length === 0 ? [] : deliver(messages, signal);
      });
      working = work.catch(() => undefined);
      try {
        return await unlessAborted(work, signal);
      } catch (error) {
        throw failureOf(error, signal);
      } finally {
        release();
      }
    },
    close: () => (closed ??= end()),
  };
}

/** What the work comes to, unless the signal is aborted before. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
