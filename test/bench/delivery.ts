/**
 * From the log's line into the collector's store, with real processes: how many observations a second, against a bare DuckDB
 * appender that is given the same rows in the same run, and how long it takes until somebody can be told of a theft.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Observer } from '../../agent/observer.ts';
import { openDatabase } from '../../collector/store/duckdb/database.ts';
import { inTransaction, migrate } from '../../collector/store/duckdb/migrations.ts';
import { toRow } from '../../collector/store/duckdb/row.ts';
import { append, appendColumns } from '../../collector/store/duckdb/sql.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { parseClusterLine } from '../../shared/inventory/kubernetes-objects.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { SECOND, wallClock } from '../../shared/time.ts';
import { Fleet, type FleetOptions, type Role } from '../durability/fleet.ts';
import { clusterLines, MadeLog } from '../durability/made-log.ts';
import { freePort } from '../support/free-ports.ts';
import { startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { peakMegabytes } from './measure.ts';

const TOTAL = 200_000;
const BATCH = 1000;
const CLUSTER = 'lab';
const LOOK_EVERY_MS = 20;
const HOME: Placement = {
  verdict: 'home',
  reason: 'pod-address',
  confidence: 'high',
  sentence: 'It is where it belongs.',
};

export async function benchDelivery(): Promise<string[]> {
  const log = new MadeLog(TOTAL);
  const bare = await appended(log);
  const http = await delivered(log, {});
  return [
    `${TOTAL} observations into the store`,
    `  bare appender  ${bare.toFixed(0)} rows/s, ${BATCH} a transaction`,
    told('over HTTP', http, bare),
    await overKafka(log, bare),
    ...(await latency()),
  ];
}

interface Delivered {
  perSecond: number;
  peaks: Record<Role, number | undefined>;
}

const told = (how: string, { perSecond, peaks }: Delivered, bare: number): string =>
  `  ${how.padEnd(13)}  ${perSecond.toFixed(0)} observations/s, ${(perSecond / bare).toFixed(2)} x the appender (goal: at least 0.4); ` +
  `peak memory: agent ${peaks.agent} MB, collector ${peaks.collector} MB`;

/** What the store can do when nothing but finished rows is asked of it. */
async function appended(log: MadeLog): Promise<number> {
  const rows = observe(log)
    .filter((observation) => observation.kind !== 'heartbeat')
    .map((observation) => toRow({ cluster: CLUSTER, observation, placement: HOME }));
  const folder = await mkdtemp(join(tmpdir(), 'truant-bench-'));
  const database = await openDatabase({ path: join(folder, 'bare.duckdb'), memoryMegabytes: 512, threads: 2 });
  const connection = await database.connect();
  await migrate(connection, 0);
  const started = performance.now();
  for (let from = 0; from < rows.length; from += BATCH) {
    await inTransaction(connection, () =>
      append(connection, 'observations', rows.slice(from, from + BATCH), appendColumns),
    );
  }
  const seconds = (performance.now() - started) / 1000;
  connection.closeSync();
  database.close();
  await rm(folder, { recursive: true });
  return rows.length / seconds;
}

function observe(log: MadeLog): Observation[] {
  const inventory = new ClusterInventory({ mode: 'live', networks: {} });
  for (const line of clusterLines()) {
    const event = parseClusterLine(line);
    if (typeof event !== 'string') inventory.apply(event);
  }
  const normalise = { isTrustedProxy: () => false };
  const observer = new Observer({ inventory, holdBack: 0, normalise, onReject: () => undefined });
  const lines = log.lines(0, log.total).trimEnd().split('\n');
  return [...lines.flatMap((line) => observer.see(Buffer.from(line))), ...observer.flush()];
}

async function overKafka(log: MadeLog, bare: number): Promise<string> {
  if (whyNoKafka !== undefined) return `  over Kafka     left out: ${whyNoKafka}`;
  const broker = await startBroker();
  try {
    const kafka = { brokers: [broker.listeners.plaintext], partitions: 1, replication: 1, createTopics: true };
    const options = {
      agent: { transport: 'kafka' },
      collector: { receive: { kafka: { enabled: true } } },
      more: { kafka },
    };
    return told('over Kafka', await delivered(log, options), bare);
  } finally {
    await broker.dispose();
  }
}

/** From the first that is stored to the last, so that the start of processes doesn't count. */
async function delivered(log: MadeLog, options: Partial<FleetOptions>): Promise<Delivered> {
  const fleet = await Fleet.create({ port: await freePort(), log, ...options });
  try {
    await fleet.write(log.total);
    fleet.start('collector');
    await fleet.hasStored(0);
    fleet.start('agent');
    let first = 0;
    while (first === 0) {
      await sleep(LOOK_EVERY_MS);
      first = await fleet.accepted();
    }
    const started = performance.now();
    await fleet.hasStored(log.total);
    const perSecond = (log.total - first) / ((performance.now() - started) / 1000);
    const peaks = { agent: peakMegabytes(fleet.pid('agent')), collector: peakMegabytes(fleet.pid('collector')) };
    return { perSecond, peaks };
  } finally {
    await fleet.dispose();
  }
}

const LATENCY_SECONDS = 20;
const PER_SECOND = 1000;

/** A thousand relevant events a second, a theft every now and then; a subscriber asks for alerts all the time. */
async function latency(): Promise<string[]> {
  const start = wallClock.now() + 5 * SECOND;
  const log = new MadeLog(LATENCY_SECONDS * PER_SECOND, { start, spacing: SECOND / PER_SECOND });
  const fleet = await Fleet.create({ port: await freePort(), log });
  try {
    fleet.start('collector');
    await fleet.hasStored(0);
    fleet.start('agent');
    const toldAt = new Map<string, number>();
    const thefts: { credential: string; source: string; at: number }[] = [];
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) {
        for (const { credential } of await fleet.alerts()) {
          if (credential !== null && !toldAt.has(credential)) toldAt.set(credential, performance.now());
        }
        await sleep(5);
      }
    })();
    const chunk = PER_SECOND / 50;
    for (let n = 0; n < log.total; n += chunk) {
      await sleep(Math.max(0, (start - wallClock.now()) / 1000 + n));
      await fleet.write(n + chunk);
      for (let one = n; one < n + chunk; one += 1) {
        if (log.isTheft(one)) thefts.push({ ...log.told(one), at: performance.now() });
      }
    }
    await fleet.hasStored(log.total);
    await sleep(7000);
    stop.abort();
    await asking;
    const took = (from: (address: string) => boolean): number[] =>
      thefts
        .filter(({ source }) => from(source))
        .map(({ credential, at }) => (toldAt.get(credential) ?? Infinity) - at)
        .toSorted((a, b) => a - b);
    const line = (who: string, times: number[]): string =>
      `  ${who}: median ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms of ${times.length}`;
    return [
      `${PER_SECOND} uses a second: from the log's line to an alert that can be asked for`,
      `${line(
        'from the internet',
        took((address) => !address.startsWith('10.')),
      )} (goal: 1000 ms)`,
      `${line(
        "from another pod's address",
        took((address) => address.startsWith('10.')),
      )} (agent.holdBackMs is 5000: it may be another pod's by now)`,
    ];
  } finally {
    await fleet.dispose();
  }
}

const at = (times: readonly number[], share: number): string =>
  (times[Math.ceil(times.length * share) - 1] ?? Number.NaN).toFixed(0);
