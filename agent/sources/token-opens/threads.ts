/** The sensor's threads: starts them, starts others for those that hang or fail, and ends them. */
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { Control, GUARD, READERS } from './control.ts';
import type {
  FromGuard,
  FromReader,
  GuardData,
  ReaderData,
  Report,
  Shared,
  ToGuard,
  ToReader,
  VolumesState,
} from './messages.ts';
import type { OpenPolicy } from './policy.ts';
import { Thread } from './thread.ts';

export interface ThreadsOptions {
  shared: Omit<Shared, 'control'>;
  procRoot: string;
  podsRoot: string;
  maxVolumes: number;
  policy: OpenPolicy;
  /** @param taken to be called once the opens of the report are dealt with */
  onReport(report: Report, taken: () => void): void;
  onVolumes(state: VolumesState): void;
  /** Why no reader is in charge: then opens are let through without a look at the opener. Undefined: one is. */
  onCharge(trouble: string | undefined): void;
  /** Whether the host's own namespaces are known. */
  onHost(isKnown: boolean): void;
  /** Why there is no guard. */
  onGuard(trouble: string | undefined): void;
}

const START_AGAIN_MS = 1000;
/** Together less than what a component has to stop. */
const READERS_END_MS = 1000;
const GUARD_ENDS_MS = 500;
const SILENT_MS = 1000;
const MAX_SHUNNED = 256;

export class Threads {
  readonly #options: ThreadsOptions;
  readonly #control = new Control();
  readonly #readers = new Map<number, Thread<FromReader>>();
  #guard: Thread<FromGuard> | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Processes that a reader hung on. */
  readonly #shunned = new Set<number>();
  #policy: OpenPolicy;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#policy = options.policy;
  }

  /** Resolves once volumes are marked and their opens are taken, or a thread has failed. */
  async start(): Promise<void> {
    await this.#startReader();
    await this.#startGuard();
  }

  setPolicy(policy: OpenPolicy): void {
    this.#policy = policy;
    for (const reader of this.#readers.keys()) this.#sendReader(reader, { policy });
  }

  /** @returns false when a thread hangs in a system call: it can't be ended, and takes no more events */
  async stop(): Promise<boolean> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#control.stop();
    await within(READERS_END_MS, [...this.#readers.values()]);
    this.#control.end();
    await within(GUARD_ENDS_MS, this.#guard ? [this.#guard] : []);
    for (const thread of this.#readers.values()) thread.leave();
    return this.#readers.size === 0;
  }

  /** Whether a reader does not react, so that the process can't end by itself. @param now ticks */
  hangs(now: number): boolean {
    return [...this.#readers.keys()].some((reader) => this.#control.millisSilent(reader, now) > SILENT_MS);
  }

  async #startReader(): Promise<void> {
    const reader = Array.from({ length: READERS }, (_, index) => index).find((index) => !this.#readers.has(index));
    if (reader === undefined) return;
    const data: ReaderData = {
      ...this.#options.shared,
      control: this.#control.shared,
      procRoot: this.#options.procRoot,
      policy: this.#policy,
      reader,
      shunned: [...this.#shunned],
    };
    const thread = new Thread<FromReader>('reader-worker', data, {
      onMessage: (message) => {
        if (message.kind === 'report') this.#report(reader, message);
        else {
          this.#options.onCharge(undefined);
          this.#options.onHost(message.knowsHost);
        }
      },
      onExit: (error) => this.#readerEnded(reader, error),
    });
    this.#readers.set(reader, thread);
    this.#connect(reader);
    await thread.started;
  }

  /** Readers also end when another one took over while they hung. */
  #readerEnded(reader: number, error: Error | undefined): void {
    this.#readers.delete(reader);
    this.#control.resign(reader);
    if (!this.#control.isRunning || this.#control.active !== undefined) return;
    this.#options.onCharge(messageOf(error));
    this.#later(() => {
      if (this.#control.active === undefined) void this.#startReader();
    });
  }

  async #startGuard(): Promise<void> {
    const data: GuardData = {
      ...this.#options.shared,
      control: this.#control.shared,
      podsRoot: this.#options.podsRoot,
      maxVolumes: this.#options.maxVolumes,
    };
    const thread = new Thread<FromGuard>('guard-worker', data, {
      onMessage: (message) => this.#hearGuard(message),
      onExit: (error) => {
        this.#guard = undefined;
        if (!this.#control.isRunning) return;
        this.#options.onGuard(messageOf(error));
        this.#later(() => void this.#startGuard());
      },
    });
    this.#guard = thread;
    for (const reader of this.#readers.keys()) this.#connect(reader);
    await thread.started;
  }

  #hearGuard(message: FromGuard): void {
    switch (message.kind) {
      case 'ready':
        this.#options.onGuard(undefined);
        break;
      case 'report':
        this.#report(GUARD, message);
        break;
      case 'volumes':
        this.#options.onVolumes(message);
        break;
      case 'recovered':
        this.#options.onCharge(undefined);
        break;
      case 'stuck':
        this.#options.onCharge('a reader hangs');
        if (message.asked !== 0) this.#shun(message.asked);
        void this.#startReader();
        break;
    }
  }

  #shun(pid: number): void {
    this.#shunned.add(pid);
    if (this.#shunned.size > MAX_SHUNNED) this.#shunned.delete(this.#shunned.values().next().value as number);
  }

  #report(thread: number, report: Report): void {
    this.#options.onReport(report, () => this.#control.took(thread, report.opens.length));
  }

  /** Lets the guard tell a reader of volumes. */
  #connect(reader: number): void {
    if (!this.#guard) return;
    const { port1, port2 } = new MessageChannel();
    this.#sendReader(reader, { volumes: port1 });
    this.#guard.send({ reader, volumes: port2 } satisfies ToGuard, [port2]);
  }

  #sendReader(reader: number, message: ToReader): void {
    this.#readers.get(reader)?.send(message, 'volumes' in message ? [message.volumes] : []);
    this.#control.sentMail(reader);
  }

  #later(what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, START_AGAIN_MS);
    this.#timers.add(timer);
  }
}

async function within(ms: number, threads: readonly { exited: Promise<void> }[]): Promise<void> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([Promise.all(threads.map(({ exited }) => exited)), late]);
  timer.abort();
}

const messageOf = (error: Error | undefined): string => error?.message ?? 'it ended';
