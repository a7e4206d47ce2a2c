/** A kubelet's folder with volumes as it makes them, each a tmpfs of its own, and a sensor that watches them. */

import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { vi } from 'vitest';
import { openGroups } from '../../../agent/sources/token-opens/fanotify.ts';
import { loadLibc } from '../../../agent/sources/token-opens/libc.ts';
import type { TokenOpensStatus } from '../../../agent/sources/token-opens/problems.ts';
import type { TokenOpensOptions, TokenOpensSource } from '../../../agent/sources/token-opens/token-opens-source.ts';
import type { TokenOpen } from '../../../shared/schema/token-open.ts';
import { type Compiled, compile } from '../../support/compile.ts';

const FOLDER = 'agent/sources/token-opens';
/** Loaded by path, so that no compiler finds them. */
export const WORKERS = [`${FOLDER}/reader-worker.ts`, `${FOLDER}/guard-worker.ts`];

/** Undefined: the sensor can run here. Else why not, for a test's name. */
export const whyNot = await (async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    const libc = await loadLibc();
    for (const group of openGroups(libc, true)) libc.close(group);
    return undefined;
  } catch (error) {
    return `needs fanotify: ${String(error)}`;
  }
})();

/** For the name of tests that are skipped. */
export const because = whyNot === undefined ? '' : ` (skipped: ${whyNot})`;

/** Waits for a condition, not for a time. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000 });

export interface LabVolume {
  podUid: string;
  name: string;
  mountPoint: string;
  /** Where a container's path would lead: `<mount point>/..data/token`. */
  token: string;
}

export interface Watched {
  source: TokenOpensSource;
  opens: TokenOpen[];
  statuses: TokenOpensStatus[];
  counts: Record<string, number>;
}

export class Lab {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'truant-opens-'));
  readonly podsRoot = path.join(this.folder, 'pods');
  readonly #compiled: Compiled;
  readonly #sources: TokenOpensSource[] = [];
  #writes = 0;

  constructor() {
    mkdirSync(this.podsRoot);
    this.#compiled = compile(`${FOLDER}/token-opens-source.ts`, ...WORKERS);
  }

  async watch(options: Partial<TokenOpensOptions> = {}): Promise<Watched> {
    const module = (await import(this.#compiled.script)) as { TokenOpensSource: typeof TokenOpensSource };
    const watched = { opens: [] as TokenOpen[], statuses: [] as TokenOpensStatus[], counts: {} as Watched['counts'] };
    const add = (name: string, count = 1): void => {
      watched.counts[name] = (watched.counts[name] ?? 0) + count;
    };
    const source = new module.TokenOpensSource({
      podsRoot: this.podsRoot,
      // A busy machine is no reason to give up; tests of the bound set one.
      answerWithinMs: 20_000,
      onOpens: (opens) => void watched.opens.push(...opens),
      onStatus: (status) => void watched.statuses.push(status),
      metrics: {
        received: (count) => add('received', count),
        sent: (count) => add('sent', count),
        dropped: (reason, count) => add(`dropped ${reason}`, count),
        error: (type, count) => add(`error ${type}`, count),
      },
      logger: pino({ level: 'silent' }),
      ...options,
    });
    this.#sources.push(source);
    await source.start();
    return { ...watched, source };
  }

  mount(
    name = 'kube-api-access-x',
    kind: 'projected' | 'secret' = 'projected',
    podUid: string = randomUUID(),
  ): LabVolume {
    const mountPoint = path.join(this.podsRoot, podUid, `volumes/kubernetes.io~${kind}`, name);
    mkdirSync(mountPoint, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mountPoint]);
    return { podUid, name, mountPoint, token: path.join(mountPoint, '..data/token') };
  }

  /** Volumes that are for whoever asks to unmount. @returns where they are mounted */
  mountMany(count: number): string[] {
    const volumes = Array.from({ length: count }, () =>
      path.join(this.podsRoot, randomUUID(), 'volumes/kubernetes.io~projected/kube-api-access-x'),
    );
    sh('mkdir -p "$@"; for v in "$@"; do mount -t tmpfs tmpfs "$v"; done', ...volumes);
    return volumes;
  }

  unmount({ mountPoint }: LabVolume): void {
    execFileSync('umount', [mountPoint]);
  }

  /** As the kubelet's atomic writer does it. */
  write({ mountPoint }: LabVolume, files: Record<string, string>): void {
    const data = path.join(mountPoint, '..data');
    const fresh = `..2026_11_23_18_07_42.${(this.#writes += 1)}`;
    mkdirSync(path.join(mountPoint, fresh));
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(mountPoint, fresh, name), content);
    const former = linkTarget(data);
    symlinkSync(fresh, path.join(mountPoint, '..data_tmp'));
    renameSync(path.join(mountPoint, '..data_tmp'), data);
    if (former !== undefined) rmSync(path.join(mountPoint, former), { recursive: true });
  }

  /** Resolves when the volume is watched and every open before this call was told. */
  async caughtUp(volume: LabVolume, { opens }: Watched): Promise<void> {
    const isTold = (mark: string): boolean => opens.some(({ proc }) => proc?.cmdline.includes(mark));
    const mark = randomUUID();
    await eventually(() => {
      sh('exec cat "$1" "$2"', volume.token, mark);
      assert.ok(isTold(mark), 'the volume is not watched');
    });
    const last = randomUUID();
    sh('exec cat "$1" "$2"', volume.token, last);
    await eventually(() => assert.ok(isTold(last)));
  }

  async dispose(): Promise<void> {
    for (const source of this.#sources) await source.stop();
    // What a test that failed left there, too.
    const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    for (const target of mounted) if (target.startsWith(`${this.folder}/`)) spawnSync('umount', ['-l', target]);
    this.#compiled.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

export function sh(script: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync('sh', ['-c', script, 'sh', ...args], { encoding: 'utf8', timeout: 60_000 });
}
