/**
 * Tells of every open of a token's file on this node, whatever it is opened through, with who opened it; and, if it is to,
 * denies some. Openers are held until they were looked at, but never long, and never by this thread: it may be as slow as
 * it likes.
 */
import { type Component, type ComponentStatus, createComponent } from '../../../shared/component/component.ts';
import { LostReason, type TokenOpen } from '../../../shared/schema/token-open.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import { FanotifyError, openGroups } from './fanotify.ts';
import { Clocks, type Libc, loadLibc } from './libc.ts';
import type { Mode, Report, VolumesState } from './messages.ts';
import { DEFAULT_POLICY, type OpenPolicy } from './policy.ts';
import { Problems, type TokenOpensStatus } from './problems.ts';
import { Threads } from './threads.ts';

export type TokenOpensMetrics = Pick<
  ComponentMetrics<(typeof TOKEN_OPENS_DROPPED)[number], (typeof TOKEN_OPENS_ERRORS)[number]>,
  'received' | 'sent' | 'dropped' | 'error'
>;
/** `overflow`: times, not opens: the kernel does not count what it lets through. */
export const TOKEN_OPENS_DROPPED = ['overflow', 'not-taken', 'not-delivered'] as const;
/** Opens whose opener is not known. */
export const TOKEN_OPENS_ERRORS = [...LostReason.options, 'thread-failed'] as const;

export interface TokenOpensOptions {
  /** The kubelet's folder of pods. */
  podsRoot?: string;
  /** Where /proc of the host is. */
  procRoot?: string;
  /**
   * `attribute`: an opener waits until it was looked at. `observe`: nobody waits, and who is quick is not seen any more.
   * `enforce`: as `attribute`, but what the policy forbids fails with EPERM.
   */
  mode?: Mode;
  policy?: OpenPolicy;
  /** More are not watched. */
  maxVolumes?: number;
  /** Nobody waits longer. */
  answerWithinMs?: number;
  /** Opens that wait for this thread; the oldest give way. */
  maxWaiting?: number;
  /** The next are told once it has resolved. Holds up nobody but itself. */
  onOpens: (opens: TokenOpen[]) => void | Promise<void>;
  /** Told when it changes, and of every loss. */
  onStatus: (status: TokenOpensStatus) => void;
  metrics: TokenOpensMetrics;
  logger: Logger;
}

type Settled = Required<Omit<TokenOpensOptions, 'onOpens' | 'onStatus' | 'metrics' | 'logger'>>;

const DEFAULTS: Settled = {
  podsRoot: '/var/lib/kubelet/pods',
  procRoot: '/proc',
  mode: 'attribute',
  policy: DEFAULT_POLICY,
  maxVolumes: 4000,
  answerWithinMs: 250,
  maxWaiting: 10_000,
};

export class TokenOpensSource implements Component {
  readonly name = 'token-opens';
  readonly #options: TokenOpensOptions & Settled;
  readonly #component: Component;
  readonly #problems: Problems;
  #policy: OpenPolicy;
  #running: { libc: Libc; groups: number[]; threads: Threads } | undefined;
  #delivering: Promise<void> = Promise.resolve();
  /** What is watched, once it is. */
  #watching: string | undefined;

