/** The command `truant hunt`: files in, alerts out. */
import { readAuditFiles } from '../../agent/sources/audit-file/read-files.ts';
import { readInventoryFile } from '../../agent/sources/inventory-file.ts';
import { toCidrs, toPolicy } from '../../shared/config/policy.ts';
import type { Config } from '../../shared/config/schema.ts';
import { inCidrs } from '../../shared/inventory/address.ts';
import type { Severity } from '../../shared/schema/alert.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { TokenUse, Whereabouts } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { wallClock } from '../../shared/time.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, writeLine } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { isAnyAtLeast } from '../options.ts';
import { jsonLine } from '../ui/json.ts';
import { createProgress } from '../ui/progress.ts';
import { Hunter } from './hunter.ts';
import { HuntReport } from './report.ts';

export interface HuntOptions {
  config?: string;
  inventory?: string;
  reads?: string;
  json?: true;
  uses?: true;
  failOn?: Severity;
}

export async function hunt(paths: string[], options: HuntOptions, io: Io): Promise<void> {
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
      report.count(placement);
      if (options.uses) out.push(options.json ? jsonLine(useRecord(use, placement)) : report.useLine(use, placement));
    },
  });
  const flush = async (): Promise<void> => {
    if (out.length > 0) await writeLine(io.stdout, out.splice(0).join('\n'));
  };

  const progress = createProgress(io.stderr, { label: 'hunting', format: megabytes });
  const reading = readAuditFiles(paths, {
    deadLetter: { add: (reason) => report.setAside(reason) },
    onProgress: (done, total) => progress.update(done, total > 0 ? `of ${megabytes(total)}` : ''),
    onProblem: (problem) => report.problem(problem),
  });
  for await (const { lines, linesRead } of reading) {
    report.linesRead += linesRead;
    for (const line of lines) hunter.see(line);
    await flush();
  }
  hunter.finish();
  progress.finish();
  await flush();

  const alerts = [...hunter.alerts.values()].sort((a, b) => (a.firstSeen < b.firstSeen ? -1 : 1));
  if (options.json) for (const alert of alerts) await writeLine(io.stdout, jsonLine(alert));
  else for (const line of report.alerts(alerts)) await writeLine(io.stdout, line);
  for (const [reason, count] of hunter.rejected) report.setAside(reason, count);
  await report.end(alerts, hunter.statuses, options.json === true);
  if (isAnyAtLeast(alerts, options.failOn)) io.exitCode = EXIT.findings;
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

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(0)} MB`;
