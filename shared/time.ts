/**
 * Time inside Truant is `Micros`: whole microseconds since 1970 UTC, exact in a double until the year 2255. Kubernetes'
 * MicroTime has six decimals, which Date would cut to three.
 */
export type Micros = number;

export const SECOND: Micros = 1_000_000;
export const MINUTE: Micros = 60 * SECOND;
export const HOUR: Micros = 60 * MINUTE;
export const DAY: Micros = 24 * HOUR;

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** The second that was parsed last: a log's lines share them, and Date.parse is slow. */
let known = { text: '\u0000', millis: 0 };

/** Parses RFC 3339 with up to nine decimals (cut to six). Undefined when it is not such a time. */
export function parseTime(text: string): Micros | undefined {
  // The form of every audit event: 2006-01-02T15:04:05.000000Z
  if (
    text.length === 27 &&
    text.startsWith(known.text) &&
    text.charCodeAt(26) === 0x5a &&
    text.charCodeAt(19) === 0x2e
  ) {
    const micros = sixDigits(text, 20);
    if (micros >= 0) return known.millis * 1000 + micros;
  }
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const millis = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(millis)) return undefined;
  if (zone === 'Z') known = { text: seconds, millis };
  return millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function sixDigits(text: string, from: number): number {
  let value = 0;
  for (let i = from; i < from + 6; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** RFC 3339 in UTC with six decimals. */
export function formatTime(time: Micros): string {
  const seconds = Math.floor(time / SECOND);
  const micros = time - seconds * SECOND;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
}

/** Where "now" comes from: the wall clock when running live, the recording's own time in a replay. */
export interface Clock {
  now(): Micros;
}

export const wallClock: Clock = { now: () => Date.now() * 1000 };
