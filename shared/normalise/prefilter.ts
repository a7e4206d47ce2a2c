/**
 * Finds the audit lines that can matter by their bytes, so that only those are parsed. It may keep too much and must never
 * drop a line that the full parse would keep:
 *
 * - requests by service accounts, and impersonation of one: `system:serviceaccount:`;
 * - TokenRequests, exec, attach and ephemeral containers by anyone: the key `subresource` with one of those values;
 * - 401s: the key `code` with anything but another plain status;
 * - leaked tokens: `eyJ`, and `ZXlK`, which is the same in base64 once more, as Secrets hold it;
 * - any `\u00XX` that could spell one of the above; other writers may escape whatever they like;
 * - lines that are no JSON object at first sight, so that they are counted.
 *
 * Each needle is searched for over a whole chunk with the native `indexOf`, from hit to hit, and not at all in lines that
 * an earlier needle has already kept.
 */

interface Needle {
  bytes: Buffer;
  /** Whether a hit at `at` makes its line relevant. A superset is allowed, a subset is a defect. */
  matters(region: Buffer, at: number): boolean;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const always = (): boolean => true;

/**
 * Most frequent first: a line that is kept is not searched for the needles further down. Each is the part of its word
 * that `indexOf` finds fastest: at most seven bytes (from eight on it takes a slower way), the first of them a rare one.
 */
const NEEDLES: readonly Needle[] = [
  { bytes: Buffer.from('m:servi'), matters: isServiceAccount },
  { bytes: Buffer.from('bresour'), matters: isWatchedSubresource },
  { bytes: Buffer.from('code"'), matters: mayBe401 },
  { bytes: Buffer.from('\\u00'), matters: maySpellNeedle },
  { bytes: Buffer.from('yJ'), matters: (region, at) => region[at - 1] === 0x65 },
  { bytes: Buffer.from('ZXlK'), matters: always },
];

const WATCHED_SUBRESOURCES = ['token"', 'exec"', 'attach"', 'ephemeralcontainers"'].map((value) => Buffer.from(value));

/** `system:serviceaccount:` and not the groups' `system:serviceaccounts`. */
function isServiceAccount(region: Buffer, at: number): boolean {
  return region[at + 'm:serviceaccount'.length] === COLON;
}

function isWatchedSubresource(region: Buffer, at: number): boolean {
  const value = valueAfterKey(region, at + 'bresource"'.length);
  if (region[value] !== QUOTE) return false;
  const first = value + 1;
  return WATCHED_SUBRESOURCES.some(
    (name) =>
      region[first] === name[0] &&
      first + name.length <= region.length &&
      region.compare(name, 0, name.length, first, first + name.length) === 0,
  );
}

/** 401 itself, and whatever is longer than three characters: a number has many spellings (`401.0`, `4.01e2`). */
function mayBe401(region: Buffer, at: number): boolean {
  const value = valueAfterKey(region, at + 'code"'.length);
  if (value === -1) return false;
  if (continuesNumber(region[value + 3])) return true;
  return region[value] === 0x34 && region[value + 1] === 0x30 && region[value + 2] === 0x31;
}

/** Index of the first byte of the value, given the index behind a key's closing quote; -1 when that was no key. */
function valueAfterKey(region: Buffer, behindKey: number): number {
  const colon = skipSpace(region, behindKey);
  return region[colon] === COLON ? skipSpace(region, colon + 1) : -1;
}

function skipSpace(region: Buffer, at: number): number {
  let i = at;
  while (isSpace(region[i])) i++;
  return i;
}

/** Go escapes `&`, `<` and `>` in every second request URI, and no needle contains them. */
function maySpellNeedle(region: Buffer, at: number): boolean {
  const high = region[at + 4];
  const low = region[at + 5];
  if (high === 0x32) return low !== 0x36;
  if (high === 0x33) return low !== 0x63 && low !== 0x43 && low !== 0x65 && low !== 0x45;
  return true;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
/** A digit, `.`, `e` or `E`. */
const continuesNumber = (byte = 0): boolean =>
  (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x65 || byte === 0x45;

/**
 * Calls back for every line of `region`, in order, with its start, its end (without the newline) and whether it can matter.
 * `region` holds whole lines; what follows its last newline counts as a line too.
 */
export function scanLines(region: Buffer, onLine: (start: number, end: number, relevant: boolean) => void): void {
  const hits = new Array<number>(NEEDLES.length).fill(-1);
  for (let start = 0; start < region.length; ) {
    const newline = region.indexOf(NEWLINE, start);
    const end = newline === -1 ? region.length : newline;
    onLine(start, end, isOddShape(region, start, end) ?? hasHit(region, start, end, hits));
    start = end + 1;
  }
}

/** Whether the line in `bytes[start, end)` can matter. For many lines `scanLines` is far cheaper. */
export function isRelevant(bytes: Buffer, start = 0, end = bytes.length): boolean {
  const line = bytes.subarray(start, end);
  return isOddShape(line, 0, line.length) ?? hasHit(line, 0, line.length, new Array<number>(NEEDLES.length).fill(-1));
}

/** True: not an object, to be counted as such; false: blank; undefined: looks like an object. */
function isOddShape(region: Buffer, start: number, end: number): boolean | undefined {
  if (region[start] === OPEN && region[end - 1] === CLOSE) return undefined;
  let first = start;
  let last = end;
  while (first < end && isSpace(region[first])) first++;
  while (last > first && isSpace(region[last - 1])) last--;
  if (first === last) return false;
  return region[first] === OPEN && region[last - 1] === CLOSE ? undefined : true;
}

/** `hits` holds, for each needle, where it next makes a line relevant, as far as already known. */
function hasHit(region: Buffer, start: number, end: number, hits: number[]): boolean {
  for (let i = 0; i < NEEDLES.length; i++) {
    let hit = hits[i] as number;
    if (hit < start) hits[i] = hit = nextHit(region, NEEDLES[i] as Needle, start);
    if (hit < end) return true;
  }
  return false;
}

function nextHit(region: Buffer, needle: Needle, from: number): number {
  let at = region.indexOf(needle.bytes, from);
  while (at !== -1 && !needle.matters(region, at)) at = region.indexOf(needle.bytes, at + 1);
  return at === -1 ? region.length : at;
}
