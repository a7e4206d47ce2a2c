/** How CEF is written: its dictionary, lengths and escapes. */
import { cut, printable } from '../text.ts';

/** Keys of the extension dictionary that are sent, and how many characters they may have. 0: a number, a time or an address. */
const LENGTHS = {
  act: 63,
  c6a2: 0,
  c6a2Label: 1023,
  cat: 1023,
  cn1: 0,
  cn1Label: 1023,
  cn2: 0,
  cn2Label: 1023,
  cn3: 0,
  cn3Label: 1023,
  cnt: 0,
  cs1: 1023,
  cs1Label: 1023,
  cs2: 1023,
  cs2Label: 1023,
  cs3: 1023,
  cs3Label: 1023,
  cs4: 1023,
  cs4Label: 1023,
  cs5: 1023,
  cs5Label: 1023,
  cs6: 1023,
  cs6Label: 1023,
  deviceCustomDate1: 0,
  deviceCustomDate1Label: 1023,
  deviceExternalId: 255,
  dvchost: 100,
  end: 0,
  externalId: 40,
  filePath: 1023,
  msg: 1023,
  outcome: 63,
  reason: 1023,
  requestClientApplication: 1023,
  rt: 0,
  spid: 0,
  sproc: 1023,
  src: 0,
  start: 0,
  suser: 1023,
} as const satisfies Record<string, number>;

export type CefFields = { [Key in keyof typeof LENGTHS]?: string | number | undefined };

/** Of a field of the header: the dictionary names none, receivers keep less than this. */
const MAX_HEADER = 512;

/** @param header what stands between the bars: vendor, product, version, signature id, name, severity */
export function cefLine(header: readonly (string | number)[], fields: CefFields): string {
  const heads = header.map((value) => (typeof value === 'number' ? String(value) : headerValue(value)));
  return `CEF:0|${heads.join('|')}|${extension(fields)}`;
}

function extension(fields: CefFields): string {
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const text = typeof value === 'number' ? String(value) : value && extensionValue(shorten(key, value));
    if (text) pairs.push(`${key}=${text}`);
  }
  return pairs.join(' ');
}

function shorten(key: string, value: string): string {
  const max = LENGTHS[key as keyof typeof LENGTHS];
  return max === 0 ? value : cut(readable(value), max);
}

const headerValue = (value: string): string => cut(printable(value), MAX_HEADER).replace(/[\\|]/g, '\\$&');

const LINE_ENDS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' };

const extensionValue = (value: string): string =>
  value.replace(/[\\=]/g, '\\$&').replace(/[\r\n]/g, (char) => LINE_ENDS[char] ?? char);

/** The line breaks that CEF can say stay; what else is not printable is shown as an escape. */
const readable = (value: string): string => value.replace(/[^\r\n]+/g, printable);
