/**
 * Keeps a state folder to one agent, by a lock of the kernel's on a file in it: it sees through namespaces of processes,
 * is held for as long as the process lives and gone with it, however that ends. The file stays, and says who had it last.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TruantError } from '../shared/errors.ts';
import { errorName, loadCalls } from './libc.ts';

export interface FolderLock {
  /** Why nothing keeps another agent from the folder, as a sentence. Undefined: it is locked. */
  readonly unguarded: string | undefined;
  /** Idempotent. */
  release(): void;
}

interface Calls {
  flock(fd: number, operation: number): number;
}

const PROTOTYPES = ['int flock(int, int)'];
const LOCK_EX = 2;
const LOCK_NB = 4;

/** @throws TruantError STATE_LOCKED when another agent has it; an error of the system's when it can't be written */
export async function lockFolder(folder: string, load = loadCalls<Calls>): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'lock');
  // A number, not a handle: nothing may close it but the end of the process, or `release`. Not passed on to children.
  const fd = openSync(path, 'a+', 0o600);
  let unguarded: string | undefined;
  try {
    unguarded = await lock(fd, folder, path, load);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let isHeld = true;
  return {
    unguarded,
    release: () => {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

async function lock(fd: number, folder: string, path: string, load: typeof loadCalls<Calls>) {
  let calls: Awaited<ReturnType<typeof load>>;
  try {
    calls = await load(PROTOTYPES);
  } catch (cause) {
    return unguardedBecause(
      folder,
      `flock can't be called here: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  if (calls.flock(fd, LOCK_EX | LOCK_NB) < 0) {
    const name = errorName(calls.errno());
    if (name === 'EAGAIN' || name === 'EWOULDBLOCK') throw locked(folder, holderOf(path));
    return unguardedBecause(folder, `its file system takes no locks: ${name}`);
  }
  ftruncateSync(fd);
  writeSync(fd, `pid ${process.pid} on ${hostname()} since ${new Date().toISOString()}\n`);
  return undefined;
}

/** For people alone: nothing is decided by it. */
const holderOf = (path: string): string =>
  /^[\w .:-]{1,400}/.exec(readFileSync(path, 'utf8'))?.[0] ?? 'which did not say';

const unguardedBecause = (folder: string, why: string): string =>
  `Nothing keeps another agent from using the state folder ${folder} too: ${why}.`;

const locked = (folder: string, holder: string): TruantError =>
  new TruantError('STATE_LOCKED', `The state folder ${folder} is in use by another agent (${holder}).`, {
    remedy: 'Stop that agent first, or give this one a folder of its own in agent.stateDir.',
  });
