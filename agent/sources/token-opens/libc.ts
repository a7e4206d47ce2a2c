/** The system calls that the sensor makes. */
import { constants } from 'node:fs';
import { type Errno, loadCalls } from '../../libc.ts';

export interface Libc extends Errno {
  /** @returns a file descriptor */
  openat(folder: number, path: string, flags: number): number;
  close(fd: number): number;
  /** @returns how many bytes were read */
  read(fd: number, into: Buffer, size: number): number;
  write(fd: number, from: Buffer, size: number): number;
  /** @returns how long the target is, at most `size` */
  readlinkat(folder: number, path: string, into: Buffer, size: number): number;
  /** statx(2): one layout on every architecture. */
  statx(folder: number, path: string, flags: number, mask: number, into: Buffer): number;
  /** poll(2). @returns how many are ready */
  poll(fds: Buffer, count: number, timeoutMs: number): number;
  ioctl(fd: number, request: number, into: Buffer): number;
  clock_gettime(clock: number, into: Buffer): number;
  fanotify_init(flags: number, eventFlags: number): number;
  fanotify_mark(group: number, flags: number, mask: bigint, folder: number, path: string): number;
  /** Ends the process with all its threads at once. */
  _exit(code: number): void;
}

const PROTOTYPES = [
  'int openat(int, const char *, int)',
  'int close(int)',
  'intptr_t read(int, void *, size_t)',
  'intptr_t write(int, const void *, size_t)',
  'intptr_t readlinkat(int, const char *, void *, size_t)',
  'int statx(int, const char *, int, unsigned int, void *)',
  'int poll(void *, unsigned long, int)',
  'int ioctl(int, unsigned long, void *)',
  'int clock_gettime(int, void *)',
  'int fanotify_init(unsigned int, unsigned int)',
  'int fanotify_mark(int, unsigned int, uint64_t, int, const char *)',
  'void _exit(int)',
];

/** Structures are laid out here as these have them. */
const ARCHITECTURES = new Set<NodeJS.Architecture>(['x64', 'arm64', 'riscv64', 'loong64']);

/** @throws when this is not a Linux of 64 bits, or koffi has no binary for it */
export async function loadLibc(): Promise<Libc> {
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) {
    throw new Error(`there is no fanotify for ${process.platform} on ${process.arch}`);
  }
  return loadCalls<Libc>(PROTOTYPES);
}

export const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
/** For reading a file of /proc. */
export const READ_FLAGS = constants.O_RDONLY | O_CLOEXEC;
/** A folder to look below: opens nothing, so that nobody is told of it and nothing is waited for (O_PATH in open(2)). */
export const FOLDER_FLAGS = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;

const POLL_IN = 0x1;
const POLL_PRI = 0x2;
const POLL_ERR = 0x8;

/** What to wait for: something to read (an event), or a change (/proc/self/mountinfo, see proc(5)). */
export class Poll {
  readonly #libc: Libc;
  readonly #fds: Buffer;
  readonly #count: number;

  constructor(libc: Libc, fds: readonly { fd: number; for: 'input' | 'change' }[]) {
    this.#libc = libc;
    this.#count = fds.length;
    this.#fds = Buffer.alloc(8 * fds.length);
    for (const [i, { fd, for: what }] of fds.entries()) {
      this.#fds.writeInt32LE(fd, 8 * i);
      this.#fds.writeInt16LE(what === 'input' ? POLL_IN : POLL_PRI | POLL_ERR, 8 * i + 4);
    }
  }

  /** Blocks until one of them is ready, a signal comes or the time is over. @returns whether the first of them is ready */
  wait(timeoutMs: number): boolean {
    return this.#libc.poll(this.#fds, this.#count, timeoutMs) > 0 && this.#fds.readInt16LE(6) !== 0;
  }
}

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

/** Clocks that all threads share, unlike `performance.now`. */
export class Clocks {
  readonly #libc: Libc;
  readonly #time = Buffer.alloc(16);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Microseconds since 1970. */
  now(): number {
    return this.#read(CLOCK_REALTIME, 1_000_000);
  }

  /** Milliseconds since boot, as 32 bits hold them: compare two by `millisBetween`. */
  ticks(): number {
    return this.#read(CLOCK_MONOTONIC, 1000) | 0;
  }

  #read(clock: number, perSecond: number): number {
    this.#libc.clock_gettime(clock, this.#time);
    const seconds = this.#time.readUInt32LE(0) + this.#time.readInt32LE(4) * 2 ** 32;
    return seconds * perSecond + Math.floor(this.#time.readUInt32LE(8) / (1_000_000_000 / perSecond));
  }
}

export const millisBetween = (earlier: number, later: number): number => (later - earlier) | 0;
