/**
 * Certificates made at run time: a CA of a test's own, and what it signs. Written in DER by hand, as Node.js can read
 * certificates but make none, and not every machine has openssl.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

export interface Issued {
  /** PEM */
  cert: string;
  key: string;
}

export interface Parts {
  dns?: string[];
  /** IPv4 */
  ip?: string[];
  uri?: string[];
  from?: Date;
  to?: Date;
}

const DAY_MS = 86_400_000;
/** Tags of DER. */
const [BOOLEAN, INTEGER, BITS, OCTETS, OID, TEXT, TIME, SEQUENCE, SET] = [1, 2, 3, 4, 6, 12, 24, 0x30, 0x31];
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALTERNATIVE_NAME = oid('551d11');

export class Authority {
  readonly #name: Buffer;
  readonly #key: KeyObject;
  readonly pem: string;

  constructor(name = 'a CA of a test') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = distinguished(name);
    this.#key = privateKey;
    const isAuthority = der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff])));
    const constraints = der(SEQUENCE, BASIC_CONSTRAINTS, der(BOOLEAN, Buffer.from([0xff])), der(OCTETS, isAuthority));
    this.pem = this.#certify(this.#name, publicKey, [constraints], {});
  }

  issue(parts: Parts): Issued {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { dns = [], ip = [], uri = [] } = parts;
    const names = [
      ...dns.map((name) => der(0x82, Buffer.from(name))),
      ...uri.map((name) => der(0x86, Buffer.from(name))),
      ...ip.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
    ];
    const extensions =
      names.length === 0 ? [] : [der(SEQUENCE, ALTERNATIVE_NAME, der(OCTETS, der(SEQUENCE, ...names)))];
    return {
      cert: this.#certify(distinguished('issued for a test'), publicKey, extensions, parts),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #certify(subject: Buffer, publicKey: KeyObject, extensions: Buffer[], { from, to }: Parts): string {
    const now = Date.now();
    const toBeSigned = der(
      SEQUENCE,
      der(0xa0, der(INTEGER, Buffer.from([2]))),
      der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ECDSA_WITH_SHA256,
      this.#name,
      der(SEQUENCE, time(from ?? new Date(now - DAY_MS)), time(to ?? new Date(now + DAY_MS))),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length > 0 ? [der(0xa3, der(SEQUENCE, ...extensions))] : []),
    );
    const signature = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, this.#key)]);
    return new X509Certificate(der(SEQUENCE, toBeSigned, ECDSA_WITH_SHA256, der(BITS, signature))).toString();
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function oid(hex: string): Buffer {
  return der(OID, Buffer.from(hex, 'hex'));
}

const distinguished = (name: string): Buffer =>
  der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(TEXT, Buffer.from(name)))));

/** 20300131120000Z */
const time = (date: Date): Buffer =>
  der(TIME, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`));
