/** The built command as a process of its own: what only a process has. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fakeCollector } from './fake-collector.ts';
import { placed } from './samples.ts';

const BIN = fileURLToPath(new URL('../../bin/truant.js', import.meta.url));

function start(args: string[]): ChildProcess & { said: { stderr: string } } {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '' } });
  const said = { stderr: '' };
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  return Object.assign(child, { said });
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

describe('the process', () => {
  test('whoever reads may stop reading', async () => {
    const items = Array.from({ length: 200 }, () => placed);
    const collector = await fakeCollector(() => ({ body: { items, next: 'more' } }));
    const child = start(['history', '--json', '--limit', '0', '--url', collector.url]);
    const closed = exitCode(child);
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    expect(await closed).toBe(0);
    expect(child.said.stderr).toBe('');
    await collector.close();
  });

  test('exits with the code that says why', async () => {
    expect(await exitCode(start(['config', 'check']))).toBe(0);
    expect(await exitCode(start(['--nonsense']))).toBe(2);
    expect(await exitCode(start(['config', 'check', '-c', '/nowhere/truant.yaml']))).toBe(3);
  });

  test('writes all of a long answer before it ends', async () => {
    const items = Array.from({ length: 200 }, () => placed);
    const collector = await fakeCollector((url) => ({
      body: { items, next: url.searchParams.has('cursor') ? null : 'more' },
    }));
    const child = start(['history', '--json', '--limit', '0', '--url', collector.url]);
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await exitCode(child)).toBe(0);
    expect(text.match(/\n/g)).toHaveLength(400);
    await collector.close();
  });
});
