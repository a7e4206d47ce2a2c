/** The live log and its rotated siblings as they are in their folder just now, and finding a remembered file among them. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Place } from './checkpoint.ts';
import { isDamaged, openContent } from './content.ts';
import { fingerprintOf, hasFingerprint } from './fingerprint.ts';
import { compareRotated, parseRotatedName, type RotatedName } from './rotation.ts';

export interface LogFile {
  name: string;
  path: string;
  dev: string;
  ino: string;
  /** As stored: compressed, if it is. */
  size: number;
  compressed: boolean;
}

export interface Listing {
  /** Oldest first. */
  rotated: LogFile[];
  live: LogFile | undefined;
}

export interface FileId {
  dev: string;
  ino: string;
}

export const isSameFile = (a: FileId, b: FileId): boolean => a.dev === b.dev && a.ino === b.ino;

/** Empty while the folder or the files aren't there; rejects when they can't be looked at. */
export async function listLogs(livePath: string): Promise<Listing> {
  const folder = dirname(livePath);
  const names = await readdir(folder).catch(unlessMissing([]));
  const rotated = await Promise.all(
    rotatedNames(basename(livePath), names).map(({ name, compressed }) => describe(join(folder, name), compressed)),
  );
  return { rotated: rotated.filter((file) => file !== undefined), live: await describe(livePath, false) };
}

export const statLog = (livePath: string): Promise<LogFile | undefined> => describe(livePath, false);

async function describe(path: string, compressed: boolean): Promise<LogFile | undefined> {
  const found = await stat(path, { bigint: true }).catch(unlessMissing(undefined));
  if (!found?.isFile()) return undefined;
  const { dev, ino, size } = found;
  return { name: basename(path), path, dev: String(dev), ino: String(ino), size: Number(size), compressed };
}

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const unlessMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isMissing(error)) return instead;
    throw error;
  };

/** Oldest first; of a file that is being compressed, the plain one, as the other isn't whole yet. */
function rotatedNames(live: string, names: string[]): (RotatedName & { name: string })[] {
  const found = new Map<string, RotatedName & { name: string }>();
  for (const name of names) {
    const parsed = parseRotatedName(name);
    if (parsed?.live !== live) continue;
    const key = parsed.time ?? String(parsed.number);
    if (!parsed.compressed || !found.has(key)) found.set(key, { ...parsed, name });
  }
  const all = [...found.values()].sort(compareRotated);
  // numbered copies beside the API server's own rotation are somebody's backups
  return all.some((file) => file.time !== undefined) ? all.filter((file) => file.time !== undefined) : all;
}

/** The first bytes; none of a file that has gone or is damaged. */
export async function readHead(file: LogFile): Promise<Buffer> {
  try {
    const content = await openContent(file.path, file.compressed);
    await content.close();
    return content.head;
  } catch (error) {
    if (isMissing(error) || isDamaged(error)) return Buffer.alloc(0);
    throw error;
  }
}

/** A file as it is now, at its end if that is known. */
export async function placeOfFile(file: LogFile): Promise<Place> {
  const { name, dev, ino, size, compressed } = file;
  return { name, dev, ino, fingerprint: fingerprintOf(await readHead(file)), offset: compressed ? 0 : size };
}

/** The file that `place` speaks of: by inode if it still is the same content, else by content alone, first come first. */
export async function findPlace(files: LogFile[], place: Place): Promise<LogFile | undefined> {
  const byInode = files.find((file) => isSameFile(file, place));
  for (const file of byInode ? [byInode, ...files] : files) {
    if (hasFingerprint(await readHead(file), place.fingerprint)) return file;
  }
  return place.fingerprint.length === 0 ? byInode : undefined;
}

/** Those of `rotated` (oldest first) that came after `after`. */
export async function newerThan(rotated: LogFile[], after: Place | null): Promise<LogFile[]> {
  if (!after) return rotated;
  const time = parseRotatedName(after.name)?.time;
  if (time !== undefined) return rotated.filter((file) => (parseRotatedName(file.name)?.time ?? '') > time);
  // Numbers move on with each rotation, so only the content tells. If it's gone, so are all before it.
  const known = await findPlace([...rotated].reverse(), after);
  return known ? rotated.slice(rotated.indexOf(known) + 1) : rotated;
}
