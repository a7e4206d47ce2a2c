/** Kinds of value that a configuration holds. Each says what would be right (`expected`), for errors and reference alike. */
import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { type Micros, parseTime } from '../time.ts';

/** What `meta` holds for a key; all of it ends up in the reference. */
export interface KeyMeta {
  /** What the key does, as a sentence. */
  description: string;
  /** What would be right, to follow "must be". */
  expected?: string;
  /** Never shown, neither in errors nor by `config print`. */
  secret?: true;
  /** Where people write a secret by mistake: what is wrong is not shown in errors; what is right is by `config print`. */
  mayBeSecret?: true;
}

/** Names a key's meaning. To be called last: what is chained on a schema loses its meta. */
export function key<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  more: Omit<KeyMeta, 'description'> = {},
): Schema {
  return schema.meta({ ...schema.meta(), description, ...more });
}

const expecting = <Schema extends z.ZodType>(schema: Schema, expected: string): Schema => schema.meta({ expected });

const CONTROL = /[\u0000-\u001f\u007f]/;
const FIXED_HEADERS = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'x-truant-notice',
  'x-truant-signature',
]);
const plain = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !CONTROL.test(text));

export const text = expecting(plain(1024), 'text on one line');
export const filePath = expecting(plain(4096), 'a path');
/** What the kernel says a program's path is: nothing else can ever be equal to it. */
export const programPath = expecting(
  plain(4096).refine((path) => /^\/[^*]+$/.test(path)),
  "a program's whole path such as /usr/bin/backup, without *",
);
export const clusterName = expecting(
  z.string().regex(/^[\w.:@/-]{1,253}$/),
  'a name of at most 253 letters, digits and . _ : @ / -',
);
export const nodeName = expecting(
  z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/),
  "a node's name: at most 253 small letters, digits, . and -",
);
export const namespace = expecting(
  z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  "a namespace's name: at most 63 small letters, digits and -",
);
export const principal = expecting(
  z
    .string()
    .max(512)
    .regex(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/),
  'system:serviceaccount:<namespace>:<name>',
);
export const cidr = expecting(z.string().refine(isCidr), 'a CIDR such as 10.244.0.0/16 or fd00:10:244::/56');
export const addressOrCidr = expecting(
  z.string().refine((value) => isAddress(value) || isCidr(value)),
  'an address or CIDR such as 10.0.0.7, 10.0.0.0/24 or fd00::7',
);
export const host = expecting(
  z
    .string()
    .max(253)
    .refine((value) => isAddress(value) || /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(value)),
  'an address or host name',
);
export const loopbackHost = expecting(z.string().refine(isLoopback), 'localhost, ::1 or an address in 127.0.0.0/8');
export const port = expecting(z.int().min(0).max(65_535), 'a port number from 0 (any free one) to 65535');
export const hostAndPort = expecting(
  z
    .string()
    .max(270)
    .regex(/^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?):\d{1,5}$/),
  'a host and its port such as kafka-1.example:9092',
);
/** Of a `hostAndPort`. */
export function splitHostAndPort(value: string): { host: string; port: number } {
  const colon = value.lastIndexOf(':');
  return { host: value.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(value.slice(colon + 1)) };
}
export const topicName = expecting(
  z.string().regex(/^(?!\.{1,2}$)[\w.-]{1,249}$/),
  'a name of at most 249 letters, digits and . _ -',
);
export const baseUrl = expecting(
  z.string().max(2048).refine(isBaseUrl),
  'an http or https URL without credentials, query or fragment',
);
export const expiry = expecting(
  z.string().refine((value) => expiryOf(value) !== undefined),
  'a day such as 2030-12-31 (to its end, UTC) or a time such as 2030-12-31T12:00:00Z',
);
export const personTokenHash = expecting(
  z.string().regex(/^sha256:[0-9a-f]{64}( (?!truant$|anybody$)[\w.@+-]{1,64})?$/),
  'sha256: and 64 hexadecimal digits, the hash of a token, and if need be a space and the name of whose it is',
);
export const agentTokenHash = expecting(
  z.string().regex(/^sha256:[0-9a-f]{64}( [\w.:@-]{1,253}(\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?)?$/),
  'sha256: and 64 hexadecimal digits, and if need be a space and <cluster> or <cluster>/<node>',
);
export const serviceAccount = expecting(
  z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/),
  'a ServiceAccount as <namespace>/<name>',
);
/** For what must not be read or changed on its way. */
export const secureUrl = expecting(
  z
    .string()
    .max(2048)
    .refine((value) => isBaseUrl(value) && isPrivate(value)),
  'an https URL without credentials, query or fragment',
);

/** Of a server that browsers talk to. */
export const origin = expecting(
  z
    .string()
    .max(2048)
    .refine((value) => isBaseUrl(value) && isPrivate(value) && new URL(value).pathname === '/')
    .transform((value) => new URL(value).origin),
  'an https URL without a path such as https://truant.example',
);
/** Where something is sent to. It may have a query, but no credentials: they belong into headers. */
export const targetUrl = expecting(
  z.string().max(4096).refine(isTargetUrl),
  'an http or https URL without credentials or fragment',
);
export const headerName = expecting(
  z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]{1,128}$/)
    .refine((name) => !FIXED_HEADERS.has(name.toLowerCase())),
  'the name of a header that the request does not have by itself',
);
export const variableName = expecting(z.string().regex(/^[A-Za-z_]\w{0,255}$/), 'the name of an environment variable');
export const outputName = expecting(
  z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  'a name of at most 63 small letters, digits and -',
);
/** @see https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create */
export const indexName = expecting(
  z.string().regex(/^(?![-_+.])[^A-Z\\/*?"<>| ,#:\u0000-\u001f]{1,200}$/),
  "an index's name: small letters, digits, . _ -",
);
export const claimName = expecting(z.string().regex(/^[\w.:/@-]{1,256}$/), 'the name of a claim such as groups');

export function wholeNumber(min: number, max: number, unit = '') {
  return expecting(z.int().min(min).max(max), `a whole number from ${min} to ${max}${unit && ` ${unit}`}`);
}

/** When an exception ends; undefined if the text is no such time. */
export function expiryOf(value: string): Micros | undefined {
  return parseTime(/^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T23:59:59Z` : value);
}

export function isLoopback(value: string): boolean {
  return value === 'localhost' || value === '::1' || (isIPv4(value) && value.startsWith('127.'));
}

/**
 * Whether a request to this machine alone really means it: a web page can have its own name resolve to 127.0.0.1 (DNS
 * rebinding), and would then read everything through its visitor's browser.
 */
export function namesLoopback(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1'));
}

/** Whether nobody on the network can read or change what goes there: TLS, or this machine itself. */
export function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

function isCidr(value: string): boolean {
  const [address = '', length = '', ...rest] = value.split('/');
  if (rest.length > 0 || !isAddress(address) || !/^(0|[1-9]\d{0,2})$/.test(length)) return false;
  return Number(length) <= (isIPv4(address) ? 32 : 128);
}

function isTargetUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { username, password, hash, protocol } = new URL(value);
  return username === '' && password === '' && hash === '' && (protocol === 'http:' || protocol === 'https:');
}

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return bare && (url.protocol === 'http:' || url.protocol === 'https:');
}
