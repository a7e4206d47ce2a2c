/** Agent and collector as processes of their own: stopped and started in turn, nothing is lost and nothing doubled. */
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Running, truant } from './truant.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/stolen-token', import.meta.url));
const PORT = 17_000 + (process.pid % 1000);

describe('an agent and a collector that are restarted', () => {
  let folder: string;
  let config: string;
  const running = new Set<Running>();

  const start = (command: 'agent' | 'collector'): Running => {
    const process = truant([command, '--config', config]);
    running.add(process);
    void process.ended.then(() => running.delete(process));
    return process;
  };
  const stop = async (process: Running): Promise<void> => {
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
  };
  const stored = async (): Promise<string[]> => {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: '100', ...(cursor === null ? {} : { cursor }) });
      const response = await fetch(`http://127.0.0.1:${PORT}/api/v1/uses?${query.toString()}`);
      const page = (await response.json()) as {
        items: { use: { auditID: string; timeText: string } }[];
        next: string | null;
      };
      ids.push(...page.items.map(({ use }) => `${use.auditID} ${use.timeText}`));
      cursor = page.next;
    } while (cursor !== null);
    return ids;
  };
  const hasStored = (count: number) =>
    vi.waitFor(async () => expect(await stored()).toHaveLength(count), { timeout: 60_000, interval: 200 });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truant-restart-'));
    await mkdir(join(folder, 'audit'));
    config = join(folder, 'truant.yaml');
    await writeFile(
      config,
      JSON.stringify({
        cluster: { name: 'lab' },
        agent: {
          node: 'control-plane',
          stateDir: join(folder, 'agent'),
          auditLog: { path: join(folder, 'audit', 'audit.log'), fromBeginning: true },
          inventory: { file: join(EXAMPLE, 'cluster.jsonl') },
          collector: { url: `http://127.0.0.1:${PORT}` },
          metrics: { listen: { port: 0 } },
        },
        collector: { listen: { port: PORT }, store: { path: join(folder, 'store', 'truant.duckdb') } },
      }),
    );
    await mkdir(join(folder, 'store'));
  });

  afterAll(async () => {
    for (const process of running) {
      process.child.kill('SIGKILL');
      await process.ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('store every use of the log once', async () => {
    const lines = (await readFile(join(EXAMPLE, 'audit', 'audit.log'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '');
    const uses = (some: readonly string[]): Set<string> =>
      new Set(
        some
          .map(
            (line) =>
              JSON.parse(line) as { user: { username?: string }; auditID: string; requestReceivedTimestamp: string },
          )
          .filter(({ user }) => user.username?.startsWith('system:serviceaccount:'))
          .map((event) => `${event.auditID} ${event.requestReceivedTimestamp}`),
      );
    const third = Math.ceil(lines.length / 3);
    const log = join(folder, 'audit', 'audit.log');

    await appendFile(log, `${lines.slice(0, third).join('\n')}\n`);
    let collector = start('collector');
    let agent = start('agent');
    await hasStored(uses(lines.slice(0, third)).size);

    // The agent is away while the log is written and rotated.
    await stop(agent);
    await appendFile(log, `${lines.slice(third, third * 2).join('\n')}\n`);
    await rename(log, join(folder, 'audit', 'audit-2026-11-23T18-40-30.000.log'));
    agent = start('agent');
    await hasStored(uses(lines.slice(0, third * 2)).size);

    // The collector is killed, and then the agent too, in the midst of trying.
    collector.child.kill('SIGKILL');
    await collector.ended;
    await appendFile(log, `${lines.slice(third * 2).join('\n')}\n`);
    agent.child.kill('SIGKILL');
    await agent.ended;
    agent = start('agent');
    collector = start('collector');
    await hasStored(uses(lines).size);
    expect(new Set(await stored())).toEqual(uses(lines));
    for (const name of await readdir(join(folder, 'store'))) {
      expect([name, (await stat(join(folder, 'store', name))).mode & 0o77]).toEqual([name, 0]);
    }
    await stop(agent);
    await stop(collector);
  }, 180_000);
});
