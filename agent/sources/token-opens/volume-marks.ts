/**
 * Finds volumes in the mount table and marks their filesystems: from then on every open in them is told of, whatever mount
 * it goes through. A mark is gone with its filesystem, so that only what is known of it has to be forgotten.
 */
import { constants, readFileSync, realpathSync } from 'node:fs';
import { FanotifyError, markFilesystem } from './fanotify.ts';
import { AT_FDCWD, FOLDER_FLAGS, type Libc } from './libc.ts';
import type { MarkProblem, VolumesChange, VolumesState } from './messages.ts';
import { VolumeTable } from './volume-table.ts';
import { deviceKey, type PodsFolder, type Volume, volumesOf } from './volumes.ts';

const AT_EMPTY_PATH = 0x1000;

export interface VolumeMarksOptions {
  libc: Libc;
  groups: readonly number[];
  holdsOpeners: boolean;
  podsRoot: string;
  maxVolumes: number;
  /** Told before a volume is marked: an open in it may come at once. */
  onChange(change: VolumesChange): void;
  onGone(volume: Volume): void;
}

export class VolumeMarks {
  readonly table: VolumeTable;
  readonly #options: VolumeMarksOptions;
  readonly #stat = Buffer.alloc(256);

  constructor(options: VolumeMarksOptions) {
    this.#options = options;
    this.table = new VolumeTable(options.onGone);
  }

  /**
   * Brings marks and table up to date with the mount table.
   *
   * @param anew marks again what is marked: a volume that was unmounted and mounted again at once can have all its numbers
   *   again, and looks as if nothing had happened
   */
  update(anew: boolean): VolumesState {
    const volumes = this.#find();
    if (!Array.isArray(volumes)) return { marked: this.table.size, beyondLimit: 0, problem: volumes };
    const isThere = new Map(volumes.map((volume) => [volume.device, volume]));
    const gone = this.table.all.filter((volume) => !isSame(volume, isThere.get(volume.device)));
    for (const volume of gone) this.table.remove(volume);
    const fresh = volumes.filter((volume) => !this.table.has(volume));
    const room = Math.max(0, this.#options.maxVolumes - this.table.size);
    const appeared = fresh.slice(0, room);
    if (gone.length > 0 || appeared.length > 0) this.#options.onChange({ gone, appeared });
    const problem = this.#markAll(anew ? this.table.all.concat(appeared) : appeared);
    const unmarked = appeared.filter((volume) => !this.table.has(volume));
    if (unmarked.length > 0) this.#options.onChange({ gone: unmarked, appeared: [] });
    return { problem, beyondLimit: fresh.length - appeared.length, marked: this.table.size };
  }

  #find(): Volume[] | MarkProblem {
    let folder: PodsFolder;
    try {
      folder = { configured: this.#options.podsRoot, real: realpathSync(this.#options.podsRoot) };
    } catch (error) {
      return { reason: 'pods-folder-missing', detail: messageOf(error) };
    }
    try {
      return volumesOf(readFileSync('/proc/self/mountinfo', 'utf8'), folder);
    } catch (error) {
      return { reason: 'mounts-unreadable', detail: messageOf(error) };
    }
  }

  #markAll(volumes: readonly Volume[]): MarkProblem | null {
    let problem: MarkProblem | null = null;
    for (const volume of volumes) {
      try {
        if (this.#mark(volume)) this.table.add(volume);
      } catch (error) {
        if (!(error instanceof FanotifyError)) throw error;
        problem = { reason: 'mark-refused', detail: `${volume.path}: ${error.message}` };
      }
    }
    return problem;
  }

  /**
   * False: it is not there any more. What is marked is the filesystem that was seen to be a tmpfs: were the volume
   * unmounted in between, its path would name the node's own disk.
   *
   * @throws FanotifyError
   */
  #mark({ mountPoint, device, podUid }: Volume): boolean {
    const { libc, groups, holdsOpeners } = this.#options;
    const folder = libc.openat(AT_FDCWD, mountPoint, FOLDER_FLAGS | constants.O_NOFOLLOW);
    if (folder < 0) return false;
    try {
      if (libc.statx(folder, '', AT_EMPTY_PATH, 0, this.#stat) < 0) return false;
      if (deviceKey(this.#stat.readUInt32LE(136), this.#stat.readUInt32LE(140)) !== device) return false;
      markFilesystem(libc, groups[hashOf(podUid) % groups.length] as number, folder, holdsOpeners);
      return true;
    } finally {
      libc.close(folder);
    }
  }
}

const isSame = (a: Volume, b: Volume | undefined): boolean => a.mountId === b?.mountId && a.mountPoint === b.mountPoint;

/** The same for all volumes of a pod. */
const hashOf = (text: string): number => {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return hash;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
