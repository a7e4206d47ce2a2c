/** The built command as a process of its own: what only a process has. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, openSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fakeCollector } from './fake-collector.ts';
import { alert, placed } from './samples.ts';

const BIN = fileURLToPath(new URL('../../bin/truant.js', import.meta.url));
const THEFT = fileURLToPath(new URL('../fixtures/recordings/02-exec-and-exfiltrate', import.meta.url));

function start(
  args: string[],
  { stdin = 'ignore', stdout = 'pipe' }: { stdin?: 'ignore' | 'pipe'; stdout?: 'pipe' | number } = {},
): ChildProcess & { said: { stderr: string } } {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: [stdin, stdout, 'pipe'], env: { PATH: '' } });
  const said = { stderr: '' };
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
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

  test.each(['SIGINT', 'SIGTERM'] as const)('listens until it is told to stop: %s', async (signal) => {
    const collector = await fakeCollector(() => ({
      headers: { 'content-type': 'text/event-stream' },
      body: (response: ServerResponse) => response.write(`event: alert\ndata: ${JSON.stringify(alert)}\n\n`),
    }));
    const child = start(['tail', '--url', collector.url]);
    const closed = exitCode(child);
    await once(child.stdout!, 'data');
    child.kill(signal);
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

  test.each([
    { asked: [], code: 0 },
    { asked: ['--fail-on', 'critical'], code: 3 },
  ])('a hunt that nobody hears to its end does not look clean: $asked', async ({ asked, code }) => {
    const child = start(['hunt', '-', '--uses', ...asked], { stdin: 'pipe' });
    const closed = exitCode(child);
    // Whoever leaves, leaves in the middle: the log does not end.
    const log = readFileSync(`${THEFT}/audit/audit.log`);
    const again = (): void => void child.stdin!.write(log, (error) => error ?? again());
    child.stdin!.on('error', () => undefined);
    again();
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    expect(await closed).toBe(code);
  });

  test.each(['-', '/dev/stdin'])('hunts in standard input: %s', async (name) => {
    const child = start(['hunt', name, '--inventory', `${THEFT}/cluster.jsonl`, '--fail-on', 'critical'], {
      stdin: 'pipe',
    });
    child.stdout!.resume();
    createReadStream(`${THEFT}/audit/audit.log`).pipe(child.stdin!);
    expect(await exitCode(child)).toBe(1);
    expect(child.said.stderr).toContain('468 lines read');
  });

  test('takes an inventory from standard input', async () => {
    const child = start(['hunt', THEFT, '--inventory', '-', '--fail-on', 'critical'], { stdin: 'pipe' });
    child.stdout!.resume();
    createReadStream(`${THEFT}/cluster.jsonl`).pipe(child.stdin!);
    expect(await exitCode(child)).toBe(1);
    expect(child.said.stderr).toContain('a recorded watch');
  });

  test.runIf(process.platform === 'linux')('a full disk is no defect (Linux: /dev/full)', async () => {
    const child = start(['config', 'print'], { stdout: openSync('/dev/full', 'w') });
    expect(await exitCode(child)).toBe(5);
    expect(child.said.stderr).toMatch(/^truant: what it prints can't be written: ENOSPC: no space left on device/);
  });

  test('an error has its code, even if nobody hears of it', async () => {
    const child = start(['hunt', '/nowhere/audit.log']);
    const closed = exitCode(child);
    child.stderr!.destroy();
    expect(await closed).toBe(3);
  });
});
