/**
 * What is in the files of volumes that are opened: a token's claims, or nothing that matters. Decided by content, never by
 * name, and read through the event's own descriptor: to open anything on a marked filesystem would be to wait for
 * ourselves. What was read once is known until the file changes or its volume goes away.
 */
import { readSync } from 'node:fs';
import { BoundedMap } from '../../../shared/inventory/bounded-map.ts';
import { MAX_TOKEN_BYTES, readClaims } from '../../../shared/normalise/token-claims.ts';
import type { TokenClaims } from '../../../shared/schema/token-open.ts';
import { AT_FDCWD, type Libc } from './libc.ts';
import { deviceKey, pathInVolume, type Volume } from './volumes.ts';

export interface OpenedFile {
  volume: Volume;
  inode: bigint;
  /** As the opener's own mounts have it, at most 4 KB. */
  openedAs: string;
  /** Of the mount that it was opened through. Undefined: the kernel does not say (before 5.8). */
  mountId: number | undefined;
  isEmpty: boolean;
  /** Null: there is no token in it. */
  claims: TokenClaims | null;
  /** Its state when it was looked at. */
  stamp: string;
}

interface Known {
  stamp: string;
  claims: TokenClaims | null;
  /** Path within the volume, where it was once opened through the kubelet's own mount. */
  path: string | undefined;
}

interface KnownVolume {
  files: BoundedMap<bigint, Known>;
  heldToken: boolean;
}

/** More than are watched. */
const MAX_VOLUMES = 8192;
/** A kubelet's volume has some few; what is beyond is read anew each time. */
const MAX_FILES = 64;

const AT_EMPTY_PATH = 0x1000;
/** STATX_BASIC_STATS | STATX_MNT_ID, see statx(2). */
const STATX_MASK = 0x17ff;
const STATX_MNT_ID = 0x1000;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

export class Files {
  readonly #libc: Libc;
  readonly #volumeOf: (device: number) => Volume | undefined;
  readonly #known = new BoundedMap<Volume, KnownVolume>(MAX_VOLUMES);
  readonly #stat = Buffer.alloc(256);
  readonly #link = Buffer.alloc(4096);
  readonly #content = Buffer.alloc(MAX_TOKEN_BYTES);

  constructor(libc: Libc, volumeOf: (device: number) => Volume | undefined) {
    this.#libc = libc;
    this.#volumeOf = volumeOf;
  }

  /** What an event is about. Undefined: no regular file of a volume. Changes nothing of what is remembered. */
  look(fd: number): OpenedFile | undefined {
    const stat = this.#stat;
    if (this.#libc.statx(fd, '', AT_EMPTY_PATH, STATX_MASK, stat) < 0) return undefined;
    // Offsets of struct statx.
    if ((stat.readUInt16LE(28) & S_IFMT) !== S_IFREG) return undefined;
    const volume = this.#volumeOf(deviceKey(stat.readUInt32LE(136), stat.readUInt32LE(140)));
    if (!volume) return undefined;
    const inode = stat.readBigUInt64LE(32);
    const size = stat.readBigUInt64LE(40);
    // Change and modification time, to the nanosecond.
    const stamp = `${size} ${stat.toString('latin1', 96, 108)}${stat.toString('latin1', 112, 124)}`;
    const hasMountId = (stat.readUInt32LE(0) & STATX_MNT_ID) !== 0;
    return {
      volume,
      inode,
      openedAs: this.#linkOf(fd, stat.readUInt32LE(16) === 0),
      mountId: hasMountId ? Number(stat.readBigUInt64LE(144)) : undefined,
      isEmpty: size === 0n,
      claims: this.#claims(fd, volume, inode, stamp, size),
      stamp,
    };
  }

  /** Remembers what was seen. Apart from `look`, since the descriptor may have been taken away in between. */
  keep({ volume, inode, openedAs, stamp, claims, isEmpty }: OpenedFile): void {
    const known = this.#known.touch(volume, () => ({ files: new BoundedMap(MAX_FILES), heldToken: false }));
    if (claims) known.heldToken = true;
    const { files } = known;
    const former = files.peek(inode);
    if (former?.stamp === stamp) return;
    const path = openedAs.startsWith(`${volume.mountPoint}/`) ? pathInVolume(openedAs, volume) : former?.path;
    // Of what is empty only the path is worth knowing: whoever opens it is about to fill it.
    files.set(inode, { stamp: isEmpty ? '' : stamp, claims, path });
  }

  /** Whether a token was ever seen in it. */
  holdsToken(volume: Volume): boolean {
    return this.#known.peek(volume)?.heldToken ?? false;
  }

  forget(volume: Volume): void {
    this.#known.delete(volume);
  }

  /** As the host sees it. */
  hostPath({ volume, inode, openedAs }: OpenedFile): string {
    const path = this.#known.peek(volume)?.files.peek(inode)?.path ?? pathInVolume(openedAs, volume);
    return `${volume.path}/${path}`;
  }

  #claims(fd: number, volume: Volume, inode: bigint, stamp: string, size: bigint): TokenClaims | null {
    if (size === 0n || size > MAX_TOKEN_BYTES) return null;
    const known = this.#known.peek(volume)?.files.peek(inode);
    if (known?.stamp === stamp) return known.claims;
    const content = this.#content;
    try {
      const length = readSync(fd, content, 0, content.length, 0);
      return readClaims(content.subarray(0, length)) ?? null;
    } catch {
      return null;
    } finally {
      content.fill(0);
    }
  }

  #linkOf(fd: number, isUnlinked: boolean): string {
    const length = this.#libc.readlinkat(AT_FDCWD, `/proc/self/fd/${fd}`, this.#link, this.#link.length);
    const path = this.#link.toString('utf8', 0, Math.max(0, length));
    return isUnlinked ? path.replace(/ \(deleted\)$/, '') : path;
  }
}
