/**
 * Plays a recording as if it happened now: writes its audit log, line by line and with its rotations, to a folder where the
 * agent's own source tails it, and hands out inventory and reads of token files at the times at which they were seen.
 */
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InventoryEvent } from '../../../shared/schema/inventory-event.ts';
import type { Clock } from '../../../shared/time.ts';
import type { TimedSensorLine } from '../reads-file.ts';
import type { Recording } from './recording.ts';

export interface PlaybackOptions {
  recording: Recording;
  /** Where audit.log is written; it must exist. */
  folder: string;
  clock: Clock;
  onInventory(events: InventoryEvent[]): void;
  onReads(lines: TimedSensorLine[]): void;
}

const TICK_MS = 50;

/** Resolves when the whole recording has been played. */
export async function play(
  { recording, folder, clock, onInventory, onReads }: PlaybackOptions,
  signal: AbortSignal,
): Promise<void> {
  const live = join(folder, 'audit.log');
  const inventory = [...recording.inventory];
  const reads = [...recording.reads];
  for (const [index, { name, lines }] of recording.files.entries()) {
    const log = await open(live, 'a', 0o600);
    try {
      for (let at = 0; at < lines.length; ) {
        const now = clock.now();
        onInventory(takeUntil(inventory, (event) => event.time <= now || isInitial(event)));
        onReads(takeUntil(reads, ({ time }) => time <= now));
        let end = at;
        while (end < lines.length && (lines[end] as { time: number }).time <= now) end += 1;
        if (end > at)
          await log.write(
            `${lines
              .slice(at, end)
              .map(({ line }) => line)
              .join('\n')}\n`,
          );
        at = end;
        if (signal.aborted) return;
        if (at < lines.length) await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await log.close();
    }
    if (index < recording.files.length - 1) await rename(live, join(folder, name));
  }
  onInventory(inventory);
  onReads(reads);
}

/** What was so before the recording began. */
const isInitial = (event: InventoryEvent): boolean => 'initial' in event && event.initial;

function takeUntil<T>(queue: T[], due: (item: T) => boolean): T[] {
  let count = 0;
  while (count < queue.length && due(queue[count] as T)) count += 1;
  return queue.splice(0, count);
}
