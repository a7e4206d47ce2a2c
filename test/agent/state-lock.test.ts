import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { lockFolder } from '../../agent/state-lock.ts';
import { type Compiled, compile } from '../support/compile.ts';

let folder: string;
let compiled: Compiled;
const children: ChildProcess[] = [];

beforeAll(() => {
  compiled = compile('test/agent/support/lock-holder.ts');
});

afterAll(() => compiled.dispose());

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'truant-lock-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  rmSync(folder, { recursive: true });
});

/** A process that holds the lock, or says why it doesn't. */
async function holder(...before: string[]): Promise<{ child: ChildProcess; said: string }> {
  const words = [...before, process.execPath, compiled.script, folder];
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const expectLocked = () => expect(lockFolder(folder)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
const NAMESPACES = ['unshare', '--pid', '--fork', '--kill-child'];
const noNamespaces = spawnSync('unshare', [...NAMESPACES.slice(1), 'true']).status !== 0;

describe('the lock of a state folder', () => {
  test('makes the folder, and is given free', async () => {
    const inner = path.join(folder, 'a', 'b');
    const lock = await lockFolder(inner);
    expect(readdirSync(inner)).toEqual(['lock']);
    expect(lock.unguarded).toBeUndefined();
    lock.release();
    lock.release();
    (await lockFolder(inner)).release();
  });

  test('says who has it, to people', async () => {
    const lock = await lockFolder(folder);
    expect(readFileSync(path.join(folder, 'lock'), 'utf8')).toMatch(/^pid \d+ on \S+ since 20\S+Z\n$/);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      message: expect.stringContaining(`pid ${process.pid}`),
      remedy: expect.stringContaining('agent.stateDir'),
    });
    lock.release();
  });

  test('is not given twice in one process, and the refused does not take it away', async () => {
    const lock = await lockFolder(folder);
    for (let n = 0; n < 3; n += 1) await expectLocked();
    lock.release();
    (await lockFolder(folder)).release();
  });

  test('is held by another process while it lives, and not a moment longer', async () => {
    const { child, said } = await holder();
    expect(said).toBe('locked');
    await expectLocked();
    await end(child);
    (await lockFolder(folder)).release();
  });

  test('is refused to another process', async () => {
    const lock = await lockFolder(folder);
    expect((await holder()).said).toBe('STATE_LOCKED');
    lock.release();
  });

  test.skipIf(noNamespaces)(
    `is seen from another namespace of processes, where nobody's id says anything${noNamespaces ? ' (skipped: needs unshare --pid)' : ''}`,
    async () => {
      const { child, said } = await holder(...NAMESPACES);
      expect(said).toBe('locked');
      await expectLocked();
      await end(child);
      // Its child is killed by the kernel, a moment after it.
      await vi.waitFor(async () => (await lockFolder(folder)).release(), { timeout: 20_000 });
    },
  );

  test.each([
    ['a lock of an agent that was killed', 'pid 1 on node-a since 2026-11-23T18:00:00.000Z\n'],
    ['anything', '\u0000\u001b[31m'],
  ])('does not mind what is in its file: %s', async (_what, content) => {
    writeFileSync(path.join(folder, 'lock'), content);
    const lock = await lockFolder(folder);
    expect(lock.unguarded).toBeUndefined();
    lock.release();
  });

  test('does not repeat what is in its file where it says nothing', async () => {
    const lock = await lockFolder(folder);
    writeFileSync(path.join(folder, 'lock'), '\u001b[31mred');
    await expect(lockFolder(folder)).rejects.toMatchObject({ message: expect.not.stringContaining('\u001b') });
    lock.release();
  });

  test('can not be had where its file can not be', async () => {
    mkdirSync(path.join(folder, 'lock'));
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test('says that it keeps nobody out where there are no locks', async () => {
    const none = await lockFolder(folder, () => Promise.reject(new Error('no koffi')));
    expect(none.unguarded).toMatch(/^Nothing keeps another agent from using the state folder .*no koffi\.$/);
    none.release();
    const refused = await lockFolder(folder, () => Promise.resolve({ flock: () => -1, errno: () => 37 }));
    expect(refused.unguarded).toMatch(/its file system takes no locks/);
    refused.release();
  });
});
