import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { use } from '../collector/support/make.ts';
import { type Compiled, compile } from '../support/compile.ts';
import { ALL, close, ids, opened, place } from './support/open.ts';

const KILLS = 30;

let compiled: Compiled;
beforeAll(() => {
  compiled = compile('test/spool/support/put-loop.ts');
});
afterAll(() => compiled.dispose());

interface Said {
  uuid: string;
  /** So many were on disk, by its own word. */
  durable: number;
  /** Position of the last that it delivered. */
  delivered: number;
}

/** Kills it after so many lines, whatever it is doing then. */
async function killedAfter(folder: string, lines: number): Promise<Said> {
  const child = spawn(process.execPath, [compiled.script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said: Said = { uuid: '', durable: 0, delivered: -1 };
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'open') {
      said.uuid = first;
      said.durable = Number(second);
    } else if (word === 'durable') said.durable = Number(first);
    else said.delivered = Number(second);
    expect(word).not.toBe('damaged');
    seen += 1;
    if (seen === lines) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return said;
}

test(`a spool whose process is killed ${KILLS} times has all that was on disk, in order, once, and nothing half`, async () => {
  const folder = place();
  let uuid: string | undefined;
  let delivered = -1;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const said = await killedAfter(folder, 1 + ((kill * 7) % 23));
    uuid ??= said.uuid;
    delivered = Math.max(delivered, said.delivered);
    const spool = await opened(folder);
    expect(spool.uuid).toBe(uuid);
    expect(spool.setAside).toBeUndefined();
    // The place in the log, the records and what is held are of one moment.
    const put = spool.checkpoint ?? 0;
    expect(put).toBeGreaterThanOrEqual(said.durable);
    const records = spool.read(ALL);
    const first = records[0]?.position ?? put;
    expect(first).toBeLessThanOrEqual(delivered + 1);
    expect(records.map(({ position }) => position)).toEqual(Array.from({ length: put - first }, (_, n) => first + n));
    expect(ids(records)).toEqual(records.map(({ position }) => use(position).id));
    expect([...spool.held].map(([name, { observation }]) => [name, observation.id])).toEqual(
      put === 0 ? [] : [[`held-${put}`, use(put).id]],
    );
    await close(spool);
  }
}, 180_000);
