/** A whole hunt, with inventory and rules, against `grep -c` and `jq` over the same log in the same run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterLines, writeLog } from './audit-log.ts';
import { type Measured, measure } from './measure.ts';

const MEGABYTE = 1_000_000;
const RUNS = 3;

export async function benchHunt(truant: string, megabytes: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'truant-bench-'));
  try {
    const inventory = join(folder, 'cluster.jsonl');
    await writeFile(inventory, `${clusterLines().join('\n')}\n`);
    const report: string[] = [];
    for (const size of [megabytes / 4, megabytes]) report.push(...(await oneSize(truant, folder, inventory, size)));
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function oneSize(truant: string, folder: string, inventory: string, megabytes: number): Promise<string[]> {
  const path = join(folder, `audit-${megabytes}.log`);
  const log = await writeLog(path, megabytes * MEGABYTE);
  const pattern = 'system:serviceaccount:';
  const grep = await fastest(() => measure('grep', ['-c', pattern, path]));
  const hunt = await fastest(() =>
    measure(process.execPath, [truant, 'hunt', path, '--inventory', inventory, '--json']),
  );
  const jq = await measure('jq', ['-c', `select(.user.username|startswith("${pattern}"))|.auditID`, path]);
  if (!hunt || !grep) throw new Error('grep or truant could not be run');
  const found = hunt.stdout
    .split('\n')
    .filter((line) => line !== '')
    .reduce((sum, line) => sum + (JSON.parse(line) as { did: { requests: number } }).did.requests, 0);
  const ratio = (other: Measured | undefined) =>
    other ? `${(hunt.seconds / other.seconds).toFixed(2)} x` : 'not there';
  return [
    `log of ${(log.bytes / MEGABYTE).toFixed(0)} MB, ${log.events} events, ${log.thefts} stolen uses (found: ${found})`,
    `  hunt     ${hunt.seconds.toFixed(2)} s  ${(log.bytes / MEGABYTE / hunt.seconds).toFixed(0)} MB/s  peak ${hunt.peakMegabytes} MB`,
    `  grep -c  ${grep.seconds.toFixed(2)} s  hunt takes ${ratio(grep)} its time (goal: at most 10)`,
    `  jq       ${jq ? `${jq.seconds.toFixed(2)} s` : '-'}  hunt takes ${ratio(jq)} its time (goal: at most 0.25)`,
  ];
}

async function fastest(run: () => Promise<Measured | undefined>): Promise<Measured | undefined> {
  let best: Measured | undefined;
  for (let i = 0; i < RUNS; i += 1) {
    const measured = await run();
    if (!measured) return undefined;
    if (best === undefined || measured.seconds < best.seconds) best = measured;
  }
  return best;
}
