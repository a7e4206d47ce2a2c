/** What outputs must not share, with each other or with the way in. */
import { resolve } from 'node:path';
import type { OutputSettings } from './outputs.ts';

interface Conflict {
  /** From the section `collector.outputs` on. */
  path: string[];
  message: string;
}

/** @param incoming topics of the section kafka that a collector reads from or sets aside what it can't read */
export function outputConflicts(
  outputs: Readonly<Record<string, OutputSettings>>,
  incoming: readonly string[],
): Conflict[] {
  const conflicts: Conflict[] = [];
  const files: { name: string; path: string }[] = [];
  for (const [name, { kafka, file }] of Object.entries(outputs)) {
    if (kafka?.topic !== undefined && kafka.brokers.length === 0 && incoming.includes(kafka.topic)) {
      const message = `is what agents' observations or dead letters are in; alerts need a topic of their own`;
      conflicts.push({ path: [name, 'kafka', 'topic'], message });
    }
    if (!file) continue;
    const path = resolve(file.path);
    const other = files.find((one) => isSameFile(one.path, path));
    const message = `is written by the output ${other?.name} too; what one of them takes back after a failure may be the other's`;
    if (other) conflicts.push({ path: [name, 'file', 'path'], message });
    files.push({ name, path });
  }
  return conflicts;
}

/** Or one that the other is renamed to. */
function isSameFile(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.startsWith(short) && /^(?:\.\d+)?$/.test(long.slice(short.length));
}
