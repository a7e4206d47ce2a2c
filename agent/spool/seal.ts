/** What is written to the spool says by itself whether it is whole: disks and other people's programs do err. */
import { hash } from 'node:crypto';

/** So many bytes of each value are its checksum. */
export const SEAL_BYTES = 8;

/** Fills in the checksum of a value whose first bytes were left free for it. */
export function seal(value: Buffer): Buffer {
  checksum(value).copy(value, 0, 0, SEAL_BYTES);
  return value;
}

export const isWhole = (value: Buffer): boolean =>
  value.length >= SEAL_BYTES && checksum(value).compare(value, 0, SEAL_BYTES, 0, SEAL_BYTES) === 0;

export function sealText(text: string): Buffer {
  const value = Buffer.allocUnsafe(SEAL_BYTES + Buffer.byteLength(text));
  value.write(text, SEAL_BYTES);
  return seal(value);
}

/** Undefined: it is damaged. */
export const textOf = (value: Buffer): string | undefined =>
  isWhole(value) ? value.toString('utf8', SEAL_BYTES) : undefined;

const checksum = (value: Buffer): Buffer => hash('sha1', value.subarray(SEAL_BYTES), 'buffer');
