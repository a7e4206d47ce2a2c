/**
 * Alerts out of the collector: how many a second reach a file, alone and beside a receiver that takes 10 s for each answer,
 * against what it takes to write the same lines to a file at once.
 */
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createDispatch } from '../../collector/dispatch/dispatcher.ts';
import { createOutput } from '../../collector/outputs/topology.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import type { Store } from '../../collector/store/store.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { native } from '../../shared/formats/native.ts';
import { noticeId } from '../../shared/formats/notice.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { wallClock } from '../../shared/time.ts';
import { measure } from './measure.ts';

const RECORDING = fileURLToPath(new URL('../../../examples/stolen-token', import.meta.url));
const TOTAL = 10_000;
/** In one file. */
const WHOLE = { maxMegabytes: 100_000 };
const SLOW_MS = 10_000;
const LOOK_EVERY_MS = 20;

export async function benchOutputs(truant: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'truant-bench-'));
  const store = await openDuckDbStore({
    path: join(folder, 'truant.duckdb'),
    memoryMegabytes: 512,
    threads: 2,
    queryTimeoutMs: 20_000,
    at: wallClock.now(),
  });
  const { server, url, answered } = await slowReceiver();
  try {
    const alerts = await put(store, truant);
    const bare = await written(alerts, join(folder, 'bare.ndjson'));
    const alone = await delivered(store, { alone: { file: { path: join(folder, 'alone.ndjson'), ...WHOLE } } });
    const beside = await delivered(store, {
      beside: { file: { path: join(folder, 'beside.ndjson'), ...WHOLE } },
      slow: { webhook: { url } },
    });
    return [
      `${TOTAL} alerts to a file output`,
      `  written at once  ${bare.toFixed(0)} alerts/s, rendered and on the disk`,
      `  alone            ${alone.toFixed(0)} alerts/s, ${(alone / bare).toFixed(2)} x that`,
      `  beside a slow    ${beside.toFixed(0)} alerts/s, ${(beside / alone).toFixed(2)} x alone (goal: about 1); the slow one, ${SLOW_MS / 1000} s an answer, was told of ${answered()} meanwhile`,
    ];
  } finally {
    server.close();
    server.closeAllConnections();
    await store.close();
    await rm(folder, { recursive: true });
  }
}

/** The alert of a recorded theft, many times under other ids. */
async function put(store: Store, truant: string): Promise<Alert[]> {
  const inputs = ['audit', '--inventory', 'cluster.jsonl', '--reads', 'opens.jsonl'];
  const args = inputs.map((input) => (input.startsWith('--') ? input : join(RECORDING, input)));
  const hunted = await measure(process.execPath, [truant, 'hunt', ...args, '--json']);
  const recorded = JSON.parse(hunted?.stdout.split('\n')[0] ?? '') as Alert;
  const alerts = Array.from({ length: TOTAL }, (_, n): Alert => ({ ...recorded, id: `al_${n}`, cluster: 'bench' }));
  for (let from = 0; from < TOTAL; from += 1000) {
    const outcome = { placements: new Map(), alerts: alerts.slice(from, from + 1000) };
    await store.commit({ cluster: 'bench', at: wallClock.now(), outcome });
  }
  return alerts;
}

async function written(alerts: readonly Alert[], path: string): Promise<number> {
  const started = performance.now();
  const file = await open(path, 'a');
  for (const alert of alerts) {
    await file.write(`${native.alert({ kind: 'alert', id: noticeId(alert, 'create'), event: 'create', alert })}\n`);
  }
  await file.sync();
  await file.close();
  return perSecond(started);
}

/** Until the first of them has told of all. */
async function delivered(store: Store, sections: Readonly<Record<string, object>>): Promise<number> {
  const outputs = Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [name, { from: 'beginning', timeoutSeconds: 60, ...section }]),
  );
  const config = parseConfig({ collector: { outputs } });
  const log = pino({ level: 'silent' });
  const dispatch = createDispatch({
    store,
    outputs: config.collector.outputs,
    createOutput: (settings) => createOutput(settings, { kafka: config.kafka, environment: {}, logger: log }),
    page: undefined,
    alertsTopic: config.kafka.topics.alerts,
    clock: wallClock,
    log,
    registry: new Registry(),
  });
  const started = performance.now();
  await dispatch.component.start();
  while (((await dispatch.statuses())[0]?.delivered ?? 0) < TOTAL) await sleep(LOOK_EVERY_MS);
  const rate = perSecond(started);
  await dispatch.component.stop();
  return rate;
}

const perSecond = (started: number): number => TOTAL / ((performance.now() - started) / 1000);

async function slowReceiver(): Promise<{ server: Server; url: string; answered: () => number }> {
  let answered = 0;
  const server = createServer((request, response) => {
    request.resume();
    setTimeout(() => {
      answered += 1;
      response.end();
    }, SLOW_MS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, answered: () => answered };
}
