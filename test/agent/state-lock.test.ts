import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../agent/state-lock.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'truant-lock-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  rmSync(folder, { recursive: true });
});

async function otherProcess(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log()']);
  children.push(child);
  await once(child.stdout, 'data');
  return child as ChildProcess & { pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

const startOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21] as string;
const left = (pid: number, start: string) => writeFileSync(join(folder, `lock.${pid}.${start}`), '');
const locks = () => readdirSync(folder).filter((name) => name.startsWith('lock.'));
const isLinux = process.platform === 'linux';

describe('the lock of a state folder', () => {
  test('makes the folder, is one file, and goes when it is given free', async () => {
    const release = await lockFolder(join(folder, 'a', 'b'));
    expect(readdirSync(join(folder, 'a', 'b'))).toHaveLength(1);
    await release();
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual([]);
    await (await lockFolder(join(folder, 'a', 'b')))();
  });

  test('is not given twice in one process, and the refused does not take it away', async () => {
    const release = await lockFolder(folder);
    for (let n = 0; n < 2; n += 1) {
      await expect(lockFolder(folder)).rejects.toMatchObject({
        code: 'STATE_LOCKED',
        message: expect.stringContaining(`pid ${process.pid}`),
        remedy: expect.stringContaining('agent.stateDir'),
      });
    }
    await release();
    await (await lockFolder(folder))();
  });

  test.runIf(isLinux)(
    'another process keeps it while it lives, and not a moment longer (Linux: /proc tells when it began)',
    async () => {
      const other = await otherProcess();
      left(other.pid, startOf(other.pid));
      await expect(lockFolder(folder)).rejects.toMatchObject({
        code: 'STATE_LOCKED',
        message: expect.stringContaining(`pid ${other.pid}`),
      });
      expect(locks()).toEqual([`lock.${other.pid}.${startOf(other.pid)}`]);
      await end(other);
      const release = await lockFolder(folder);
      expect(locks()).toEqual([expect.stringMatching(new RegExp(`^lock\\.${process.pid}\\.`))]);
      await release();
    },
  );

  test.runIf(isLinux)(
    'a process that was given the id of one that is gone does not keep it (Linux: /proc tells when it began)',
    async () => {
      const other = await otherProcess();
      left(other.pid, String(Number(startOf(other.pid)) - 1));
      left(process.pid, String(Number(startOf(process.pid)) - 1));
      const release = await lockFolder(folder);
      expect(locks()).toEqual([`lock.${process.pid}.${startOf(process.pid)}`]);
      await release();
    },
  );

  test('where the start of a process cannot be known, its id alone counts', async () => {
    const other = await otherProcess();
    left(other.pid, '0');
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await end(other);
    await (await lockFolder(folder))();
  });

  test('leaves alone whatever else is in the folder', async () => {
    const names = ['lock', 'lock.x.1', 'lock.1', 'audit-file.json'];
    for (const name of names) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'lock.d'));
    await (await lockFolder(folder))();
    expect(readdirSync(folder).toSorted()).toEqual([...names, 'lock.d'].toSorted());
  });
});
