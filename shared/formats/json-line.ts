import { wellFormed } from '../text.ts';

/** U+0085, U+2028, U+2029: not of JSON's escapes, but many a reader of lines ends a line at them. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** JSON on one line for every reader of lines, and well-formed UTF-8: a lone surrogate becomes U+FFFD. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? wellFormed(inner) : inner)).replace(
    LINE_ENDS,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
