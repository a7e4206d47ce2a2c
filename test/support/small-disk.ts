/** A disk of a few megabytes that can be really full. Needs the right to mount. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  folder: string;
  /** Takes all room but so much, until it is emptied. */
  fill(except?: number): void;
  empty(): void;
  dispose(): void;
}

/** For the name of tests that are skipped. */
export const NEEDS_MOUNT = ' (skipped: needs to mount a tmpfs)';
const STEP = 16_384;

/** Undefined: not here. */
export function smallDisk(bytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]).status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const filler = path.join(folder, 'filler');
  const empty = (): void => rmSync(filler, { force: true });
  return {
    folder,
    fill: (except = 0) => {
      for (let size = bytes - except; size > 0; size -= STEP) {
        try {
          writeFileSync(filler, Buffer.alloc(size));
          return;
        } catch {
          empty();
        }
      }
    },
    empty,
    dispose: () => {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
