/**
 * The tokens in a volume as the kubelet's atomic writer lays it out: `..data` links to a folder `..<time>` with all the
 * files, and is exchanged for another as a whole. What the pod opens are links through `..data`, of the same names.
 */
import { lstat, opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenClaims } from '../../../shared/schema/token-open.ts';
import { isMissing, type Volume } from './pod-folder.ts';
import { readToken } from './read-token.ts';

/** A file's path within a volume may have folders of its own. */
const MAX_DEPTH = 8;
const DATA = /^\.\.[^/]+$/;

export interface VolumeLimits {
  /** Of files and folders in it. */
  entries: number;
  tokens: number;
}

export interface VolumeTokens {
  /** By the path that the pod opens, as the host sees it. */
  tokens: Map<string, TokenClaims>;
  /** There was more than the limits allow. */
  isCut: boolean;
  /** Files that could not be read. */
  unreadable: number;
}

/** Where `..data` points; undefined while nothing was written. */
export async function dataOf(volume: Volume): Promise<string | undefined> {
  let target: string;
  try {
    target = await readlink(join(volume.path, '..data'));
  } catch (error) {
    if (isMissing(error) || isNoLink(error)) return undefined;
    throw error;
  }
  return DATA.test(target) ? target : undefined;
}

const isNoLink = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EINVAL';

/**
 * @param data what `dataOf` gave
 * @returns undefined when it was exchanged meanwhile
 */
export async function readVolume(
  volume: Volume,
  data: string,
  limits: VolumeLimits,
): Promise<VolumeTokens | undefined> {
  const walk = new Walk(volume, join(volume.path, data), limits);
  try {
    await walk.run();
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
  return (await dataOf(volume)) === data ? walk.found : undefined;
}

class Walk {
  readonly found: VolumeTokens = { tokens: new Map(), isCut: false, unreadable: 0 };
  readonly #volume: Volume;
  readonly #root: string;
  readonly #limits: VolumeLimits;
  #entries = 0;

  constructor(volume: Volume, root: string, limits: VolumeLimits) {
    this.#volume = volume;
    this.#root = root;
    this.#limits = limits;
  }

  async run(): Promise<void> {
    if ((await lstat(this.#root)).isDirectory()) await this.#folder('', 0);
  }

  /** Links and whatever else is neither file nor folder are passed over. */
  async #folder(within: string, depth: number): Promise<void> {
    for await (const entry of await opendir(join(this.#root, within))) {
      if (++this.#entries > this.#limits.entries || depth > MAX_DEPTH) this.found.isCut = true;
      if (this.found.isCut) return;
      const path = join(within, entry.name);
      if (entry.isDirectory()) await this.#folder(path, depth + 1);
      else if (entry.isFile()) await this.#file(path);
    }
  }

  async #file(within: string): Promise<void> {
    const { tokens } = this.found;
    const claims = await readToken(join(this.#root, within), this.#volume.dev).catch(() => {
      this.found.unreadable++;
      return undefined;
    });
    if (!claims) return;
    if (tokens.size < this.#limits.tokens) tokens.set(join(this.#volume.path, within), claims);
    else this.found.isCut = true;
  }
}
