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
  if (result.includes('V5S') || result.includes('leU')) result = scrubShifted(result, () => replaced(''));
  if (/bearer/i.test(result)) result = result.replace(BEARER, (_, prefix: string) => replaced(prefix));
  if (result.includes('=') || result.includes('%3')) {
    result = result.replace(SECRET_PARAMETER, (_, prefix: string) => replaced(prefix));
  }
  return { text: result, scrubbed };
}

/** `eyJ` is `{"` in base64url, with which every JWT's header and payload begin; `ZXlK` is that in base64 once more. */
export const hasMark = (text: string): boolean => hasJwtMark(text) || text.includes('ZXlK');

/** Looks for the rarer `y` first: every second character of a log is an `e`. */
function hasJwtMark(text: string): boolean {
  for (let at = text.indexOf('yJ'); at >= 0; at = text.indexOf('yJ', at + 1)) {
    if (text.charCodeAt(at - 1) === 0x65) return true;
  }
  return false;
}

/**
 * base64 of a text in which a token stands where no group of three bytes begins (a kubeconfig, `user:token`): `eyJ` is then
 * `V5S` or `leU` with what its neighbours make of the characters around.
 */
const SHIFTED = /(?:[GWm2]V5S[g-n]|[BFJNRVZdhlptx159]leU[op])/g;
/** Characters for three bytes. */
const GROUP = 4;
const RUN_CHAR = /[A-Za-z0-9+/_-]/;

function scrubShifted(text: string, replacement: () => string): string {
  let result = '';
  let from = 0;
  for (const { index } of text.matchAll(SHIFTED)) {
    if (index < from) continue;
    // Back to where a group may begin; nothing before the mark is of the token.
    let first = index;
    while (first > from && index - first < GROUP && RUN_CHAR.test(text[first - 1] as string)) first--;
    if (!holdsToken(matchAt(NESTED_START, text, first))) continue;
    result += text.slice(from, first) + replacement();
    from = first + matchAt(NESTED_REST, text, first).length;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Whether it does, decoded. A run may have begun anywhere, so that its groups may, too. */
function holdsToken(run: string): boolean {
  for (let start = 0; start < GROUP; start++) {
    const text = Buffer.from(run.slice(start), 'base64').toString('latin1');
    if (!findTokens(text).next().done) return true;
  }
  return false;
}

/** Whether a run of token characters holds a token only once its escapes are decoded. */
function hidesToken(run: string): boolean {
  let decoded = run;
  for (let i = 0; i < MAX_NESTED_ENCODINGS; i++) {
    const next = decoded.replace(ENCODED_CHAR, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (next === decoded) return false;
    decoded = next;
    if (hasMark(decoded) && !findTokens(decoded).next().done) return true;
  }
  return false;
}

function scrubTokens(text: string, replacement: () => string): string {
  let result = '';
  let from = 0;
  for (const { start, end } of findTokens(text)) {
    result += text.slice(from, start) + replacement();
    from = end;
  }
  return result + text.slice(from);
}

/** So much of it must be there to be called a token: less is not half of a header. */
const JWT_HEAD = /eyJ[A-Za-z0-9_-]{9}/y;
const JWT_REST = /[A-Za-z0-9_.=-]*/y;
const NESTED_HEAD = /ZXlK[A-Za-z0-9+/]{12}/y;
/** Enough of it to see whether a token begins there. */
const NESTED_START = /[A-Za-z0-9+/_-]{1,64}/y;
const NESTED_REST = /[A-Za-z0-9_+/=-]*/y;

function* findTokens(text: string): Generator<{ start: number; end: number }> {
  let jwt = text.indexOf('eyJ');
  let nested = text.indexOf('ZXlK');
  while (jwt !== -1 || nested !== -1) {
    const isJwt = nested === -1 || (jwt !== -1 && jwt < nested);
    const start = isJwt ? jwt : nested;
    let end = start;
    if (isJwt ? isToken(text, start) : isNestedToken(text, start)) {
      end += matchAt(isJwt ? JWT_REST : NESTED_REST, text, start).length;
      yield { start, end };
    } else {
      end++;
    }
    if (jwt !== -1 && jwt < end) jwt = text.indexOf('eyJ', end);
    if (nested !== -1 && nested < end) nested = text.indexOf('ZXlK', end);
  }
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? '';
}

/** `{"v":"meta.k8s` in base64url: how the `continue` of every paginated list begins, which is no secret. */
const LIST_CONTINUATION = 'eyJ2IjoibWV0YS5rOHMu';

/** Whether it decodes to the printable beginning of a JSON object: `MonkeyJavaScript` does not. */
function isToken(text: string, start: number): boolean {
  const head = matchAt(JWT_HEAD, text, start);
  if (head === '' || text.startsWith(LIST_CONTINUATION, start)) return false;
  return /^\{"[\x20-\x7e]+$/.test(Buffer.from(head, 'base64url').toString('latin1'));
}

const isNestedToken = (text: string, start: number): boolean =>
  isToken(Buffer.from(matchAt(NESTED_HEAD, text, start), 'base64').toString('latin1'), 0);
