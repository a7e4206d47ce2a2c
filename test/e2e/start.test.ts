import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/schema/alert.ts';
import { type Running, truant } from './truant.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/stolen-token', import.meta.url));
const running: Running[] = [];
const run = (...args: string[]): Running => {
  const process = truant(args);
  running.push(process);
  return process;
};

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

describe('truant start --demo', () => {
  it('catches the recorded theft in front of the user, goes on answering, and stops when told to', async () => {
    const demo = run('start', '--demo', '--speed', '40', '--port', '0');
    const [, address] = await demo.printed(/Collector at (http:\/\/127\.0\.0\.1:\d+)/);
    await demo.printed(/● MEDIUM {2}Token read in a session that was opened into its pod/);
    await demo.printed(/● now CRITICAL {2}Token read by a stranger, then used by one/);
    await demo.printed(/One theft was caught/);
    await demo.printed(/kubectl delete pod --namespace shop inventory-685745856c-72td4/);
    await demo.printed(/goes on answering/);

    const listed = (await (await fetch(`${address}/api/v1/alerts`)).json()) as { items: Alert[] };
    expect(listed.items.map(({ severity, confidence, principal }) => ({ severity, confidence, principal }))).toEqual([
      { severity: 'critical', confidence: 'high', principal: 'system:serviceaccount:shop:inventory' },
    ]);
    const [summary] = listed.items;
    const alert = (await (await fetch(`${address}/api/v1/alerts/${summary?.id}`)).json()) as Alert;
    // The exec that printed the token, the process that read it, and each of the thief's 19 requests.
    expect(alert.evidence.filter(({ kind }) => kind === 'read').map(({ pid }) => pid)).toEqual([25173]);
    expect(alert.evidence.map(({ kind }) => kind).filter((kind) => kind === 'use')).toHaveLength(19);
    expect(alert.evidence.map(({ kind }) => kind).filter((kind) => kind === 'entry')).toHaveLength(1);

    const uses = (await (await fetch(`${address}/api/v1/uses?placement=away&limit=100`)).json()) as {
      items: { use: { source: { address: string } } }[];
    };
    expect(new Set(uses.items.map(({ use }) => use.source.address))).toEqual(new Set(['10.10.0.66']));
    expect(uses.items).toHaveLength(19);
    const page = await (await fetch(`${address}/`)).text();
    expect(page).toContain('<div id="page">');

    demo.child.kill('SIGTERM');
    expect(await demo.ended).toBe(0);
    expect(demo.stderr()).toBe('');
  }, 90_000);
});

describe('truant replay', () => {
  it('exits with 1 when asked to fail on such an alert', async () => {
    const replay = run('replay', EXAMPLE, '--speed', '100', '--fail-on', 'critical');
    expect(await replay.ended).toBe(1);
    expect(replay.stdout()).toContain('One theft was caught');
  }, 90_000);

  it('catches it whatever authentication the configuration asks for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'truant-replay-'));
    try {
      const config = join(folder, 'truant.yaml');
      const hash = `sha256:${'0'.repeat(64)}`;
      writeFileSync(config, `collector: { auth: { mode: token, viewerTokenHashes: ['${hash}'] } }\n`);
      const replay = run('replay', EXAMPLE, '--speed', '100', '--fail-on', 'critical', '--config', config);
      expect(await replay.ended).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 90_000);

  it('says what a recording is when it is given something else', async () => {
    const replay = run('replay', '/nonexistent');
    expect(await replay.ended).toBe(3);
    expect(replay.stderr()).toContain('is no recording');
  }, 30_000);
});
