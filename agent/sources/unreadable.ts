/** Why something can't be read, in words for whoever named it. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
  EIO: 'the device that it is on fails',
  Z_BUF_ERROR: 'it is gzipped, and its end is missing',
  Z_DATA_ERROR: 'it is gzipped, and damaged',
};

export function whyUnreadable(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return WORDS[String((cause as NodeJS.ErrnoException).code)] ?? cause.message;
}
