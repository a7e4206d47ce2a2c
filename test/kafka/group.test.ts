/** Collectors of one group as processes of their own: they share the clusters, and take over from one that is killed. */
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamState } from '../../collector/store/store.ts';
import { partitionOf } from '../../shared/kafka/partition.ts';
import { type Running, truant } from '../e2e/truant.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Broker, becauseNoKafka, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { section } from '../support/kafka/lab.ts';
import { eventually } from '../support/runs.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/stolen-token', import.meta.url));
const PARTITIONS = 2;
/** One in each partition. */
const CLUSTERS = [0, 1].map((partition) => {
  const names = Array.from({ length: 50 }, (_, n) => `lab-${n}`);
  return names.find((name) => partitionOf(name, PARTITIONS) === partition) ?? '';
});
const PATIENCE = 240_000;

describe.skipIf(whyNoKafka !== undefined)(`collectors of a group${becauseNoKafka}`, { timeout: PATIENCE }, () => {
  let broker: Broker;
  let folder: string;
  let kafka: object;
  const running = new Set<Running>();
  const ports = new Map<string, number>();

  beforeAll(async () => {
    broker = await startBroker();
    folder = await mkdtemp(join(tmpdir(), 'truant-group-'));
    kafka = section(broker.listeners.plaintext, { partitions: PARTITIONS });
  }, PATIENCE);
  afterAll(async () => {
    for (const process of running) {
      process.child.kill('SIGKILL');
      await process.ended;
    }
    await broker?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (command: 'agent' | 'collector', name: string, config: object): Promise<Running> => {
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, JSON.stringify({ ...config, kafka, log: { level: 'warn' } }));
    const process = truant([command, '--config', file]);
    running.add(process);
    void process.ended.then(() => running.delete(process));
    return process;
  };
  const collector = async (name: string, group: string): Promise<Running> => {
    const [port = 0] = await freePorts(1);
    ports.set(name, port);
    await mkdir(join(folder, name), { recursive: true });
    return run('collector', name, {
      collector: {
        listen: { port },
        store: { path: join(folder, name, 'truant.duckdb'), retention: { days: 3650 } },
        receive: { kafka: { enabled: true, group, sessionSeconds: 2 } },
      },
    });
  };
  const agent = (cluster: string): Promise<Running> =>
    run('agent', `agent-${cluster}`, {
      cluster: { name: cluster },
      agent: {
        node: 'control-plane',
        stateDir: join(folder, `state-${cluster}`),
        transport: 'kafka',
        auditLog: { path: join(folder, cluster, 'audit.log'), fromBeginning: true },
        inventory: { file: join(EXAMPLE, 'cluster.jsonl') },
        metrics: { enabled: false },
      },
    });
  const ask = async <T>(name: string, path: string): Promise<T> =>
    (await (await fetch(`http://127.0.0.1:${ports.get(name)}${path}`)).json()) as T;
  const uses = async (name: string, cluster: string): Promise<string[]> => {
    type Page = { items: { use: { id: string } }[]; next: string | null };
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await ask(name, `/api/v1/uses?limit=1000&cluster=${cluster}${after}`);
      ids.push(...page.items.map(({ use }) => use.id));
      cursor = page.next;
    }
    return ids.toSorted();
  };
  const alerts = async (name: string, cluster: string): Promise<string[]> => {
    const { items } = await ask<{ items: { id: string }[] }>(name, `/api/v1/alerts?limit=100&cluster=${cluster}`);
    return items.map(({ id }) => id).toSorted();
  };
  const followed = async (name: string): Promise<string[]> => {
    const { streams } = await ask<{ streams: StreamState[] }>(name, '/api/v1/status');
    return [...new Set(streams.map(({ cluster }) => cluster))].toSorted();
  };

  test('share the clusters; what one had, another has, once, and the same alerts', async () => {
    const lines = (await readFile(join(EXAMPLE, 'audit', 'audit.log'), 'utf8')).trimEnd().split('\n');
    const write = async (from: number, to: number): Promise<void> => {
      for (const cluster of CLUSTERS) {
        await appendFile(join(folder, cluster, 'audit.log'), `${lines.slice(from, to).join('\n')}\n`);
      }
    };
    for (const cluster of CLUSTERS) await mkdir(join(folder, cluster));
    const half = Math.floor(lines.length / 2);
    await write(0, half);
    for (const cluster of CLUSTERS) await agent(cluster);
    const first = await collector('first', 'shared');
    // It has the whole topic, until another comes.
    await eventually(async () => expect(await followed('first')).toEqual(CLUSTERS.toSorted()));
    const second = await collector('second', 'shared');
    // All by itself: what the others are compared with.
    await collector('whole', 'whole');
    await eventually(async () => expect(await followed('second')).toHaveLength(1));

    first.child.kill('SIGKILL');
    await first.ended;
    await write(half, lines.length);
    for (const cluster of CLUSTERS) {
      await eventually(async () => {
        const ids = await uses('whole', cluster);
        expect(ids.length).toBeGreaterThan(100);
        expect(new Set(ids).size).toBe(ids.length);
        expect(await uses('second', cluster)).toEqual(ids);
        const told = await alerts('whole', cluster);
        expect(told.length).toBeGreaterThan(0);
        expect(await alerts('second', cluster)).toEqual(told);
      });
    }

    // The one that was killed comes back, with what it had, and gets its part of what it missed.
    await collector('first', 'shared');
    await eventually(async () => {
      const back = await Promise.all(CLUSTERS.map((cluster) => uses('first', cluster)));
      const all = await Promise.all(CLUSTERS.map((cluster) => uses('whole', cluster)));
      expect(back.some((ids, index) => ids.length === all[index]?.length)).toBe(true);
      for (const [index, ids] of back.entries()) expect(all[index]).toEqual(expect.arrayContaining(ids));
    });
    for (const cluster of CLUSTERS)
      expect(await alerts('whole', cluster)).toEqual(expect.arrayContaining(await alerts('first', cluster)));
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});
