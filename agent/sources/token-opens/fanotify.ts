/**
 * fanotify(7): the kernel tells of opens on marked filesystems. A permission event holds the opener until it is answered,
 * so that its /proc is there to be read; a notification event tells of an open that has been.
 *
 * Numbers are those of Linux' `include/uapi/linux/fanotify.h`. Sources: fanotify(7), fanotify_init(2), fanotify_mark(2).
 */
import { errorName } from '../../libc.ts';
import type { Libc } from './libc.ts';

const FAN_CLOSE_WRITE = 0x8n;
const FAN_OPEN = 0x20n;
const FAN_OPEN_PERM = 0x10000n;

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_CLASS_NOTIF = 0x0;
const FAN_CLASS_CONTENT = 0x4;
/** Our own bound is lower than the system's, which all of root's programs share. */
const FAN_UNLIMITED_MARKS = 0x20;
const FAN_REPORT_TID = 0x100;

const FAN_MARK_ADD = 0x1;
const FAN_MARK_FILESYSTEM = 0x100;

const FAN_ALLOW = 1;
const FAN_DENY = 2;

const EVENT_BYTES = 24;
const FIONREAD = 0x541b;
/** O_RDONLY | O_CLOEXEC, for the descriptors that come with events. */
const EVENT_FLAGS = 0o2000000;

/** What is in a mask, of what we ask for. */
export const OVERFLOW = 0x4000;
export const CLOSED_AFTER_WRITE = Number(FAN_CLOSE_WRITE);
export const PERMISSION = Number(FAN_OPEN_PERM);

export interface FanotifyEvent {
  mask: number;
  /** Of the file that was opened, at its beginning; ours to close. -1: there is none (overflow). */
  fd: number;
  /** A thread's where openers are held, else a process's; 0: it is in no pid namespace of ours. */
  pid: number;
  /** The group that it came from, and that an answer goes to. */
  group: number;
}

/** A call was refused. `code`: `EPERM` and the like. */
export class FanotifyError extends Error {
  override readonly name = 'FanotifyError';
  readonly code: string;

  constructor(call: string, errno: number) {
    super(`${call}: ${errorName(errno)}`);
    this.code = errorName(errno);
  }
}

/** The groups that share the volumes among them. `fs.fanotify.max_user_groups` is 128. */
const GROUPS = 16;

/**
 * Several, since each answer wakes all who wait in the same group: a thousand threads that wait together make an answer
 * take a millisecond. Whoever opens without end so slows down its own group, not all of the node.
 *
 * @returns at least one
 * @throws FanotifyError
 */
export function openGroups(libc: Libc, holdsOpeners: boolean): number[] {
  const groups = [openGroup(libc, holdsOpeners)];
  try {
    while (groups.length < GROUPS) groups.push(openGroup(libc, holdsOpeners));
  } catch (error) {
    if (!(error instanceof FanotifyError)) throw error;
  }
  return groups;
}

/**
 * The queue keeps the kernel's limit (16,384 events, `fs.fanotify.max_queued_events`): what is beyond it is let through
 * and told as an overflow, so that openers without end can't take the node's memory.
 *
 * With threads held, their numbers are asked for (FAN_REPORT_TID): the thread that waits is there for sure, while its
 * process's first thread may have ended. Where nobody waits, the process is likelier to be still there.
 *
 * @returns the group's file descriptor, for all threads of the process
 * @throws FanotifyError
 */
function openGroup(libc: Libc, holdsOpeners: boolean): number {
  const flags = holdsOpeners ? FAN_CLASS_CONTENT | FAN_REPORT_TID : FAN_CLASS_NOTIF;
  const fd = libc.fanotify_init(FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | flags, EVENT_FLAGS);
  if (fd < 0) throw new FanotifyError('fanotify_init', libc.errno());
  return fd;
}

/**
 * Marks the whole filesystem that `folder` is in, whatever mount it is opened through. Folders are not told of, as
 * FAN_ONDIR is not asked for. The mark goes with the filesystem.
 *
 * @param folder a file descriptor
 * @throws FanotifyError
 */
export function markFilesystem(libc: Libc, group: number, folder: number, holdsOpeners: boolean): void {
  const mask = (holdsOpeners ? FAN_OPEN_PERM : FAN_OPEN) | FAN_CLOSE_WRITE;
  if (libc.fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, folder, '.') < 0) {
    throw new FanotifyError('fanotify_mark', libc.errno());
  }
}

/** A group's events; any number of threads may read them, each goes to one of them. */
export class EventQueue {
  readonly #libc: Libc;
  readonly #group: number;
  readonly #event = Buffer.alloc(EVENT_BYTES);
  readonly #count = Buffer.alloc(4);

  constructor(libc: Libc, group: number) {
    this.#libc = libc;
    this.#group = group;
  }

  /** How many events wait to be read. */
  waiting(): number {
    if (this.#libc.ioctl(this.#group, FIONREAD, this.#count) < 0) return 0;
    return Math.floor(this.#count.readUInt32LE(0) / EVENT_BYTES);
  }

  /** One event at a time, so that what was not read yet can be read by another thread. Undefined: none waits. */
  next(): FanotifyEvent | undefined {
    if (this.#libc.read(this.#group, this.#event, EVENT_BYTES) !== EVENT_BYTES) return undefined;
    return {
      mask: this.#event.readUInt32LE(8),
      fd: this.#event.readInt32LE(16),
      pid: this.#event.readInt32LE(20),
      group: this.#group,
    };
  }
}

/** The answer to a permission event. It fails if the opener was killed while it waited, which is as well. */
export function answer(libc: Libc, { fd, group }: FanotifyEvent, verdict: 'allow' | 'deny'): void {
  const response = Buffer.allocUnsafe(8);
  response.writeInt32LE(fd, 0);
  response.writeUInt32LE(verdict === 'allow' ? FAN_ALLOW : FAN_DENY, 4);
  libc.write(group, response, 8);
}
