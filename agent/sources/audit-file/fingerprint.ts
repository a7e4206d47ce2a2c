/**
 * A file's identity by its content: a hash of its first bytes. It survives rename, compression and another file system, and
 * tells a re-used inode from the file that had it. Audit lines begin with ids and times, so no two files begin alike.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

export const HEAD_BYTES = 1024;

export const Fingerprint = z.strictObject({
  /** How many bytes were hashed: fewer than HEAD_BYTES while the file was still shorter. */
  length: z.int().min(0).max(HEAD_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Fingerprint = z.infer<typeof Fingerprint>;

export function fingerprintOf(head: Buffer): Fingerprint {
  const bytes = head.subarray(0, HEAD_BYTES);
  const sha256 = createHash('sha256').update(`${bytes.length}:`).update(bytes).digest('hex');
  return { length: bytes.length, sha256 };
}

/** Whether these first bytes are enough to tell a file by: until its first line is whole, any other may begin like that. */
export const isTelling = (head: Buffer): boolean => head.length >= HEAD_BYTES || head.includes(0x0a);

/** Whether a file that begins with `head` is the one that had this fingerprint. An empty fingerprint tells nothing. */
export function hasFingerprint(head: Buffer, fingerprint: Fingerprint): boolean {
  if (fingerprint.length === 0 || head.length < fingerprint.length) return false;
  return fingerprintOf(head.subarray(0, fingerprint.length)).sha256 === fingerprint.sha256;
}
