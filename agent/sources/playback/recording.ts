/** A recording on disk: audit log files, oldest first, and the inventory that was watched meanwhile. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TruantError } from '../../../shared/errors.ts';
import type { InventoryEvent } from '../../../shared/schema/inventory-event.ts';
import { type Micros, parseTime } from '../../../shared/time.ts';
import { readInventoryFile } from '../inventory-file.ts';
import { openReadsFile, type TimedSensorLine } from '../reads-file.ts';

export interface RecordedLine {
  /** When the API server wrote it (stageTimestamp). */
  time: Micros;
  line: string;
}

export interface Recording {
  name: string;
  /** The log's files as they were rotated: all but the last were renamed to `name`. */
  files: { name: string; lines: RecordedLine[] }[];
  inventory: InventoryEvent[];
  /** What the sensors of token files saw, by time; none if that was not recorded. */
  reads: TimedSensorLine[];
  from: Micros;
  to: Micros;
}

/** Larger ones are for `truant hunt`: a playback is kept in memory. */
const MAX_LINES = 1_000_000;
const LIVE = 'audit.log';
const READS = ['tokens.jsonl', 'opens.jsonl'];

/** @throws {TruantError} INPUT_NOT_FOUND, INPUT_UNREADABLE, INVENTORY_UNREADABLE */
export async function readRecording(folder: string): Promise<Recording> {
  const files = await readLog(join(folder, 'audit'));
  const inventory: InventoryEvent[] = [];
  for await (const event of (await readInventoryFile(join(folder, 'cluster.jsonl'))).events) inventory.push(event);
  const times = files.flatMap(({ lines }) => lines.map(({ time }) => time));
  if (times.length === 0) throw notARecording(folder, 'its audit log is empty');
  const from = times.reduce((earliest, time) => Math.min(earliest, time));
  const to = times.reduce((latest, time) => Math.max(latest, time));
  const reads = await readReads(folder);
  return { name: basename(folder), files, inventory, reads, from, to };
}

async function readLog(folder: string): Promise<Recording['files']> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /^audit.*\.log$/.test(name));
  } catch (cause) {
    throw notARecording(folder, 'there is no such folder', cause);
  }
  // Rotated files bear the time of their rotation, so their names sort as they were written; the live one comes last.
  names.sort((a, b) => (a === LIVE ? 1 : b === LIVE ? -1 : a < b ? -1 : 1));
  const files: Recording['files'] = [];
  let total = 0;
  for (const name of names) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
    total += lines.length;
    if (total > MAX_LINES) throw notARecording(folder, `it has more than ${MAX_LINES} lines`);
    let last: Micros = 0;
    files.push({ name, lines: lines.map((line) => ({ time: (last = writtenAt(line) ?? last), line })) });
  }
  return files;
}

async function readReads(folder: string): Promise<TimedSensorLine[]> {
  const reads: TimedSensorLine[] = [];
  for (const name of READS) {
    const path = join(folder, name);
    if (!(await stat(path).catch(() => undefined))) continue;
    const file = await openReadsFile(path, (problem) => {
      throw problem;
    });
    reads.push(...(await file.until(Number.POSITIVE_INFINITY)));
    if (reads.length > MAX_LINES) throw notARecording(folder, `it has more than ${MAX_LINES} lines of reads`);
  }
  return reads.sort((a, b) => a.time - b.time);
}

const writtenAt = (line: string): Micros | undefined => {
  const text = /"stageTimestamp":"([^"]{20,40})"/.exec(line)?.[1];
  return text === undefined ? undefined : parseTime(text);
};

const notARecording = (folder: string, why: string, cause?: unknown): TruantError =>
  new TruantError('INPUT_NOT_FOUND', `${folder} is no recording: ${why}`, {
    cause,
    remedy: 'A recording is a folder with audit/audit.log and cluster.jsonl; see examples/.',
  });
