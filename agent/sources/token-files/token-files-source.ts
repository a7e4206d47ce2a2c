/**
 * Finds the files with ServiceAccount tokens in the kubelet's folder of pods, and tells what becomes of them. The kernel's
 * notices only say when to look; what counts is how things are compared to how they were. Each volume is a tmpfs that is
 * mounted over a folder without any notice, so that a new one is looked at several times; and everything is looked at
 * every so often, which costs little: a volume is read only when its `..data` points elsewhere than before.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Component, type ComponentStatus, createComponent } from '../../../shared/component/component.ts';
import type { TokenFileLine } from '../../../shared/schema/token-open.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import { type Clock, formatTime, wallClock } from '../../../shared/time.ts';
import { whyUnreadable } from '../unreadable.ts';
import { Agenda } from './agenda.ts';
import { FolderWatch } from './folder-watch.ts';
import { isHidden } from './host-mounts.ts';
import { type Change, type Look, PodFiles, type PodLimits } from './pod-files.ts';
import { isMissing, type Volume } from './pod-folder.ts';
import { type TokenFilesStatus, Troubles } from './troubles.ts';

export const TOKEN_FILE_DROPS = ['too-many-pods', 'too-many-volumes', 'too-many-files'] as const;
export const TOKEN_FILE_ERRORS = ['unreadable-folder', 'unreadable-file', 'watch-failed'] as const;

export interface TokenFilesLimits extends PodLimits {
  pods: number;
}

export interface TokenFilesOptions {
  podsRoot?: string;
  /** Name of the node, for the lines. */
  node: string;
  /** How often everything is looked at without having been woken. */
  pollMs?: number;
  /** Changes that come within this time are looked at once. */
  settleMs?: number;
  /** When to look again at a volume with nothing in it: twice as late each time. */
  retryMs?: number;
  limits?: Partial<TokenFilesLimits>;
  /** Told in order; of one pod at a time. Must not throw. */
  onLines(lines: TokenFileLine[]): void;
  /** Told when it changes. */
  onStatus(status: TokenFilesStatus): void;
  metrics: Pick<
    ComponentMetrics<(typeof TOKEN_FILE_DROPS)[number], (typeof TOKEN_FILE_ERRORS)[number]>,
    'dropped' | 'error'
  >;
  logger: Logger;
  clock?: Clock;
}

const DEFAULTS = { podsRoot: '/var/lib/kubelet/pods', pollMs: 30_000, settleMs: 50, retryMs: 100 };
/** More pods than any kubelet is meant to run; other numbers are far beyond what real pods have. */
const LIMITS: TokenFilesLimits = { pods: 1000, volumes: 100, tokens: 20, entries: 1000 };
/** With the times doubled, 13 s in all. */
const RETRIES = 7;
const MAX_UID = 64;

/** What to do about an inotify limit, by the error that it gives. */
const REMEDIES: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOSPC', "The node's inotify watches are used up: raise fs.inotify.max_user_watches."],
  ['EMFILE', "The node's inotify instances, or the agent's files, are used up: raise fs.inotify.max_user_instances."],
]);

/** Things to look at that are no pods: the list of pods, and all there is. Neither is a name that a folder can have. */
const LIST = '.';
const ALL = '..';

const isPod = (entry: Dirent): boolean => entry.isDirectory() && entry.name.length <= MAX_UID;

/** It could not be looked at. */
const FAILED = 'failed';

interface Pod {
  uid: string;
  files: PodFiles;
  watch: FolderWatch;
  /** What a token has done that is found at the next look: it was there when the source began, or it is new. */
  found: 'present' | 'appeared';
  retries: number;
}

export class TokenFilesSource implements Component {
  readonly name = 'token-files';
  readonly #options: TokenFilesOptions & typeof DEFAULTS;
  readonly #limits: TokenFilesLimits;
  readonly #clock: Clock;
  readonly #component: Component;
  readonly #agenda = new Agenda();
  readonly #troubles: Troubles;
  readonly #list: FolderWatch;
  readonly #pods = new Map<string, Pod>();
  #leftOut = new Set<string>();
  #wasListed = false;
  #isStopping = false;
  #running: Promise<void> | undefined;

