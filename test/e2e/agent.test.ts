/** Agents as processes of their own: what they do where something that they need is missing or taken. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Running, truant } from './truant.ts';

let folder: string;
const running: Running[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truant-agent-'));
});

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await rm(folder, { recursive: true });
});

/** State in the folder, a collector that is not there. */
const SETTINGS = {
  TRUANT_AGENT__METRICS__LISTEN__PORT: '0',
  TRUANT_AGENT__COLLECTOR__URL: 'http://127.0.0.1:9',
};
const run = (command: string, env: Record<string, string> = {}): Running => {
  const process = truant([command], { ...SETTINGS, TRUANT_AGENT__STATE_DIR: join(folder, 'state'), ...env });
  running.push(process);
  return process;
};
const said = (process: Running, pattern: RegExp): Promise<string> =>
  vi.waitFor(
    () => {
      const [found] = pattern.exec(process.stderr()) ?? [];
      if (found === undefined) throw new Error(`${pattern} not in: ${process.stderr()}`);
      return found;
    },
    { timeout: 25_000, interval: 50 },
  );

describe('truant agent', () => {
  it('without an audit log runs idle, says so, serves metrics and stops when told to', async () => {
    const agent = run('agent');
    expect(await said(agent, /.*agent runs idle.*/)).toMatch(/"level":"warn".*agent\.auditLog\.path is not set/);
    const address = await said(agent, /http:\/\/127\.0\.0\.1:\d+/);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toContain('truant_received_total{component="audit-file"} 0');
    agent.child.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
  }, 30_000);

  it('gives way to another on its state folder, and follows it when it was killed', async () => {
    const first = run('agent');
    await said(first, /agent runs/);
    const second = run('agent');
    expect(await second.ended).toBe(5);
    expect(second.stderr()).toContain(`in use by another agent (pid ${first.child.pid} on `);
    first.child.kill('SIGKILL');
    await first.ended;
    await said(run('agent'), /agent runs/);
  }, 60_000);

  it('with a state folder that cannot be written says so, and nothing of a defect', async () => {
    await writeFile(join(folder, 'state'), '');
    const agent = run('agent');
    expect(await agent.ended).toBe(5);
    expect(agent.stderr()).toMatch(/The state folder .* can't be written/);
    expect(agent.stderr()).toContain('agent.stateDir');
    expect(await readFile(join(folder, 'state'), 'utf8')).toBe('');
  }, 30_000);
});

describe('truant start', () => {
  it('without an audit log would watch nothing, and refuses', async () => {
    const both = run('start', { TRUANT_COLLECTOR__STORE__PATH: join(folder, 'truant.duckdb') });
    expect(await both.ended).toBe(3);
    expect(both.stdout()).toBe('');
    expect(both.stderr()).toContain('agent.auditLog.path is not set');
    expect(both.stderr()).toContain('--demo');
  }, 30_000);
});
