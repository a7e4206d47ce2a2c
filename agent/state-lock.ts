/**
 * Keeps a state folder to one agent. Node.js offers no lock of the operating system's, so each agent leaves an empty file
 * named by its process, and gives way when it finds another whose process lives. A process is its id and when it started:
 * an id alone is given out again, in a container even the same one at every start. Of two that start at the very same
 * moment both may give way, but never do both go on.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TruantError } from '../shared/errors.ts';

const LOCK = /^lock\.(\d{1,10})\.(\d{1,20})$/;
/** The start of a process where the system doesn't tell it. */
const UNKNOWN = '0';

/**
 * @returns how to give the folder free
 * @throws TruantError STATE_LOCKED when another agent has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = `lock.${process.pid}.${(await startOf(process.pid)) ?? UNKNOWN}`;
  await leave(folder, own);
  const release = (): Promise<void> => rm(join(folder, own), { force: true });
  for (const name of await readdir(folder)) {
    const [, pid = '', start = ''] = LOCK.exec(name) ?? [];
    if (pid === '' || name === own) continue;
    if (await isAlive(Number(pid), start)) {
      await release();
      throw locked(folder, Number(pid));
    }
    await rm(join(folder, name), { force: true });
  }
  return release;
}

async function leave(folder: string, name: string): Promise<void> {
  try {
    const file = await open(join(folder, name), 'wx', 0o600);
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw locked(folder, process.pid);
    throw error;
  }
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return now === undefined || start === UNKNOWN || now === start;
}

/** Ticks since the machine started; of a process that has ended and is still listed: never. Undefined: can't be told. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the name, is in parentheses and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (fields[0] === 'Z' ? 'never' : fields[19]);
}

const locked = (folder: string, pid: number): TruantError =>
  new TruantError('STATE_LOCKED', `The state folder ${folder} is in use by another agent (pid ${pid}).`, {
    remedy: 'Stop that agent first, or give this one a folder of its own in agent.stateDir.',
  });
