/** Reads files and links of /proc into buffers that are made once. */
import { AT_FDCWD, FOLDER_FLAGS, type Libc, READ_FLAGS } from './libc.ts';

/** Of a text that can't be longer (status, stat), or of which the beginning is enough. */
export const SHORT = 4096;
const MAX_PATH = 4096;

/** A file system in user space could keep us waiting for the answer (statx(2)). */
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;
/** Offsets in struct statx. */
const STAT = { size: 40, mtime: 112 };

export class ProcFiles {
  readonly root: string;
  readonly #libc: Libc;
  readonly #buffer = Buffer.alloc(Math.max(SHORT, MAX_PATH));
  readonly #stat = Buffer.alloc(256);
  #large: Buffer | undefined;

  /** @param root `/proc` */
  constructor(libc: Libc, root: string) {
    this.#libc = libc;
    this.root = root;
  }

  /**
   * The folder of a process or thread: what is read below it is of that one, even if its number is given to another.
   *
   * @returns a file descriptor, or undefined when there is none (any more)
   */
  open(pid: number): number | undefined {
    const fd = this.#libc.openat(AT_FDCWD, `${this.root}/${pid}`, FOLDER_FLAGS);
    return fd < 0 ? undefined : fd;
  }

  close(folder: number): void {
    this.#libc.close(folder);
  }

  /** At most `max` (up to `SHORT`) bytes. Undefined: it can't be read. */
  text(folder: number, name: string, max = SHORT): string | undefined {
    const length = this.#read(folder, name, this.#buffer, max);
    return length < 0 ? undefined : this.#buffer.toString('utf8', 0, length);
  }

  /** As `text`, of what has nothing but ASCII to be looked at: several times as fast. */
  ascii(folder: number, name: string): string | undefined {
    const length = this.#read(folder, name, this.#buffer, SHORT);
    return length < 0 ? undefined : this.#buffer.toString('latin1', 0, length);
  }

  /** As `ascii`, but as long as it is, up to `max`; for what is rarely needed. */
  longText(folder: number, name: string, max: number): string | undefined {
    if (!this.#large || this.#large.length < max) this.#large = Buffer.alloc(max);
    const length = this.#read(folder, name, this.#large, max);
    return length < 0 ? undefined : this.#large.toString('latin1', 0, length);
  }

  /** Where a link points to. Undefined: it can't be read. */
  link(folder: number, name: string): string | undefined {
    const length = this.#libc.readlinkat(folder, name, this.#buffer, MAX_PATH);
    return length < 0 ? undefined : this.#buffer.toString('utf8', 0, length);
  }

  /** Size in bytes and time of change in seconds of what a link leads to, as the kernel has them: nobody else is asked. */
  stat(folder: number, name: string): { size: number; mtime: number } | undefined {
    if (this.#libc.statx(folder, name, AT_STATX_DONT_SYNC, STATX_MTIME | STATX_SIZE, this.#stat) < 0) return undefined;
    const seconds = Number(this.#stat.readBigInt64LE(STAT.mtime));
    return {
      size: Number(this.#stat.readBigUInt64LE(STAT.size)),
      mtime: seconds + this.#stat.readUInt32LE(STAT.mtime + 8) / 1e9,
    };
  }

  #read(folder: number, name: string, into: Buffer, max: number): number {
    const fd = this.#libc.openat(folder, name, READ_FLAGS);
    if (fd < 0) return -1;
    let length = 0;
    try {
      // A file of /proc may come in parts; a line of it never does.
      while (length < max) {
        const got = this.#libc.read(fd, into.subarray(length), max - length);
        if (got < 0 && length === 0) return -1;
        if (got <= 0) break;
        length += got;
      }
    } finally {
      this.#libc.close(fd);
    }
    return length;
  }
}
