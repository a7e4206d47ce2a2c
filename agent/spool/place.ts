/**
 * The folder that a spool is in. LMDB maps its file into memory: a file that is cut short or scrambled can end the process
 * when it is read. So what can be told beforehand is, and a file that the process did not survive is not tried for ever.
 */
import { lstat, mkdir, open, readFile, rename, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The file in it that holds everything. */
const DATA = 'data.mdb';
/** Where LMDB keeps who reads and writes, mapped into memory. */
const LOCKS = 'lock.mdb';
/** Room for all readers that LMDB provides for. */
const LOCK_BYTES = 16_384;
/** How often opening it has begun since it last came to an end. */
const MARK = 'opening';
const MOST_TRIES = 3;
const ROOM_TO_BEGIN = 1024 * 1024;

/** Where LMDB's first page says what the file is (mdb.c, MDB_meta; little-endian). */
const MAGIC = { at: 24, value: 0xbeefc0de };
const VERSION = { at: 28, value: 2 };
const PAGE_SIZE = 48;
const LAST_PAGE = 144;
const HEADER = 152;

/**
 * Makes it ready to be opened, and marks that it is about to be.
 *
 * @returns why what is there can't be used; it is to be set aside then
 * @throws an error of the system's when it can't be read or written
 */
export async function prepare(folder: string): Promise<string | undefined> {
  const found = await lstat(folder).catch(unlessMissing);
  if (found && !found.isDirectory()) return 'it is no folder';
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await clearLocks(join(folder, LOCKS));
  const data = join(folder, DATA);
  const file = await lstat(data).catch(unlessMissing);
  if (!file) {
    await haveRoom(folder);
    return undefined;
  }
  if (!file.isFile()) return `${DATA} is no file`;
  const problem = await examine(data, file.size);
  return problem ?? (await mark(join(folder, MARK)));
}

/** LMDB ends the process when it can't write a new file's first pages. */
async function haveRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < ROOM_TO_BEGIN) throw new Error('less than 1 MB is free on its disk');
}

/** It was opened, and read to its end. */
export const succeeded = (folder: string): Promise<void> => rm(join(folder, MARK), { recursive: true, force: true });

/** @returns where it is now; only the newest is kept */
export async function setAside(folder: string): Promise<string> {
  const aside = `${folder}.corrupt`;
  await rm(aside, { recursive: true, force: true });
  await rename(folder, aside);
  return aside;
}

/**
 * Nobody else has it, so whatever it says of others is old. Written over, not made anew: what has no place on a full disk
 * would end the process when it is written to in memory.
 */
async function clearLocks(path: string): Promise<void> {
  const found = await lstat(path).catch(unlessMissing);
  if (found && !found.isFile()) await rm(path, { recursive: true });
  const file = await open(path, found?.isFile() ? 'r+' : 'w', 0o600);
  try {
    await file.write(Buffer.alloc(LOCK_BYTES), 0, LOCK_BYTES, 0);
    await file.truncate(LOCK_BYTES);
  } finally {
    await file.close();
  }
}

async function examine(data: string, size: number): Promise<string | undefined> {
  const header = Buffer.alloc(HEADER);
  const file = await open(data, 'r');
  try {
    const { bytesRead } = await file.read(header, 0, HEADER, 0);
    if (bytesRead < HEADER) return `${DATA} is too short`;
  } finally {
    await file.close();
  }
  if (header.readUInt32LE(MAGIC.at) !== MAGIC.value) return `${DATA} is not of LMDB`;
  if ((header.readUInt32LE(VERSION.at) & 0xffff) !== VERSION.value) return `${DATA} is of another version of LMDB`;
  const pageSize = header.readUInt32LE(PAGE_SIZE);
  if (![4096, 8192, 16_384, 32_768, 65_536].includes(pageSize)) return `${DATA} has pages of ${pageSize} bytes`;
  const needed = await wholeSize(data, header, pageSize);
  if (needed === undefined) return `${DATA} says of itself what can't be`;
  // Pages at the end that are free may never have been written. Others that are missing are found to be empty then, where
  // reading them would end the process.
  if (size < needed) await truncate(data, needed);
  return undefined;
}

/** So long is the file by the larger of its two first pages. Undefined: by its own word it is larger than can be. */
async function wholeSize(data: string, first: Buffer, pageSize: number): Promise<number | undefined> {
  const second = Buffer.alloc(HEADER);
  const file = await open(data, 'r');
  try {
    await file.read(second, 0, HEADER, pageSize);
  } finally {
    await file.close();
  }
  const lastPage = [first, second].map((page) => page.readBigUInt64LE(LAST_PAGE)).reduce((a, b) => (a > b ? a : b));
  return lastPage > MOST_BYTES / BigInt(pageSize) ? undefined : (Number(lastPage) + 1) * pageSize;
}

/** Far more than any spool may hold (`agent.spool.maxMegabytes`). */
const MOST_BYTES = 2n ** 42n;

async function mark(path: string): Promise<string | undefined> {
  const tries = Number.parseInt(await readFile(path, 'utf8').catch(() => '0'), 10) || 0;
  if (tries >= MOST_TRIES) return `the agent came to its end ${tries} times while it was opened`;
  // With a full disk it is not marked; it is opened all the same.
  await writeFile(path, `${tries + 1}\n`, { mode: 0o600 }).catch(() => undefined);
  return undefined;
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
