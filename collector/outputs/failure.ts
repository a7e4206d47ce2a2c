/** Why alerts did not arrive: a closed list of reasons, in words, and what has to be put right. */
import { TruantError } from '../../shared/errors.ts';
import { clean } from '../../shared/normalise/scrub.ts';
import { printable } from '../../shared/text.ts';

export const FAILURE_REASONS = [
  /** There is no such name. */
  'dns',
  /** Nobody listens there, or there is no way. */
  'unreachable',
  'tls',
  'timeout',
  /** It does not know who we are, or our secret. */
  'authentication',
  /** It knows us, and does not let us. */
  'authorisation',
  /** The topic, index, path that is to be written to is not there. */
  'not-found',
  /** It asks to come back later. */
  'busy',
  /** It had trouble of its own. */
  'peer',
  /** It does not take this message. */
  'rejected',
  'too-large',
  /** A secret or a certificate could not be read. */
  'secret',
  /** Of a file: full, read-only, missing. */
  'disk',
  /** What answers is not what the configuration says. */
  'protocol',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

const MAX_DETAIL = 300;

/** A sentence to add to the detail, in which nobody takes the other side's words for ours. */
export const itSays = (words: string): string => (words === '' ? '' : ` It says: "${words}".`);

export class OutputFailure extends TruantError {
  readonly reason: FailureReason;
  /** Of one message, which will never be taken; or of the output, which may work again later. */
  readonly of: 'message' | 'output';
  /** When the other side wants to be asked again. */
  readonly retryAfterMs: number | undefined;

  /**
   * @param detail a sentence; what the other side said is scrubbed and cut
   * @param more.remedy what to do, as a sentence
   */
  constructor(
    reason: FailureReason,
    detail: string,
    more: { of?: 'message' | 'output'; remedy?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super('OUTPUT_FAILED', printable(clean(detail, MAX_DETAIL)), more);
    this.reason = reason;
    this.of = more.of ?? 'output';
    this.retryAfterMs = more.retryAfterMs;
  }
}
