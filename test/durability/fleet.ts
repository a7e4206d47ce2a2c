/** An agent and a collector as processes of their own that are killed and started again, and what is stored in the end. */
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertsPage } from '../../collector/query/schemas/alerts.ts';
import type { StatusAnswer } from '../../collector/query/schemas/status.ts';
import { type Running, truant } from '../e2e/truant.ts';
import { clusterLines, type MadeLog } from './made-log.ts';

export type Role = 'agent' | 'collector';

export interface FleetOptions {
  /** Where the collector listens. */
  port: number;
  log: MadeLog;
  /** Over the configuration. */
  agent?: object;
  collector?: object;
  more?: object;
}

/** Long: nothing is decided by how fast it is. */
const PATIENCE_MS = 300_000;
const LOOK_EVERY_MS = 200;

export class Fleet {
  readonly folder: string;
  readonly #options: FleetOptions;
  readonly #running = new Map<Role, Running>();
  #written = 0;
  #rotations = 0;

  static async create(options: FleetOptions): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 'truant-durability-'));
    await mkdir(join(folder, 'audit'));
    await mkdir(join(folder, 'store'));
    const { port } = options;
    await writeFile(join(folder, 'cluster.jsonl'), `${clusterLines().join('\n')}\n`);
    await writeFile(join(folder, 'audit', 'audit.log'), '');
    await writeFile(
      join(folder, 'truant.yaml'),
      JSON.stringify({
        cluster: { name: 'lab' },
        agent: {
          node: 'control-plane',
          stateDir: join(folder, 'agent'),
          auditLog: { path: join(folder, 'audit', 'audit.log'), fromBeginning: true },
          inventory: { file: join(folder, 'cluster.jsonl') },
          collector: { url: `http://127.0.0.1:${port}` },
          metrics: { listen: { port: 0 } },
          ...options.agent,
        },
        collector: {
          listen: { port },
          store: { path: join(folder, 'store', 'truant.duckdb'), retention: { days: 3650 } },
          ...options.collector,
        },
        log: { level: 'warn' },
        ...options.more,
      }),
    );
    return new Fleet(folder, options);
  }

  private constructor(folder: string, options: FleetOptions) {
    this.folder = folder;
    this.#options = options;
  }

  start(role: Role): void {
    this.#running.set(role, truant([role, '--config', join(this.folder, 'truant.yaml')]));
  }

  /**
   * With SIGKILL, wherever it is in its work.
   *
   * @throws Error when it had ended by itself
   */
  kill(role: Role): Promise<void> {
    return this.#end(role, 'SIGKILL', 'SIGKILL');
  }

  /** @throws Error when it does not end well */
  stop(role: Role): Promise<void> {
    return this.#end(role, 'SIGTERM', 0);
  }

  async #end(role: Role, signal: NodeJS.Signals, expected: number | NodeJS.Signals): Promise<void> {
    const process = this.#running.get(role);
    this.#running.delete(role);
    process?.child.kill(signal);
    const end = await process?.ended;
    if (end !== expected) throw new Error(`${role} ended with ${end}, not ${expected}: ${process?.stderr()}`);
  }

  pid(role: Role): number | undefined {
    return this.#running.get(role)?.child.pid;
  }

  stderr(role: Role): string {
    return this.#running.get(role)?.stderr() ?? '';
  }

  /** Writes the log's next lines. */
  async write(until: number): Promise<void> {
    await appendFile(this.#path('audit.log'), this.#options.log.lines(this.#written, until));
    this.#written = until;
  }

  /** As the API server does it. */
  async rotate(): Promise<void> {
    const at = new Date(Date.UTC(2026, 10, 23, 9, 0, this.#rotations++))
      .toISOString()
      .replaceAll(':', '-')
      .slice(0, 23);
    await rename(this.#path('audit.log'), this.#path(`audit-${at}.log`));
    await writeFile(this.#path('audit.log'), '');
  }

  async status(): Promise<StatusAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.#options.port}/api/v1/status`);
    return (await response.json()) as StatusAnswer;
  }

  async alerts(): Promise<AlertsPage['items']> {
    const response = await fetch(`http://127.0.0.1:${this.#options.port}/api/v1/alerts?limit=100`);
    return ((await response.json()) as AlertsPage).items;
  }

  /** How many observations the store has taken, of all streams. */
  async accepted(): Promise<number> {
    const { streams } = await this.status();
    return streams.reduce((sum, stream) => sum + stream.accepted, 0);
  }

  /** Resolves once so many are stored; 0: once it answers. */
  hasStored(count: number): Promise<void> {
    return this.#until(async () => (await this.accepted()) >= count);
  }

  /** Nothing waits for a verdict any more. */
  hasDecided(): Promise<void> {
    return this.#until(async () => (await this.status()).store.undecided === 0);
  }

  /** The collector may be starting, or not answer at all, meanwhile. */
  async #until(isSo: () => Promise<boolean>): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
      if (await isSo().catch(() => false)) return;
      for (const [role, { child }] of this.#running) {
        if (child.exitCode !== null) throw new Error(`${role} has ended by itself: ${this.stderr(role)}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`not in ${PATIENCE_MS} ms: ${this.stderr('agent')}${this.stderr('collector')}`);
  }

  async dispose(): Promise<void> {
    for (const { child, ended } of this.#running.values()) {
      child.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.folder, 'audit', name);
  }
}
