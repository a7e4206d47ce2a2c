/**
 * A line an alert, at the end of a file. Each batch opens it anew, so that it does not matter who has renamed or removed it
 * meanwhile, and is on the disk before it counts as delivered.
 */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import type { Output } from '../output.ts';
import { outputOf } from '../output-of.ts';
import { diskFailure } from './disk-failure.ts';
import { LineFile } from './line-file.ts';
import { rotate } from './rotate.ts';

type Settings = NonNullable<OutputSettings['file']>;

const MEGABYTE = 1024 * 1024;
const MAX_BATCH = 500;

export function createFileOutput({ settings }: { settings: Settings }): Output {
  const { path, keep } = settings;
  const maxBytes = settings.maxMegabytes * MEGABYTE;
  return outputOf({
    maxBatch: MAX_BATCH,
    // A line and its line feed have room in a file.
    maxBytes: MEGABYTE - 1,
    deliver: async (messages, signal) => {
      let rest = messages.map(({ text }) => Buffer.from(`${text}\n`));
      while (rest.length > 0) {
        signal.throwIfAborted();
        rest = rest.slice(await append(rest));
      }
      return messages.map(() => undefined);
    },
    failureOf: (error, signal) => diskFailure(error, path, signal),
  });

  /** @returns how many of them are on the disk now */
  async function append(lines: readonly Buffer[]): Promise<number> {
    const file = await LineFile.open(path);
    try {
      const count = fitting(lines, maxBytes - file.size);
      if (count > 0) await file.append(Buffer.concat(lines.slice(0, count)));
      else await rotate(path, keep);
      return count;
    } finally {
      await file.close();
    }
  }
}

/** How many of them have room. */
function fitting(lines: readonly Buffer[], room: number): number {
  let left = room;
  const count = lines.findIndex((line) => {
    left -= line.length;
    return left < 0;
  });
  return count === -1 ? lines.length : count;
}
