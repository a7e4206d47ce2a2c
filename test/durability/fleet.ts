/** An agent and a collector as processes of their own that are killed and started again, and what is stored in the end. */
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, vi } from 'vitest';
import type { StatusAnswer } from '../../collector/query/schemas.ts';
import { type Running, truant } from '../e2e/truant.ts';
import { clusterLines, type MadeLog, type Told } from './made-log.ts';

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
const PATIENCE = { timeout: 300_000, interval: 250 };

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

  /** With SIGKILL, wherever it is in its work. */
  async kill(role: Role): Promise<void> {
    const process = this.#running.get(role);
    process?.child.kill('SIGKILL');
    const end = await process?.ended;
    expect([role, end, process?.stderr()]).toEqual([role, 'SIGKILL', expect.anything()]);
  }

  async stop(role: Role): Promise<void> {
    const process = this.#running.get(role);
    process?.child.kill('SIGTERM');
    expect([role, await process?.ended]).toEqual([role, 0]);
    this.#running.delete(role);
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

  /** Resolves once so many uses are stored. */
  async hasStored(count: number): Promise<void> {
    await vi.waitFor(async () => {
      const { streams } = await this.status();
      const accepted = streams.reduce((sum, stream) => sum + stream.accepted, 0);
      expect(accepted, this.stderr('agent') + this.stderr('collector')).toBeGreaterThanOrEqual(count);
    }, PATIENCE);
  }

  /** Nothing waits for a verdict any more. */
  async hasDecided(): Promise<void> {
    await vi.waitFor(async () => expect((await this.status()).store.undecided).toBe(0), PATIENCE);
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

/** Compares the store with the log it came from, request by request; the collector must have been stopped. */
export async function expectExactly(store: string, log: MadeLog): Promise<void> {
  const instance = await DuckDBInstance.create(store, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  try {
    const counts = await rows(
      `SELECT kind, count(*)::INTEGER AS count, count(DISTINCT id)::INTEGER AS ids FROM history WHERE kind <> 'status' GROUP BY kind`,
    );
    expect(counts).toEqual([{ kind: 'use', count: log.total, ids: log.total }]);

    const uses = new Map<string, Told>();
    const columns = 'audit_id, time, time_text, principal, credential, source, verb, uri';
    for (const row of await rows(`SELECT ${columns} FROM history WHERE kind = 'use'`)) {
      const { audit_id: auditID, time, time_text, ...rest } = row;
      expect(time_text).toBeNull();
      const text = new Date(Number(time) / 1000)
        .toISOString()
        .replace('Z', String(Number(time) % 1000).padStart(3, '0'));
      uses.set(String(auditID), { time: `${text}Z`, ...rest } as unknown as Told);
    }
    const wrong: unknown[] = [];
    for (let n = 0; n < log.total; n += 1) {
      const [told, stored] = [log.told(n), uses.get(log.auditID(n))];
      const isSame = stored && Object.entries(told).every(([name, value]) => stored[name as keyof Told] === value);
      if (!isSame) wrong.push({ n, told, stored });
    }
    expect(wrong.slice(0, 5)).toEqual([]);

    const missing = await rows(
      'SELECT stream, missing::INTEGER AS missing, rejected::INTEGER AS rejected FROM streams',
    );
    expect(missing).toEqual(missing.map(({ stream }) => ({ stream, missing: 0, rejected: 0 })));
    expect(await rows(`SELECT detail FROM history WHERE kind = 'status' AND detail LIKE '%"gap"%'`)).toEqual([]);

    const alerts = await rows(
      'SELECT credential, count(*)::INTEGER AS count FROM alerts GROUP BY credential ORDER BY 1',
    );
    expect(alerts).toEqual(log.stolen.map((credential) => ({ credential, count: 1 })));
    const evidence = await rows('SELECT body FROM alerts');
    for (const { body } of evidence) {
      const { counts: told } = JSON.parse(String(body)) as { counts: { observations: number } };
      expect(told.observations).toBe(1);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
