/** Certificates and keys in files that others replace while we run: cert-manager, the kubelet, people. */
import { readFile } from 'node:fs/promises';
import { TruantError } from '../errors.ts';

export interface TlsFiles {
  /** PEM: the CAs to trust. */
  caFile?: string | undefined;
  /** PEM: the own certificate and what it was signed with. */
  certFile?: string | undefined;
  /** PEM: its private key. */
  keyFile?: string | undefined;
}

/** What the files hold. */
export interface TlsMaterial {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

export const MIN_TLS = 'TLSv1.2';

/** @throws TruantError INPUT_UNREADABLE, which names the file */
export async function readTlsFiles({ caFile, certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  // OpenSSL takes such a file, and then trusts nobody.
  if (ca && !CERTIFICATE.test(ca.toString('latin1'))) {
    throw new TruantError('INPUT_UNREADABLE', `${caFile} has no certificate`, {
      remedy: 'Put the certificates of the CAs there, as PEM.',
    });
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

export const isSameMaterial = (a: TlsMaterial, b: TlsMaterial): boolean =>
  isSame(a.ca, b.ca) && isSame(a.cert, b.cert) && isSame(a.key, b.key);

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.equals(b));

async function read(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new TruantError('INPUT_UNREADABLE', `${file} can't be read: ${(cause as Error).message}`, {
      cause,
      remedy: `Put a PEM file there that Truant's user may read.`,
    });
  }
}
