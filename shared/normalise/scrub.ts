/**
 * Takes everything out of a text that would let somebody use a token: JWTs whole or cut short, the same in base64 once
 * more (as Secrets hold them), percent-encoded or JSON-escaped ones, `Bearer ...`, and `token=...`-like values.
 * Linear in the text's length, and next to nothing for a text without any of these.
 */
export interface Scrubbed {
  text: string;
  /** How many values were replaced. */
  scrubbed: number;
}

export const SCRUBBED = '[scrubbed]';

/** How much of a token's head is looked at, and how much of it must be there at least: less is not half of a header. */
const HEAD_CHARS = 20;
const MIN_HEAD_CHARS = 12;

const ENCODED_RUN = /(?:[A-Za-z0-9_.~+-]|%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2})+/g;
const ENCODED_CHAR = /(?:%|\\u00)([0-9A-Fa-f]{2})/g;
/** An escape within an escape within an escape; beyond that nobody would decode it by accident either. */
const MAX_NESTED_ENCODINGS = 3;

const BEARER = /\b(bearer(?:\s|%20|\+|:|=){1,8})[A-Za-z0-9._~+/=-]{16,}/gi;
const SECRET_PARAMETER =
  /(?<![A-Za-z0-9])((?:access_?|id_?|refresh_?|bearer_?|auth_?|session_?)?(?:token|jwt|assertion|client_secret|password)(?:=|%3D))(?!\[scrubbed\])[^&\s"'#\\;,]+/gi;

/** Scrubbed, and cut at `max` characters. */
export function clean(text: string, max: number): string {
  const safe = scrub(text).text;
  return safe.length > max ? safe.slice(0, max) : safe;
}

export function scrub(text: string): Scrubbed {
  let scrubbed = 0;
  const replaced = (prefix: string): string => {
    scrubbed++;
    return prefix + SCRUBBED;
  };
  let result = text;
  if (result.includes('%') || result.includes('\\u00')) {
    result = result.replace(ENCODED_RUN, (run) => (hidesToken(run) ? replaced('') : run));
  }
  if (hasMark(result)) result = scrubTokens(result, () => replaced(''));
  if (/bearer/i.test(result)) result = result.replace(BEARER, (_, prefix: string) => replaced(prefix));
  if (result.includes('=') || result.includes('%3')) {
    result = result.replace(SECRET_PARAMETER, (_, prefix: string) => replaced(prefix));
  }
  return { text: result, scrubbed };
}

/** `eyJ` is `{"` in base64url, with which every JWT's header and payload begin; `ZXlK` is that in base64 once more. */
const hasMark = (text: string): boolean => text.includes('eyJ') || text.includes('ZXlK');

/** Whether a run of token characters holds a token only once its escapes are decoded. */
function hidesToken(run: string): boolean {
  let decoded = run;
  for (let i = 0; i < MAX_NESTED_ENCODINGS; i++) {
    const next = decoded.replace(ENCODED_CHAR, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (next === decoded) return false;
    decoded = next;
    if (hasMark(decoded) && findToken(decoded, 0) !== undefined) return true;
  }
  return false;
}

function scrubTokens(text: string, replacement: () => string): string {
  let result = '';
  let from = 0;
  for (let token = findToken(text, 0); token; token = findToken(text, from)) {
    result += text.slice(from, token.start) + replacement();
    from = token.end;
  }
  return result + text.slice(from);
}

const JWT_REST = /[A-Za-z0-9_.=-]*/y;
const BASE64_REST = /[A-Za-z0-9_+/=-]*/y;

/** The next token at or after `from`. */
function findToken(text: string, from: number): { start: number; end: number } | undefined {
  let plain = text.indexOf('eyJ', from);
  let nested = text.indexOf('ZXlK', from);
  while (plain !== -1 || nested !== -1) {
    const start = nested === -1 || (plain !== -1 && plain < nested) ? plain : nested;
    const rest = start === plain ? JWT_REST : BASE64_REST;
    const head = text.slice(start, start + HEAD_CHARS);
    if (isJsonHead(start === plain ? head : Buffer.from(head, 'base64').toString('latin1'))) {
      rest.lastIndex = start;
      rest.test(text);
      return { start, end: rest.lastIndex };
    }
    if (start === plain) plain = text.indexOf('eyJ', start + 1);
    else nested = text.indexOf('ZXlK', start + 1);
  }
  return undefined;
}

/** `{"v":"meta.k8s` in base64url: how the `continue` of every paginated list begins, which is no secret. */
const LIST_CONTINUATION = 'eyJ2IjoibWV0YS5rOHMu';

/** Whether base64url text decodes to the printable beginning of a JSON object: `MonkeyJavaScript` does not. */
function isJsonHead(head: string): boolean {
  if (head.length < MIN_HEAD_CHARS || LIST_CONTINUATION.startsWith(head)) return false;
  if (!/^eyJ[A-Za-z0-9_-]+$/.test(head)) return false;
  return /^\{"[\x20-\x7e]*$/.test(Buffer.from(head, 'base64url').toString('latin1'));
}
