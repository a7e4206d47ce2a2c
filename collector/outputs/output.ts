/**
 * What an output is: it hands messages to the other side, and says which of them that has. When to send what, again, or no
 * more is decided in `dispatch/`. Whatever implements this passes `test/outputs/output-contract.ts`.
 */
import type { Notice } from '../../shared/formats/notice.ts';
import type { OutputFailure } from './failure.ts';

export interface Message {
  notice: Notice;
  /** In the output's format, one line, no longer than its `maxBytes`; empty where it has a format of its own. */
  text: string;
}

/** Undefined: the other side has it. A failure `of: 'message'`: it will never take this one. */
export type Outcome = OutputFailure | undefined;

export interface Output {
  /** Messages at a time. */
  readonly maxBatch: number;
  /** UTF-8, of one message. */
  readonly maxBytes: number;
  /** Where the other side keeps alerts only as long as it hears of them: how often it wants to hear of those that are open. */
  readonly repeatSeconds?: number;
  /**
   * Resolves once the other side has acknowledged, with the outcome of each message, in their order. What a message follows
   * about the same alert arrives before it, or neither does. Never more than one call at a time.
   *
   * @throws OutputFailure `of: 'output'` when the other side takes nothing at the moment, or may not have taken it: all of
   *   it will be sent again
   */
  deliver(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]>;
  /** Resolves once nothing of it runs any more; idempotent. */
  close(): Promise<void>;
}
