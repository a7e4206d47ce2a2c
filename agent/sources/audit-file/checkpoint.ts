/** Where in a rotating log the reader stands: what makes a restart neither skip nor read anything twice. */
import { z } from 'zod';
import { Fingerprint } from './fingerprint.ts';

/** A file as it was known, and how far it was read. */
export const Place = z.strictObject({
  /** The file's name then; rotation may have changed it since. */
  name: z.string().min(1).max(255),
  /** Decimal, as they may exceed what a double holds. */
  dev: z.string().regex(/^\d{1,20}$/),
  ino: z.string().regex(/^\d{1,20}$/),
  fingerprint: Fingerprint,
  /** Bytes of (decompressed) content that are dealt with; always the start of a line. */
  offset: z.int().nonnegative(),
});
export type Place = z.infer<typeof Place>;

export const AuditCheckpoint = z.strictObject({
  version: z.literal(1),
  /** The newest rotated file that is behind the reader, read or, on a first start at the end, passed over. */
  after: Place.nullable(),
  /** The file being read. Null: the next to read is the oldest that is newer than `after`, from its first byte. */
  file: Place.nullable(),
});
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;
