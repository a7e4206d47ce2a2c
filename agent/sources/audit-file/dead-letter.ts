/** The closed list of why a line can't be read. */
export const DEAD_LETTER_REASONS = ['too-long', 'not-json', 'not-an-event'] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Where lines go that could not be read. */
export interface DeadLetters {
  /** @param line the line or its beginning; not kept, so that its memory may be used again */
  add(reason: DeadLetterReason, line: Buffer): void;
}
