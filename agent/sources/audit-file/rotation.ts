/**
 * The names of rotated logs. kube-apiserver renames `audit.log` to `audit-2026-11-23T18-58-00.048.log` (UTC), logrotate to
 * `audit.log.1`, moving the older ones on to `.2` and so on. Either may be compressed to the same name with `.gz`.
 */

export interface RotatedName {
  /** What the file was called while it was written. */
  live: string;
  /** When it was rotated, as in its name, which sorts by itself. */
  time?: string;
  /** The higher, the older. */
  number?: number;
  compressed: boolean;
}

const TIMED = /^(.+)-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})(\.[^.]+)?(\.gz)?$/;
const NUMBERED = /^(.+)\.(\d{1,9})(\.gz)?$/;

/** Undefined when the name is not that of a rotated file. */
export function parseRotatedName(name: string): RotatedName | undefined {
  const timed = TIMED.exec(name);
  if (timed) {
    const [, prefix, time, extension = '', gz] = timed as unknown as [string, string, string, string?, string?];
    // `audit-<time>.gz` is what becomes of a log without an extension
    if (extension === '.gz' && gz === undefined) return { live: prefix, time, compressed: true };
    return { live: prefix + extension, time, compressed: gz !== undefined };
  }
  const numbered = NUMBERED.exec(name);
  if (!numbered) return undefined;
  return { live: numbered[1] as string, number: Number(numbered[2]), compressed: numbered[3] !== undefined };
}

/** Oldest first. */
export function compareRotated(a: RotatedName, b: RotatedName): number {
  if (a.time !== undefined && b.time !== undefined) return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
  if (a.number !== undefined && b.number !== undefined) return b.number - a.number;
  return a.time !== undefined ? -1 : 1;
}

/** False unless both names tell a time. */
export function isOlderByTime(name: string, than: string): boolean {
  const [time, other] = [parseRotatedName(name)?.time, parseRotatedName(than)?.time];
  return time !== undefined && other !== undefined && time < other;
}