  constructor(options: TokenOpensOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#policy = this.#options.policy;
    this.#problems = new Problems((status) => {
      options.logger[status.status === 'ok' ? 'info' : 'warn']({ ...status, source: this.name }, 'token opens source');
      options.onStatus(status);
    });
    this.#component = createComponent(this.name, {
      start: () => this.#start(),
      stop: () => this.#stop(),
      degraded: () => this.#problems.summary,
    });
  }

  /** Resolves once the volumes that are there are watched, or it is known that they can't be: it never rejects. */
  start(): Promise<void> {
    return this.#component.start();
  }

  stop(): Promise<void> {
    return this.#component.stop();
  }

  status(): ComponentStatus {
    return this.#component.status();
  }

  /** In force from the next open on. Only in mode `enforce` is it asked. */
  setPolicy(policy: OpenPolicy): void {
    this.#policy = policy;
    this.#running?.threads.setPolicy(policy);
  }

  async #start(): Promise<void> {
    const { mode, answerWithinMs, maxWaiting, procRoot, podsRoot, maxVolumes } = this.#options;
    const libc = await this.#load();
    const groups = libc && this.#openGroups(libc);
    if (!libc || !groups) return;
    const threads = new Threads({
      shared: { groups, mode, answerWithinMs, maxWaiting },
      procRoot,
      podsRoot,
      maxVolumes,
      policy: this.#policy,
      onReport: (report, taken) => this.#take(report, taken),
      onVolumes: (state) => this.#hearOfVolumes(state),
      onCharge: (trouble) => this.#hearOfTrouble('no-reader', trouble),
      onHost: (isKnown) => this.#tell({ 'host-unreadable': isKnown ? undefined : NEEDS_PTRACE }),
      onGuard: (trouble) => this.#hearOfTrouble('no-guard', trouble),
    });
    this.#running = { libc, groups, threads };
    process.on('exit', this.#onExit);
    // The first process of a container's own pid namespace sees nobody else's.
    if (process.pid === 1) this.#problems.set('foreign-pid-namespace', NEEDS_HOST_PID);
    await threads.start();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#problems.close();
    if (!running) return;
    const { libc, groups, threads } = running;
    const haveEnded = await threads.stop();
    for (const group of groups) libc.close(group);
    this.#running = undefined;
    process.off('exit', this.#onExit);
    if (haveEnded) return;
    this.#options.logger.warn({ source: this.name }, 'a thread of the sensor hangs, and is left behind');
    process.on('exit', (code) => libc._exit(code));
  }

  /**
   * When the process ends without having stopped: it waits for its threads, and others for an answer of theirs. Closing the
   * groups lets all of them through (fanotify(7)). A thread that hangs would be waited for for ever.
   */
  readonly #onExit = (code: number): void => {
    if (!this.#running) return;
    const { libc, groups, threads } = this.#running;
    for (const group of groups) libc.close(group);
    if (threads.hangs(new Clocks(libc).ticks())) libc._exit(code);
  };

  async #load(): Promise<Libc | undefined> {
    try {
      return await loadLibc();
    } catch (error) {
      this.#problems.set('not-supported', messageOf(error));
      return undefined;
    }
  }

  #openGroups(libc: Libc): number[] | undefined {
    try {
      return openGroups(libc, this.#options.mode !== 'observe');
    } catch (error) {
      const code = error instanceof FanotifyError ? error.code : '';
      const old = code === 'EINVAL' || code === 'ENOSYS';
      const reason = code === 'EPERM' ? 'not-permitted' : old ? 'kernel-too-old' : 'not-supported';
      this.#problems.set(reason, `${messageOf(error)} (${NEEDS[reason]})`);
      return undefined;
    }
  }

  #take({ opens, dropped, overflows, outside }: Report, taken: () => void): void {
    const { metrics } = this.#options;
    metrics.received(opens.length + dropped);
    if (dropped > 0) {
      metrics.dropped('not-taken', dropped);
      this.#problems.lost('opens-dropped', dropped);
    }
    if (overflows > 0) {
      metrics.dropped('overflow', overflows);
      this.#problems.lost('opens-overflow', overflows);
    }
    if (outside > 0) this.#problems.set('foreign-pid-namespace', NEEDS_HOST_PID);
    this.#delivering = this.#delivering.then(() => this.#deliver(opens)).then(taken);
  }

  async #deliver(opens: TokenOpen[]): Promise<void> {
    if (opens.length === 0) return;
    const { metrics, onOpens, logger } = this.#options;
    for (const { lost } of opens) if (lost !== undefined) metrics.error(lost);
    const late = opens.filter(({ lost }) => lost === 'timeout').length;
    if (late > 0) this.#problems.lost('opens-unidentified', late);
    try {
      await onOpens(opens);
      metrics.sent(opens.length);
    } catch (err) {
      metrics.dropped('not-delivered', opens.length);
      this.#problems.lost('opens-dropped', opens.length);
      logger.error({ err, opens: opens.length }, 'opens of tokens could not be handed on');
    }
  }

  #hearOfVolumes({ marked, beyondLimit, problem }: VolumesState): void {
    const { podsRoot, maxVolumes } = this.#options;
    const tooMany = `${beyondLimit} volumes are not watched: ${maxVolumes} are the limit.`;
    this.#watching = `${marked} volumes below ${podsRoot}`;
    this.#tell({
      'too-many-volumes': beyondLimit > 0 ? tooMany : undefined,
      'pods-folder-missing': undefined,
      'mounts-unreadable': undefined,
      'mark-refused': undefined,
      ...(problem && { [problem.reason]: problem.detail }),
    });
  }

  #hearOfTrouble(reason: 'no-reader' | 'no-guard', trouble: string | undefined): void {
    if (trouble !== undefined) this.#options.metrics.error('thread-failed');
    this.#tell({ [reason]: trouble });
  }

  #tell(problems: Parameters<Problems['update']>[0]): void {
    this.#problems.update(problems);
    if (this.#watching !== undefined) this.#problems.settle(this.#watching);
  }
}

const NEEDS_HOST_PID = 'Who opens files is in another pid namespace and can not be looked at: the agent needs hostPID.';
const NEEDS_PTRACE =
  "The namespaces of the host's first process can not be read, so that host and containers are told apart by control groups alone: the agent needs CAP_SYS_PTRACE.";
const NEEDS = {
  'not-permitted': 'needs CAP_SYS_ADMIN in the initial user namespace',
  'kernel-too-old': 'needs Linux 5.1 or later',
  'not-supported': 'is fanotify in this kernel?',
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
