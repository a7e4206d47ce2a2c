/** The source in a process of its own, which is denied something that the kernel gives to others. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TokenFilesStatus } from '../../agent/sources/token-files/troubles.ts';
import type { TokenFileLine } from '../../shared/schema/token-open.ts';
import { type Compiled, compile } from '../support/compile.ts';
import { canMount, Kubelet, tokenOf } from './support/kubelet.ts';

const LIMIT = '/proc/sys/user/max_inotify_watches';
const canLimit = spawnSync('unshare', ['-Ur', 'sh', '-c', `echo 5 > ${LIMIT}`]).status === 0;

let compiled: Compiled;
let kubelet: Kubelet;
let child: ChildProcess | undefined;
let said: (Partial<TokenFilesStatus> & Partial<TokenFileLine> & { started?: true })[];

beforeAll(() => {
  compiled = compile('test/token-files/support/run-source.ts');
});
afterAll(() => compiled.dispose());
beforeEach(() => {
  kubelet = new Kubelet();
  said = [];
});
afterEach(async () => {
  if (child?.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  kubelet.dispose();
});

/** @param within a command that runs the one after it */
function run(within: string[], pollMs: number): ChildProcess {
  const args = [...within, process.execPath, compiled.script, kubelet.pods, String(pollMs)];
  child = spawn('env', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => said.push(JSON.parse(line)));
  return child;
}

const shortly = (assertion: () => void): Promise<void> => vi.waitFor(assertion, { timeout: 25_000, interval: 10 });
const tokens = (): string[] => said.filter(({ event }) => event).map(({ event, claims }) => `${event} ${claims?.jti}`);
const reasons = (): string[] => said.filter(({ status }) => status).map(({ status, reason }) => `${status} ${reason}`);

describe('a source in a process of its own', () => {
  test('ends with nothing left to wait for once it is stopped', async () => {
    kubelet.write('pod-a', 'v', { token: tokenOf('1') });
    // Something stays to be looked at again.
    mkdirSync(kubelet.pathOf('pod-b', 'empty'), { recursive: true });
    const source = run([], 600_000);
    await shortly(() => expect(said.at(-1)).toEqual({ started: true }));
    source.kill('SIGTERM');
    expect(await once(source, 'exit')).toEqual([0, null]);
    expect(tokens()).toEqual(['present 1']);
  });

  test.runIf(canLimit)(
    'without inotify watches left it says so, and goes on by looking (user namespaces)',
    async () => {
      for (const uid of ['a', 'b', 'c']) kubelet.write(uid, 'v', { token: tokenOf(uid) });
      run(['unshare', '-Ur', 'sh', '-c', `echo 5 > ${LIMIT}; exec "$@"`, 'sh'], 50);
      await shortly(() => expect(reasons()).toContain('blind watches-exhausted'));
      expect(said.find(({ reason }) => reason === 'watches-exhausted')?.detail).toMatch(
        /raise fs.inotify.max_user_watches/,
      );
      for (const uid of ['a', 'b', 'c', 'd']) kubelet.write(uid, 'v', { token: tokenOf(`${uid}-2`) });
      await shortly(() => expect(tokens()).toHaveLength(7));
      expect(tokens().slice(3).sort()).toEqual(['appeared d-2', 'rotated a-2', 'rotated b-2', 'rotated c-2']);
      // One pod needs no more than there are.
      for (const uid of ['b', 'c', 'd']) kubelet.removePod(uid);
      await shortly(() => expect(reasons().at(-1)).toBe('ok watching'));
    },
  );

  test.runIf(canMount)('where mounts of the node do not come to it, it says so while they last (as root)', async () => {
    run(['unshare', '-m', '--propagation', 'private'], 50);
    await shortly(() => expect(said.at(-1)).toEqual({ started: true }));
    kubelet.write('pod-a', 'v', { token: tokenOf('1') }, { tmpfs: true });
    await shortly(() => expect(reasons()).toEqual(['ok watching', 'blind mounts-hidden']));
    expect(said.at(-1)?.detail).toBe(
      `${kubelet.pathOf('pod-a', 'v')} is mounted on the node, but not here. Mount the folder with mountPropagation: HostToContainer.`,
    );
    kubelet.removePod('pod-a');
    await shortly(() => expect(reasons().at(-1)).toBe('ok watching'));
    expect(tokens()).toEqual([]);
  });
});
