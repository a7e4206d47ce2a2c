/** The command `truant hunt`: files in, alerts out. */
import { readAuditFiles } from '../../agent/sources/audit-file/read-files.ts';
import { STDIN } from '../../agent/sources/input.ts';
import { readInventoryFile } from '../../agent/sources/inventory-file.ts';
import { openReadsFile } from '../../agent/sources/reads-file.ts';
import { toCidrs, toPolicy } from '../../shared/config/policy.ts';
import type { Config } from '../../shared/config/schema.ts';
import { TruantError } from '../../shared/errors.ts';
import { inCidrs } from '../../shared/inventory/address.ts';
import type { Severity } from '../../shared/schema/alert.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { TokenUse, Whereabouts } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { type Micros, parseTime, SECOND, wallClock } from '../../shared/time.ts';
import { type Io, writeLine } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { exitCodeOf, UNFINISHED } from '../options.ts';
import { jsonLine } from '../ui/json.ts';
import { createProgress } from '../ui/progress.ts';
import { Hunter } from './hunter.ts';
import { HuntReport } from './report.ts';

/** How far the files of reads are read ahead of the log. */
const READS_LEAD: Micros = 10 * SECOND;

export interface HuntOptions {
  config?: string;
  inventory?: string;
  reads?: string[];
  json?: true;
  uses?: true;
  failOn?: Severity;
}

export async function hunt(paths: string[], options: HuntOptions, io: Io): Promise<void> {
  if (options.failOn) io.exitCode = UNFINISHED;
  const inputs = [...paths, ...(options.reads ?? []), options.inventory];
  if (inputs.filter((input) => input === STDIN).length > 1) {
    throw new TruantError('REQUEST_INVALID', 'standard input cannot be two of log, inventory and reads');
  }
  const config = await loadConfig(configFile(options.config, io.env), io.env);
  const { mode, events } = await readInventory(options.inventory);
  const report = new HuntReport(io, mode);
  const out: string[] = [];
  const hunter = new Hunter({
    cluster: config.cluster.name,
    inventory: events,
    mode,
    ...detectionOf(config),
    onUse: (use, placement) => {
      report.count(use, placement);
      if (options.uses) out.push(options.json ? jsonLine(useRecord(use, placement)) : report.useLine(use, placement));
    },
  });
  const reads = await Promise.all(
    (options.reads ?? []).map((path) => openReadsFile(path, (problem) => report.problem(problem))),
  );
  const progress = createProgress(io.stderr, { label: 'hunting', format: amount });
  const flush = async (): Promise<void> => {
    if (out.length === 0) return;
    progress.clear();
    await writeLine(io.stdout, out.splice(0).join('\n'));
  };

  const reading = readAuditFiles(paths, {
    deadLetter: { add: (reason) => report.setAside(reason) },
    onProgress: (done, total) => progress.update(done, total),
    onProblem: (problem) => report.problem(problem),
  });
  for await (const { lines, linesRead } of reading) {
    report.linesRead += linesRead;
    const last = lines.at(-1);
    if (last) for (const file of reads) hunter.addReads(await file.until(timeOf(last) + READS_LEAD));
    for (const line of lines) hunter.see(line);
    await flush();
  }
  for (const file of reads) hunter.addReads(await file.until(Number.POSITIVE_INFINITY));
  hunter.finish();
  progress.clear();
  await flush();

  const alerts = [...hunter.alerts.values()].sort((a, b) => (a.firstSeen < b.firstSeen ? -1 : 1));
  // Before they are printed: whoever reads them may leave.
  io.exitCode = exitCodeOf(alerts, options.failOn, report.isIncomplete);
  if (options.json) for (const alert of alerts) await writeLine(io.stdout, jsonLine(alert));
  else for (const line of report.alerts(alerts)) await writeLine(io.stdout, line);
  for (const [reason, count] of hunter.rejected) report.setAside(reason, count);
  const skipped = reads.reduce((sum, file) => sum + file.skipped, 0);
  if (skipped > 0) report.setAside('not-of-a-sensor', skipped);
  report.excused = hunter.excused;
  await report.end(alerts, hunter.statuses, options.json === true);
}

/** All of it in memory: of each object only what says who held which address when. */
async function readInventory(
  path: string | undefined,
): Promise<{ mode: Whereabouts['inventory']; events: InventoryEvent[] }> {
  if (path === undefined) return { mode: 'none', events: [] };
  const file = await readInventoryFile(path);
  const events: InventoryEvent[] = [];
  for await (const event of file.events) events.push(event);
  return { mode: file.mode, events: events.sort((a, b) => a.time - b.time) };
}

function detectionOf(config: Config) {
  const trusted = toCidrs(config.networks.trustedProxies);
  return {
    networks: config.networks,
    normalise: { isTrustedProxy: (address: string) => inCidrs(address, trusted) },
    policy: toPolicy(config, wallClock),
  };
}

/** A use as programs get it: the observation, and where it was placed. */
const useRecord = (use: TokenUse, placement: Placement) => ({ type: 'use', ...use, placement });

/** When the API server wrote a line; a log is in that order but for moments. */
function timeOf(line: Buffer): Micros {
  const text = /"stageTimestamp":"([^"]{20,40})"/.exec(line.toString('utf8'))?.[1];
  return parseTime(text ?? '') ?? 0;
}

const amount = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
