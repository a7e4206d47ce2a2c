/**
 * IP addresses and networks. An address is a string in its one canonical spelling everywhere else in Truant, so that
 * equal addresses are equal strings: IPv4 in dotted decimals, IPv6 as RFC 5952 writes it, IPv4-mapped IPv6 as IPv4.
 *
 * Written out here because it must be strict: ipaddr.js takes `::ffff:010.0.0.1` for octal and `::1.2.3.4` for
 * `1.2.3.4`, and whoever gets to choose between two readings of an address chooses the one that looks like home.
 */

/** Longest text looked at: a full IPv6 address with embedded IPv4, brackets and a zone id. */
const MAX_LENGTH = 96;

const ZERO = 48;
const NINE = 57;
const DOT = 46;

/** The 32 bits of strict dotted decimals (no leading zeros, no other bases), or -1. */
function ipv4Bits(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let bits = 0;
  let octet = 0;
  let digits = 0;
  let octets = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= ZERO && code <= NINE) {
      if (digits > 0 && octet === 0) return -1;
      octet = octet * 10 + (code - ZERO);
      if (octet > 255) return -1;
      digits++;
    } else if (code === DOT && digits > 0 && octets < 3) {
      bits = bits * 256 + octet;
      octets++;
      octet = 0;
      digits = 0;
    } else {
      return -1;
    }
  }
  return octets === 3 && digits > 0 ? bits * 256 + octet : -1;
}

const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/** Appends the 16-bit groups of a colon-separated run; false when it is none. IPv4 may stand at its end if `last`. */
function readGroups(run: string, last: boolean, into: number[]): boolean {
  if (run === '') return true;
  const parts = run.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (HEX_GROUP.test(part)) {
      into.push(Number.parseInt(part, 16));
      continue;
    }
    const bits = last && i === parts.length - 1 ? ipv4Bits(part) : -1;
    if (bits < 0) return false;
    into.push(bits >>> 16, bits & 0xffff);
  }
  return true;
}

