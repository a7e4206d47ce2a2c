/** Recordings of a real cluster, with what really happened: `test/fixtures/recordings/<name>`. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parseSensorLine, type TimedSensorLine } from '../../agent/sources/reads-file.ts';
import { parseClusterLine } from '../../shared/inventory/kubernetes-objects.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';

/** One line of truth.jsonl: something that somebody did, and the requests and reads that it made. */
export interface Deed {
  t0: string;
  t1: string;
  label: 'benign' | 'theft' | 'misuse' | 'ambiguous';
  actor: string;
  action: string;
  principal: string | null;
  credential: string | null;
  from_ip: string | null;
  requests?: {
    auditID: string;
    requestReceivedTimestamp: string;
    /** What can tell this request apart; `audit`: the log and the inventory alone. */
    tellBy: 'audit' | 'behaviour' | 'none' | 'context';
  }[];
  /** Processes that opened a token file. */
  reads?: number[];
  /** `behaviour`: they look almost like the workload's own. */
  readsTellBy?: 'behaviour';
}

export interface Recording {
  name: string;
  /** Lines of the audit log, the oldest file's first. */
  lines: Buffer[];
  inventory: InventoryEvent[];
  /** Opens of token files, as the node's sensor saw them. */
  opens: TimedSensorLine[];
  truth: Deed[];
}

const FOLDER = fileURLToPath(new URL('../fixtures/recordings/', import.meta.url));

export const recordingNames: readonly string[] = readdirSync(FOLDER).toSorted();

function linesOf(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}

export function loadRecording(name: string): Recording {
  const folder = `${FOLDER}${name}/`;
  // audit-<UTC>.log are older than audit.log, and sort by their time.
  const files = readdirSync(`${folder}audit`).toSorted((a, b) => ageOf(a).localeCompare(ageOf(b)));
  return {
    name,
    lines: files.flatMap((file) => linesOf(`${folder}audit/${file}`)).map((line) => Buffer.from(line)),
    inventory: linesOf(`${folder}cluster.jsonl`)
      .map(parseClusterLine)
      .filter((event) => typeof event !== 'string'),
    opens: linesOf(`${folder}opens.jsonl.gz`).map((line) => parseSensorLine(line) as TimedSensorLine),
    truth: linesOf(`${folder}truth.jsonl`).map((line) => JSON.parse(line) as Deed),
  };
}

const ageOf = (file: string): string => (file === 'audit.log' ? 'z' : file);

/** Names a request as truth does: clients choose the Audit-ID, so it takes both. */
export const requestKey = (auditID: string, time: string): string => `${auditID}|${time}`;
