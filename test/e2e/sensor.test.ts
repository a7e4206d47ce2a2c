/** The sensor of token files on the real kernel, through agent and collector as one process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Alert } from '../../shared/schema/alert.ts';
import { because, Lab, type LabVolume, sh, whyNot } from '../token-opens/support/lab.ts';
import { fakeToken } from '../token-opens/support/token.ts';
import { type Running, truant } from './truant.ts';

const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 50 });

describe.runIf(whyNot === undefined)(`truant start, watching token files${because}`, () => {
  let lab: Lab;
  let folder: string;
  let running: Running;
  let address: string;
  let volume: LabVolume;
  const token = fakeToken();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truant-sensor-'));
    lab = new Lab();
    volume = lab.mount();
    lab.write(volume, { token: token.text });
    running = truant(['start', '--port', '0'], {
      TRUANT_AGENT__NODE: 'node-a',
      TRUANT_AGENT__STATE_DIR: join(folder, 'state'),
      TRUANT_AGENT__TOKEN_FILES__ENABLED: 'true',
      TRUANT_AGENT__TOKEN_FILES__MODE: 'enforce',
      TRUANT_AGENT__TOKEN_FILES__PODS_ROOT: lab.podsRoot,
      TRUANT_AGENT__TOKEN_FILES__ENFORCE__DRY_RUN: 'false',
      TRUANT_COLLECTOR__STORE__PATH: join(folder, 'truant.duckdb'),
    });
    [, address = ''] = await running.printed(/answers at (http:\S+)\./);
  });

  afterAll(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
    await lab.dispose();
    await rm(folder, { recursive: true });
  });

  const alerts = async (): Promise<Alert[]> => {
    const answer = (await (await fetch(`${address}/api/v1/alerts`)).json()) as { items: Alert[] };
    return answer.items;
  };

  test('a process of the host is denied the token, and the alert names it', async () => {
    expect(sh('exec cat "$1"', volume.token)).toMatchObject({ status: 1, stdout: '' });
    const [alert] = await until(async () => {
      const found = await alerts();
      expect(found).toHaveLength(1);
      return found;
    });
    expect(alert?.rules.toSorted()).toEqual(['token-read-denied', 'token-read-from-host']);
    expect(alert?.credential).toBe(`JTI=${token.jti}`);
    expect(alert?.summary).toMatch(/^cat \(pid \d+\), a process of node node-a, was denied the token of /);
  });

  test('nothing that it prints or stores holds the token', async () => {
    const [, payload = ''] = token.text.split('.');
    const kept = JSON.stringify(await alerts()) + running.stdout() + running.stderr();
    expect(kept).not.toContain(payload);
    expect(sh('grep -r -a -l "$1" "$2"', payload, folder).stdout).toBe('');
  });

  test('stops when told to', async () => {
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  });
});
