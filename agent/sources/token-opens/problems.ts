/** What is wrong at the moment, by reason; and what was lost, told at once and then summed up for a while. */
import type { SourceStatus } from '../../../shared/schema/observation.ts';
import type { MarkProblem } from './messages.ts';

export type ProblemReason =
  | MarkProblem['reason']
  /** No fanotify here, or nothing to call it by. */
  | 'not-supported'
  | 'not-permitted'
  | 'kernel-too-old'
  | 'too-many-volumes'
  /** Openers can't be looked at: they are in another pid namespace. */
  | 'foreign-pid-namespace'
  | 'host-unreadable'
  /** The thread that looks at openers hangs, or has failed. */
  | 'no-reader'
  /** The same of the thread that finds volumes. */
  | 'no-guard';

export interface TokenOpensStatus extends Pick<SourceStatus, 'detail'> {
  status: 'ok' | 'gap' | 'blind';
  reason: 'watching' | ProblemReason | GapReason;
}

/**
 * `opens-overflow`: the kernel's queue was full. `opens-dropped`: the agent did not take them in time.
 * `opens-unidentified`: they waited so long that they were let through without a look at the opener.
 */
export type GapReason = 'opens-overflow' | 'opens-dropped' | 'opens-unidentified';

const LOST: Readonly<Record<GapReason, (count: number) => string>> = {
  'opens-overflow': (count) => `The kernel's queue was full ${count} times, and let opens through untold.`,
  'opens-dropped': (count) => `${count} opens were not told of, as the agent was too slow to take them.`,
  'opens-unidentified': (count) =>
    `${count} opens waited too long, and were let through without a look at who opened: nothing is judged or denied then.`,
};

const SUM_UP_MS = 10_000;

export class Problems {
  readonly #onStatus: (status: TokenOpensStatus) => void;
  readonly #current = new Map<ProblemReason, string>();
  readonly #lost = new Map<GapReason, { count: number; timer: NodeJS.Timeout }>();
  #wasBlind = true;

  constructor(onStatus: (status: TokenOpensStatus) => void) {
    this.#onStatus = onStatus;
  }

  /** All that is wrong, as a sentence. */
  get summary(): string | undefined {
    if (this.#current.size === 0) return undefined;
    return [...this.#current].map(([reason, detail]) => `${reason}: ${detail}`).join('; ');
  }

  set(reason: ProblemReason, detail: string): void {
    const isNew = !this.#current.has(reason);
    this.#current.set(reason, detail);
    this.#wasBlind = true;
    if (isNew) this.#onStatus({ status: 'blind', reason, detail: detail.slice(0, 1024) });
  }

  /** Of these reasons, those with a detail hold, and the others don't. */
  update(problems: Partial<Record<ProblemReason, string | undefined>>): void {
    for (const [reason, detail] of Object.entries(problems) as [ProblemReason, string | undefined][]) {
      if (detail === undefined) this.#current.delete(reason);
      else this.set(reason, detail);
    }
  }

  /** Nothing is wrong, or nothing any more. */
  settle(detail: string): void {
    if (!this.#wasBlind || this.#current.size > 0) return;
    this.#wasBlind = false;
    this.#onStatus({ status: 'ok', reason: 'watching', detail });
  }

  lost(reason: GapReason, count: number): void {
    const known = this.#lost.get(reason);
    if (known) {
      known.count += count;
      return;
    }
    this.#tellLost(reason, count);
    const timer = setTimeout(() => this.#sumUp(reason), SUM_UP_MS);
    this.#lost.set(reason, { count: 0, timer });
  }

  /** Tells what is not told yet. */
  close(): void {
    for (const reason of this.#lost.keys()) this.#sumUp(reason);
  }

  #sumUp(reason: GapReason): void {
    const known = this.#lost.get(reason);
    if (!known) return;
    clearTimeout(known.timer);
    this.#lost.delete(reason);
    if (known.count > 0) this.#tellLost(reason, known.count);
  }

  #tellLost(reason: GapReason, count: number): void {
    this.#onStatus({ status: 'gap', reason, detail: LOST[reason](count) });
  }
}
