import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import { type Compiled, compile } from '../support/compile.ts';
import { idOf, START } from './support/make.ts';

describe('a store whose process was killed', () => {
  let folder: string;
  let file: string;
  let compiled: Compiled;
  const options = { memoryMegabytes: 256, threads: 1, queryTimeoutMs: 10_000, at: START };

  beforeAll(async () => {
    compiled = compile('test/collector/support/commit-loop.ts');
    folder = await mkdtemp(path.join(tmpdir(), 'truant-kill-'));
    file = path.join(folder, 'truant.db');
  });

  afterAll(async () => {
    compiled.dispose();
    await rm(folder, { recursive: true });
  });

  /** Runs the loop until it has stored so many batches, and kills it while it is busy with the next. */
  async function killedAfter(batches: number): Promise<{ from: number; acknowledged: number }> {
    const child = spawn(process.execPath, [compiled.script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let from = Number.NaN;
    let acknowledged = 0;
    let seen = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      if (word === 'from') from = Number(number);
      else acknowledged = Number(number);
      if (word === 'stored' && ++seen === batches) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    return { from, acknowledged };
  }

  // The 7th batch of each run of seven is followed by a checkpoint: some of these kills fall into it.
  test.each([3, 7, 14, 6, 8])(
    'has everything that was acknowledged, and nothing half (after %i batches)',
    async (n) => {
      const { from, acknowledged } = await killedAfter(n);
      expect(acknowledged).toBeGreaterThanOrEqual(from + n * 40);

      const store = await openDuckDbStore({ ...options, path: file });
      const position = (await store.streams())[0]?.position ?? 0;
      expect(position).toBeGreaterThanOrEqual(acknowledged);
      const { observations, undecided } = await store.size();
      expect({ observations, undecided }).toEqual({ observations: position, undecided: 1 });
      expect((await store.alert('a1'))[0]?.revision).toBe(position / 40);
      const newest = await store.uses({}, { limit: 1000 });
      expect(newest.items.map((item) => item.use.id)).toEqual(
        Array.from({ length: Math.min(1000, position) }, (_, back) => idOf(position - 1 - back)),
      );
      await store.close();
    },
  );

  test('is locked while another process has it', async () => {
    const child = spawn(process.execPath, [compiled.script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(openDuckDbStore({ ...options, path: file })).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`in use by another process (pid ${child.pid})`),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await openDuckDbStore({ ...options, path: file })).close();
  });
});
