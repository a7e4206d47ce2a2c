/** A real Alertmanager, as Debian has it. It keeps alerts in memory alone. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../support/free-ports.ts';
import { eventually } from '../../support/runs.ts';
import { Killable } from './killable.ts';

const BINARY = 'prometheus-alertmanager';
const isThere = spawnSync(BINARY, ['--version']).status === 0;

/** Undefined: it can be run here. Where it has to be, there is no why not. */
export const whyNoAlertmanager =
  isThere || process.env['TRUANT_TEST_ALERTMANAGER'] === '1' ? undefined : `needs ${BINARY}, as Debian has it`;

/** GettableAlert of its API, as far as tests look at it. */
export interface Shown {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
}

export class Alertmanager {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #process = new Killable();

  /** @param webhook where it tells of each alert by itself, at once */
  static async start(webhook = 'http://127.0.0.1:9/'): Promise<Alertmanager> {
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-alertmanager-'));
    const route = {
      receiver: 'test',
      group_by: ['...'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '1h',
    };
    const receivers = [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }];
    // JSON is YAML.
    await writeFile(path.join(folder, 'config.yml'), JSON.stringify({ route, receivers }));
    const alertmanager = new Alertmanager(folder, await freePort());
    await alertmanager.comeBack();
    return alertmanager;
  }

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  async comeBack(): Promise<void> {
    const address = `--web.listen-address=127.0.0.1:${this.#port}`;
    const files = ['--config.file=config.yml', '--storage.path=data'];
    this.#process.is(
      spawn(BINARY, [...files, address, '--cluster.listen-address='], {
        cwd: this.#folder,
        stdio: 'ignore',
      }),
    );
    await eventually(async () => {
      const { ok } = await fetch(`${this.url}/-/ready`);
      if (!ok) throw new Error('Alertmanager is not ready');
    });
  }

  goDown(): Promise<void> {
    return this.#process.kill();
  }

  /** It still takes connections, as the kernel does that, and answers nothing. */
  hang(): void {
    this.#process.child?.kill('SIGSTOP');
  }

  /** Those that are not resolved. */
  async alerts(): Promise<Shown[]> {
    const response = await fetch(`${this.url}/api/v2/alerts`);
    return (await response.json()) as Shown[];
  }

  async stop(): Promise<void> {
    await this.goDown();
    await rm(this.#folder, { recursive: true });
  }
}
