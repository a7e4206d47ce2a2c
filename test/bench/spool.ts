/** What the spool takes in and gives out in a second, against a bare file of the same lines, synced as often. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { SPOOL_LABELS, Spool } from '../../agent/spool/spool.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { use } from '../collector/support/make.ts';

const BATCHES = 200;
const BATCH = 1000;
const LONE = 200;

export async function benchSpool(): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-bench-spool-'));
  try {
    const batches = Array.from({ length: BATCHES }, (_, b) =>
      Array.from({ length: BATCH }, (_item, n) => ({ observation: use(b * BATCH + n), findings: [] })),
    );
    const bare = await bareFile(path.join(folder, 'bare'), batches);
    const spool = await Spool.open({
      folder: path.join(folder, 'spool'),
      place: z.int(),
      maxBytes: 512 * 1024 * 1024,
      logger: createLogger({ level: 'silent' }),
      metrics: componentMetrics(new Registry(), 'spool', SPOOL_LABELS),
      onDamaged: () => undefined,
    });
    const latencies = await lone(spool);
    const started = performance.now();
    // As a source does: the next batch is made while the last one is written.
    let written = Promise.resolve();
    for (const [index, items] of batches.entries()) {
      const next = spool.put({ items, checkpoint: index });
      await written;
      written = next;
    }
    await written;
    const puts = rate(started);
    const ratio = statSync(path.join(folder, 'spool', 'data.mdb')).size / spool.bytes;
    const reading = performance.now();
    for (;;) {
      const records = spool.read({ records: 2000, bytes: 1.5e6 });
      if (records.length === 0) break;
      spool.acknowledge(records);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await spool.written();
    const reads = rate(reading);
    await spool.close();
    return [
      `spool: ${Math.round(puts)} observations/s in, ${(puts / bare).toFixed(2)} of a bare file synced every ${BATCH}; ${Math.round(reads)}/s out`,
      `spool: a lone observation is on disk after ${quantile(latencies, 0.5)} ms (median), ${quantile(latencies, 0.99)} ms (p99); its file is ${ratio.toFixed(2)} times what waits in it`,
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bareFile(file: string, batches: readonly (readonly unknown[])[]): Promise<number> {
  const handle = await open(file, 'w');
  const started = performance.now();
  for (const batch of batches) {
    await handle.write(`${batch.map((item) => JSON.stringify(item)).join('\n')}\n`);
    await handle.datasync();
  }
  const perSecond = rate(started);
  await handle.close();
  return perSecond;
}

async function lone(spool: Spool<number>): Promise<number[]> {
  const latencies: number[] = [];
  for (let n = 0; n < LONE; n += 1) {
    await delay(20);
    const started = performance.now();
    await spool.put({ items: [{ observation: use(-1 - n), findings: [] }] });
    latencies.push(performance.now() - started);
  }
  spool.acknowledge(spool.read({ records: LONE, bytes: Number.POSITIVE_INFINITY }));
  return latencies.toSorted((a, b) => a - b);
}

const rate = (started: number): number => (BATCHES * BATCH * 1000) / (performance.now() - started);
const quantile = (sorted: readonly number[], of: number): string =>
  (sorted[Math.floor(sorted.length * of)] ?? 0).toFixed(1);
