/** Alerts on their way to outputs, while the collector is killed time and again and those who receive them come and go. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { formatTime, wallClock } from '../../shared/time.ts';
import { alert, CLUSTER, outcome } from '../collector/support/make.ts';
import { type Running, truant } from '../e2e/truant.ts';
import { freePort } from '../support/free-ports.ts';
import { AlertReceiver, duplicatesIn, type Newest, type ReceivedNotice, tells, wrongIn } from './alert-receiver.ts';
import { KILLS as KILLS_OF_EACH } from './kills.ts';

const ALERTS = 10_000;
/** Between two of them all receivers are told of thousands. */
const KILLS = Math.ceil(KILLS_OF_EACH / 3);
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 300_000;

let folder: string;
let running: Running | undefined;
let receivers: AlertReceiver[];
let newest: Map<string, Newest>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truant-outputs-'));
  receivers = [];
  newest = new Map();
});

afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  for (const receiver of receivers) await receiver.goDown();
  await rm(folder, { recursive: true });
});

async function receiver(): Promise<AlertReceiver> {
  const made = await AlertReceiver.create();
  receivers.push(made);
  return made;
}

async function configure(outputs: Record<string, object>): Promise<void> {
  const settings = { from: 'beginning', updateSeconds: 0, timeoutSeconds: 60 };
  const config = {
    cluster: { name: 'lab' },
    collector: {
      listen: { port: await freePort() },
      store: { path: join(folder, 'truant.duckdb') },
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, { ...settings, ...output }])),
    },
    log: { level: 'error' },
  };
  await writeFile(join(folder, 'truant.yaml'), JSON.stringify(config));
}

/** Into the store of a collector that does not run. */
async function put(alerts: readonly Alert[]): Promise<void> {
  const options = { memoryMegabytes: 256, threads: 2, queryTimeoutMs: 30_000 };
  const store = await openDuckDbStore({ ...options, path: join(folder, 'truant.duckdb'), at: wallClock.now() });
  await store.commit({ cluster: CLUSTER, at: wallClock.now(), outcome: outcome([], [...alerts]) });
  await store.close();
  for (const { id, revision, status } of alerts) newest.set(id, { revision, status });
}

function made(id: string, parts: Partial<Alert> = {}): Alert {
  const now = formatTime(wallClock.now());
  return alert(id, { revision: (newest.get(id)?.revision ?? 0) + 1, createdAt: now, updatedAt: now, ...parts });
}

const start = (): void => {
  running = truant(['collector', '--config', join(folder, 'truant.yaml')]);
};

async function end(signal: NodeJS.Signals): Promise<void> {
  running?.child.kill(signal);
  const how = await running?.ended;
  if (how !== (signal === 'SIGKILL' ? signal : 0)) throw new Error(`it ended with ${how}: ${running?.stderr()}`);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
    if (await isSo()) return;
    if (running?.child.exitCode != null) throw new Error(`the collector has ended by itself: ${running.stderr()}`);
    await sleep(LOOK_EVERY_MS);
  }
  const missing = receivers.map(({ received }) => wrongIn(received, newest).slice(0, 5));
  throw new Error(`not in ${PATIENCE_MS} ms: ${JSON.stringify(missing)} ${running?.stderr()}`);
}

/** Every alert is there at least once in its last state, so that more can only be duplicates. */
function hasAll(received: readonly ReceivedNotice[]): boolean {
  const last = new Map(received.map((notice) => [notice.alert.id, notice]));
  return [...newest].every(([id, state]) => tells(last.get(id), state));
}

async function linesOf(file: string): Promise<ReceivedNotice[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  // What a kill cut off is there again, on a line of its own.
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as ReceivedNotice];
    } catch {
      return [];
    }
  });
}

const tell = (figures: string): void => void process.stdout.write(`${figures}\n`);

describe(`${ALERTS} alerts to outputs`, () => {
  test(`of a collector that is killed ${KILLS} times while they are down and up: each arrives, in order`, async () => {
    const [single, batches] = [await receiver(), await receiver()];
    const file = join(folder, 'alerts.ndjson');
    await configure({
      single: { webhook: { url: single.url } },
      batches: { webhook: { url: batches.url, batch: 50 } },
      file: { file: { path: file } },
    });
    single.cutsOffEach = 997;
    batches.cutsOffEach = 29;
    const each = Math.ceil(ALERTS / (KILLS + 1));
    for (let round = 0; round <= KILLS; round += 1) {
      const fresh = Array.from({ length: Math.min(each, ALERTS - round * each) }, (_, n) => made(`a${round}-${n}`));
      // Of those before, some are known better, some are closed, some are open again.
      const changed = [...newest.keys()]
        .filter((_, n) => n % 3 === round % 3)
        .map((id, n) => made(id, { status: n % 4 === 0 ? 'closed' : 'open', summary: `Round ${round}.` }));
      await put([...fresh, ...changed]);
      start();
      if (round === KILLS) break;
      const before = batches.received.length;
      await until(() => batches.received.length > before + Math.random() * 300);
      await Promise.all([single.goDown(), round % 2 === 0 ? batches.goDown() : undefined]);
      await sleep(Math.random() * 1500);
      await Promise.all([single.comeUp(), batches.comeUp()]);
      await sleep(Math.random() * 1500);
      await end('SIGKILL');
    }
    await until(async () => hasAll(single.received) && hasAll(batches.received) && hasAll(await linesOf(file)));
    await end('SIGTERM');
    expect(newest.size).toBe(ALERTS);
    const written = await linesOf(file);
    for (const [name, received] of Object.entries({
      single: single.received,
      batches: batches.received,
      file: written,
    })) {
      expect(wrongIn(received, newest).slice(0, 5), name).toEqual([]);
      tell(`${name}: ${received.length} messages, of these ${duplicatesIn(received)} again by the same id`);
    }
    // Both were cut off after they had taken something.
    expect(duplicatesIn(single.received)).toBeGreaterThan(0);
    expect(duplicatesIn(batches.received)).toBeGreaterThan(0);
  }, 900_000);

  test('of which one takes 10 seconds an answer: the other has all of them long before', async () => {
    const [fast, slow] = [await receiver(), await receiver()];
    slow.delayMs = 10_000;
    await configure({ slow: { webhook: { url: slow.url } }, fast: { webhook: { url: fast.url } } });
    await put(Array.from({ length: ALERTS }, (_, n) => made(`a${n}`)));
    const began = performance.now();
    start();
    await until(() => hasAll(fast.received));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    tell(`after ${seconds} s the fast output has ${fast.received.length} alerts, the slow one ${slow.received.length}`);
    expect(wrongIn(fast.received, newest)).toEqual([]);
    expect(slow.received.length).toBeGreaterThan(0);
    expect(slow.received.length).toBeLessThan(ALERTS / 100);
    await end('SIGTERM');
  }, 900_000);
});