/** The eight 16-bit groups of an IPv6 address, zone id dropped. */
function ipv6Groups(text: string): number[] | undefined {
  const zone = text.indexOf('%');
  if (zone === text.length - 1) return undefined;
  const address = zone < 0 ? text : text.slice(0, zone);
  const gap = address.indexOf('::');
  const head: number[] = [];
  if (gap < 0) return readGroups(address, true, head) && head.length === 8 ? head : undefined;
  const rest = address.slice(gap + 2);
  if (rest.startsWith(':') || rest.includes('::')) return undefined;
  const tail: number[] = [];
  if (!readGroups(address.slice(0, gap), false, head) || !readGroups(rest, true, tail)) return undefined;
  const zeros = 8 - head.length - tail.length;
  if (zeros < 1) return undefined;
  return [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
}

const isMapped = (groups: readonly number[]): boolean =>
  groups[5] === 0xffff && !groups[0] && !groups[1] && !groups[2] && !groups[3] && !groups[4];

const dotted = (high: number, low: number): string => `${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}`;

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatGroups(groups: readonly number[]): string {
  let start = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > longest) {
      longest = end - i;
      start = i;
    }
    if (end > i) i = end;
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + longest, 8)}`;
}

/** The groups of an IPv6 address in any spelling; undefined for everything else. */
function readIPv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > MAX_LENGTH || !text.includes(':')) return undefined;
  const bracketed = text.startsWith('[');
  if (bracketed !== text.endsWith(']')) return undefined;
  return ipv6Groups(bracketed ? text.slice(1, -1) : text);
}

/**
 * The canonical spelling of an address in any spelling; undefined when the text is no address. Brackets around IPv6 and
 * zone ids are dropped. Strict: no octal, no hexadecimal or short IPv4, no ports, no white space.
 */
export function canonicalAddress(text: string): string | undefined {
  // Strict dotted decimals have but one spelling. This is nearly every address there is.
  if (ipv4Bits(text) >= 0) return text;
  const groups = readIPv6(text);
  if (groups === undefined) return undefined;
  return isMapped(groups) ? dotted(groups[6] as number, groups[7] as number) : formatGroups(groups);
}

/**
 * An address's bits as unsigned 32-bit words: one for IPv4 (and IPv4-mapped IPv6), four for IPv6. Undefined when the
 * text is no address.
 */
export function addressWords(text: string): number[] | undefined {
  const bits = ipv4Bits(text);
  if (bits >= 0) return [bits];
  const groups = readIPv6(text);
  if (groups === undefined) return undefined;
  const word = (i: number) => (((groups[i] as number) << 16) | (groups[i + 1] as number)) >>> 0;
  return isMapped(groups) ? [word(6)] : [word(0), word(2), word(4), word(6)];
}

/** A network: the first `bits` bits of `words` count. One word is IPv4, four are IPv6. */
export interface Cidr {
  words: readonly number[];
  bits: number;
}

/** The mask of a prefix's word number `index`. A shift by 32 is a shift by 0 in JavaScript, hence the cases. */
function maskOf(bits: number, index: number): number {
  const left = bits - index * 32;
  if (left >= 32) return 0xffffffff;
  return left <= 0 ? 0 : (0xffffffff << (32 - left)) >>> 0;
}

/** The address's words with everything after the first `bits` bits cleared. */
export const maskWords = (words: readonly number[], bits: number): number[] =>
  words.map((word, index) => (word & maskOf(bits, index)) >>> 0);

const CIDR = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** `10.244.0.0/16`, `fd00::/48`, or a single address. Bits beyond the prefix are cleared. Undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const match = CIDR.exec(text);
  const words = match?.[1] === undefined ? undefined : addressWords(match[1]);
  if (words === undefined) return undefined;
  const length = words.length * 32;
  let bits = match?.[2] === undefined ? length : Number(match[2]);
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  if (words.length === 1 && match?.[1]?.includes(':') && match[2] !== undefined) bits -= 96;
  return bits < 0 || bits > length ? undefined : { words: maskWords(words, bits), bits };
}

/** Whether the address, in words, lies in the network. */
export function cidrContains(cidr: Cidr, words: readonly number[]): boolean {
  if (cidr.words.length !== words.length) return false;
  for (let i = 0; i < words.length; i++) {
    if (((words[i] as number) & maskOf(cidr.bits, i)) >>> 0 !== cidr.words[i]) return false;
  }
  return true;
}

/** Whether the address lies in one of a few networks; false when it is no address. For many networks: `CidrTable`. */
export function inCidrs(address: string, cidrs: readonly Cidr[]): boolean {
  if (cidrs.length === 0) return false;
  const words = addressWords(address);
  return words !== undefined && cidrs.some((cidr) => cidrContains(cidr, words));
}

const cidrs = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text) as Cidr);

const LOOPBACK = cidrs('127.0.0.0/8', '::1');
/** Not routed on the internet: private use, link-local, shared by carriers, reserved, multicast. */
const NOT_ROUTED = cidrs(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
);
/** Of IPv6 only these are routed: global unicast, and NAT64's well-known prefix, which stands for public IPv4. */
const ROUTED_IPV6 = cidrs('2000::/3', '64:ff9b::/96');

/** From where an address can be reached, as far as the address itself says. */
export function addressKind(words: readonly number[]): 'loopback' | 'private' | 'public' {
  const within = (networks: readonly Cidr[]) => networks.some((cidr) => cidrContains(cidr, words));
  if (within(LOOPBACK)) return 'loopback';
  if (words.length === 1) return within(NOT_ROUTED) ? 'private' : 'public';
  return within(ROUTED_IPV6) ? 'public' : 'private';
}

const isOfKind = (kind: ReturnType<typeof addressKind>) => (address: string) => {
  const words = addressWords(address);
  return words !== undefined && addressKind(words) === kind;
};

export const isLoopback = isOfKind('loopback');
/** An address that is not reached over the internet; loopback is not among them. */
export const isPrivate = isOfKind('private');
/** An address on the internet. */
export const isPublic = isOfKind('public');