  constructor(options: TokenFilesOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#limits = { ...LIMITS, ...options.limits };
    this.#clock = options.clock ?? wallClock;
    this.#list = this.#watchOf(LIST);
    this.#troubles = new Troubles((status) => {
      const { status: level, ...fields } = status;
      options.logger[level === 'ok' ? 'info' : 'warn'](fields, 'token files status');
      options.onStatus({ ...status, detail: status.detail.slice(0, 1024) });
    });
    this.#component = createComponent(this.name, {
      start: () => this.#start(),
      stop: () => this.#stop(),
      degraded: () => this.#troubles.detail,
    });
  }

  /** Resolves once what is there has been told of. */
  start(): Promise<void> {
    return this.#component.start();
  }

  stop(): Promise<void> {
    // First of all: a start that is still looking must not be waited for.
    this.#isStopping = true;
    return this.#component.stop();
  }

  status(): ComponentStatus {
    return this.#component.status();
  }

  async #start(): Promise<void> {
    await this.#lookAround();
    for (const pod of this.#pods.values()) {
      if (this.#isStopping) return;
      await this.#lookAt(pod);
    }
    if (this.#troubles.detail === undefined) this.#troubles.tellOk();
    this.#running = this.#run();
  }

  async #stop(): Promise<void> {
    this.#agenda.close();
    await this.#running;
    await Promise.all([this.#list.close(), ...[...this.#pods.values()].map(({ watch }) => watch.close())]);
  }

  /** One after the other, so that nothing is ever looked at twice at once. */
  async #run(): Promise<void> {
    for (;;) {
      const due = await this.#agenda.next();
      if (due === undefined) return;
      const pod = this.#pods.get(due);
      if (pod) await this.#lookAt(pod);
      else if (due === ALL) await this.#lookAround();
      else if (due === LIST) await this.#listPods();
    }
  }

  async #lookAround(): Promise<void> {
    this.#list.retry();
    await this.#listPods();
    for (const { uid, watch } of this.#pods.values()) {
      watch.retry();
      this.#agenda.plan(uid, 0);
    }
    this.#agenda.plan(ALL, this.#options.pollMs);
  }

  async #listPods(): Promise<void> {
    const { podsRoot } = this.#options;
    try {
      // As the kernel names it.
      const root = await realpath(podsRoot);
      const { dev, ino } = await stat(root, { bigint: true });
      await this.#list.follow(`${root} ${dev}:${ino}`, [root]);
      const entries = await readdir(root, { withFileTypes: true });
      this.#compare(root, new Set(entries.filter(isPod).map(({ name }) => name)));
      this.#troubles.clear('folder-missing', LIST);
      this.#troubles.clear('folder-unreadable', LIST);
      if (this.#list.isWatching) this.#troubles.clear('watches-exhausted', LIST);
    } catch (error) {
      await this.#list.close();
      if (isMissing(error)) this.#troubles.raise('folder-missing', LIST, `${podsRoot} is not there.`);
      else this.#unreadable(LIST, podsRoot, error);
    }
  }

  #compare(root: string, uids: ReadonlySet<string>): void {
    const leftOut = new Set<string>();
    for (const uid of uids) {
      if (this.#pods.has(uid)) continue;
      if (this.#pods.size < this.#limits.pods) this.#add(uid, join(root, uid));
      else leftOut.add(uid);
    }
    for (const uid of this.#pods.keys()) if (!uids.has(uid)) this.#agenda.plan(uid, 0);
    this.#wasListed = true;

    for (const uid of leftOut) if (!this.#leftOut.has(uid)) this.#options.metrics.dropped('too-many-pods');
    this.#leftOut = leftOut;
    const { pods } = this.#limits;
    if (leftOut.size === 0) this.#troubles.clear('too-many-pods', LIST);
    else this.#troubles.raise('too-many-pods', LIST, `Of ${uids.size} pods only ${pods} are watched.`);
  }

  #add(uid: string, path: string): void {
    const found = this.#wasListed ? 'appeared' : 'present';
    const files = new PodFiles(path, this.#limits);
    this.#pods.set(uid, { uid, files, watch: this.#watchOf(uid), found, retries: 0 });
    this.#agenda.plan(uid, 0);
  }

  #watchOf(key: string): FolderWatch {
    return new FolderWatch({
      onChange: () => this.#agenda.plan(key, this.#options.settleMs),
      onError: (error) => {
        this.#options.metrics.error('watch-failed');
        this.#options.logger.debug({ err: error, key }, 'a folder can not be watched');
        const remedy = REMEDIES.get((error as NodeJS.ErrnoException).code);
        if (remedy === undefined) return;
        const seconds = Math.ceil(this.#options.pollMs / 1000);
        const detail = `${remedy} Until then tokens that come and go within ${seconds} s can go unseen.`;
        this.#troubles.raise('watches-exhausted', key, detail);
      },
    });
  }

  async #lookAt(pod: Pod): Promise<void> {
    const { uid, files, watch } = pod;
    const look = await files.look().catch((error: unknown) => this.#unreadable(uid, uid, error));
    if (look === FAILED) return;
    if (!look) {
      await this.#remove(pod);
      return;
    }
    this.#deliver(pod, look.changes);
    pod.found = 'appeared';
    if (look.failure === undefined) this.#troubles.clear('folder-unreadable', uid);
    else this.#unreadable(uid, uid, look.failure);
    if (await watch.follow(look.shape, look.folders)) {
      pod.retries = 0;
      if (look.left > 0) this.#options.metrics.dropped('too-many-volumes', look.left);
    }
    if (watch.isWatching) this.#troubles.clear('watches-exhausted', uid);
    await this.#lookAgain(pod, look);
  }

  /** Until what is to be expected has come, or has had time enough. */
  async #lookAgain(pod: Pod, { pending, cut, unreadable }: Look): Promise<void> {
    const { metrics, retryMs } = this.#options;
    if (cut > 0) metrics.dropped('too-many-files', cut);
    if (unreadable > 0) metrics.error('unreadable-file', unreadable);
    if (pending.length === 0) this.#troubles.clear('mounts-hidden', pod.uid);
    if (pending.length === 0 && pod.watch.isWatching) pod.retries = 0;
    else if (pod.retries < RETRIES) this.#agenda.plan(pod.uid, retryMs * 2 ** pod.retries++);
    else await this.#explain(pod, pending);
  }

  /** The kubelet mounts and fills a volume within milliseconds: where it stays empty, the mount may not be seen here. */
  async #explain({ uid }: Pod, pending: readonly Volume[]): Promise<void> {
    for (const { path, tail, isMounted } of pending) {
      if (isMounted || !(await isHidden(tail))) continue;
      const detail = `${path} is mounted on the node, but not here. Mount the folder with mountPropagation: HostToContainer.`;
      this.#troubles.raise('mounts-hidden', uid, detail);
      return;
    }
    this.#troubles.clear('mounts-hidden', uid);
  }

  async #remove(pod: Pod): Promise<void> {
    const { uid, files, watch } = pod;
    this.#pods.delete(uid);
    this.#agenda.forget(uid);
    this.#troubles.clearAll(uid);
    this.#deliver(pod, files.end());
    await watch.close();
  }

  #deliver({ uid, found }: Pod, changes: readonly Change[]): void {
    if (changes.length === 0) return;
    const t = formatTime(this.#clock.now());
    const { node, onLines } = this.#options;
    onLines(
      changes.map(({ event, ...change }) => ({
        t,
        node,
        event: event === 'appeared' ? found : event,
        ...change,
        pod_uid: uid,
      })),
    );
  }

  #unreadable(key: string, path: string, error: unknown): typeof FAILED {
    this.#options.metrics.error('unreadable-folder');
    const detail = `${path} cannot be read: ${whyUnreadable(error)}. What is below it belongs to root.`;
    this.#troubles.raise('folder-unreadable', key, detail);
    return FAILED;
  }
}
