/** The token files of one pod, and what has become of them since they were last looked at. */
import { isDeepStrictEqual } from 'node:util';
import type { TokenClaims, TokenFileLine } from '../../../shared/schema/token-open.ts';
import { type PodFolder, readPodFolder, type Volume } from './pod-folder.ts';
import { dataOf, readVolume } from './volume-tokens.ts';

export interface PodLimits {
  /** Volumes of a pod. */
  volumes: number;
  /** Tokens of a pod. */
  tokens: number;
  /** Files and folders of a volume. */
  entries: number;
}

export interface Change extends Pick<TokenFileLine, 'link' | 'volume'> {
  event: 'appeared' | 'rotated' | 'gone';
  /** Of what has gone: as they were. */
  claims: TokenClaims;
}

export interface Look extends Pick<PodFolder, 'folders' | 'shape' | 'left'> {
  changes: Change[];
  /** Volumes with nothing in them yet, or nothing any more, and those that were being written just then. */
  pending: Volume[];
  /** Volumes of which not all was read because of the limits. */
  cut: number;
  /** Files that could not be read. */
  unreadable: number;
  /** Why a volume could not be looked at; what was known of it stays known. */
  failure?: unknown;
}

interface KnownVolume {
  name: string;
  /** What was read: the target of its `..data` on its device. */
  version: string;
  /** By the path that the pod opens. */
  tokens: Map<string, TokenClaims>;
}

export class PodFiles {
  readonly #path: string;
  readonly #limits: PodLimits;
  readonly #volumes = new Map<string, KnownVolume>();

  constructor(path: string, limits: PodLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Undefined when the pod is gone. Rejects when its folders can't be read; what was known stays known then. */
  async look(): Promise<Look | undefined> {
    const pod = await readPodFolder(this.#path, this.#limits.volumes);
    if (!pod) return undefined;
    const { folders, shape, left, volumes } = pod;
    const look: Look = { folders, shape, left, changes: [], pending: [], cut: 0, unreadable: 0 };
    const there = new Set(volumes.map(({ path }) => path));
    for (const path of this.#volumes.keys()) {
      if (!there.has(path)) look.changes.push(...this.#forget(path));
    }
    for (const volume of volumes) {
      try {
        await this.#lookInto(volume, look);
      } catch (error) {
        look.failure = error;
      }
    }
    return look;
  }

  /** Takes everything for gone. */
  end(): Change[] {
    return [...this.#volumes.keys()].flatMap((path) => this.#forget(path));
  }

  async #lookInto(volume: Volume, look: Look): Promise<void> {
    const { path, name, dev } = volume;
    const data = await dataOf(volume);
    if (data === undefined) {
      look.pending.push(volume);
      look.changes.push(...this.#forget(path));
      return;
    }
    const version = `${dev} ${data}`;
    const known = this.#volumes.get(path);
    if (known?.version === version) return;
    const limits = { entries: this.#limits.entries, tokens: this.#limits.tokens - this.#countOthers(path) };
    const found = await readVolume(volume, data, limits);
    if (!found) {
      look.pending.push(volume);
      return;
    }
    const { tokens, isCut, unreadable } = found;
    this.#volumes.set(path, { name, version, tokens });
    look.changes.push(...changesOf(name, known?.tokens ?? NONE, tokens));
    if (isCut) look.cut++;
    look.unreadable += unreadable;
  }

  #countOthers(path: string): number {
    let count = 0;
    for (const [other, { tokens }] of this.#volumes) if (other !== path) count += tokens.size;
    return count;
  }

  #forget(path: string): Change[] {
    const known = this.#volumes.get(path);
    this.#volumes.delete(path);
    return known ? changesOf(known.name, known.tokens, NONE) : [];
  }
}

const NONE: ReadonlyMap<string, TokenClaims> = new Map();

type Tokens = ReadonlyMap<string, TokenClaims>;

function changesOf(volume: string, before: Tokens, now: Tokens): Change[] {
  const changes: Change[] = [];
  for (const [link, claims] of before) {
    if (!now.has(link)) changes.push({ event: 'gone', link, volume, claims });
  }
  for (const [link, claims] of now) {
    const was = before.get(link);
    if (!was) changes.push({ event: 'appeared', link, volume, claims });
    // Written again with the same token, as when something else in the volume has changed: nothing happened to it.
    else if (!isDeepStrictEqual(was, claims)) changes.push({ event: 'rotated', link, volume, claims });
  }
  return changes;
}
