/** Looks after one output: reads what it is to be told of, tells it, waits, tries again, gives up. Nobody waits for it. */
import { anySignal } from '../../shared/component/any-signal.ts';
import { Backoff, type Pause } from '../../shared/component/backoff.ts';
import type { OutputSettings } from '../../shared/config/outputs.ts';
import type { Notice } from '../../shared/formats/notice.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { type Clock, HOUR, MINUTE, type Micros, SECOND } from '../../shared/time.ts';
import { OutputFailure } from '../outputs/failure.ts';
import type { Output } from '../outputs/output.ts';
import type { OutputStatus } from '../query/schemas/outputs.ts';
import type { DeadLetter, OutputCursor } from '../store/outputs.ts';
import type { Store } from '../store/store.ts';
import type { Delivery } from './delivery.ts';
import { Intake } from './intake.ts';
import { letterOf } from './letters.ts';
import type { OutputCounts } from './metrics.ts';
import { Pending } from './pending.ts';
import { Progress } from './progress.ts';
import { Rate } from './rate.ts';
import { Sending } from './sending.ts';

export type DispatchStore = Pick<
  Store,
  'changedAlerts' | 'lastChange' | 'wholeAlerts' | 'outputCursors' | 'saveOutput' | 'toldOf' | 'openTold'
>;

export interface WorkerOptions {
  name: string;
  settings: OutputSettings;
  output: Output;
  /** Undefined: it does not fit. */
  render(notice: Notice): string | undefined;
  page: string | undefined;
  store: DispatchStore;
  counts: OutputCounts;
  clock: Clock;
  pause: Pause;
  log: Logger;
}

export type WorkerStatus = Pick<
  OutputStatus,
  'delivered' | 'failed' | 'retried' | 'summarised' | 'waiting' | 'lagSeconds' | 'lastDelivered' | 'failure'
>;

/** Alerts that are in memory whole. */
const AT_ONCE = 100;
const MOST_SUMMARISED = 2000;
const MOST_REPEATED = 20_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** While it delivers; and while it only leaves out what is not for it. */
const SAVE_EVERY: Micros = SECOND / 5;
const SAVE_IDLE_EVERY: Micros = 5 * SECOND;
/** Then it looks anew, whether anybody woke it or not. */
const LONGEST_REST: Micros = 30 * SECOND;
/** When nothing arrives for so long, that is not because of one alert. */
const OUTAGE: Micros = 2 * MINUTE;
const GRACE_MS = 5000;
const LAST_GRACE_MS = 2000;

export class OutputWorker {
  readonly #options: WorkerOptions;
  readonly #delivery: Delivery;
  readonly #pending = new Pending();
  readonly #progress: Progress;
  readonly #intake: Intake;
  readonly #sending: Sending;
  readonly #rate: Rate;
  readonly #stopping = new AbortController();
  #ringing = new AbortController();
  #running: Promise<void> | undefined;
  #retries = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  #failure: { what: OutputFailure; nextAttempt: Micros | null } | undefined;
  #lastDelivered: Micros | null = null;
  #savedAt: Micros;
  /** Until when the rate limit has alerts wait for a summary. */
  #limitedUntil: Micros | undefined;
  #repeatAt: Micros | undefined;
  #lookedAt: Micros;

  /** @param delivery of the output, shared with whoever tries it */
  constructor(options: WorkerOptions, delivery: Delivery, cursor: OutputCursor) {
    const { name, settings, output, clock, store } = options;
    this.#options = options;
    this.#delivery = delivery;
    this.#progress = new Progress(store, cursor);
    this.#rate = new Rate(settings.rateLimit);
    this.#savedAt = clock.now();
    this.#lookedAt = clock.now();
    if (output.repeatSeconds !== undefined) this.#repeatAt = clock.now();
    const shared = { ...options, pending: this.#pending, progress: this.#progress };
    this.#intake = new Intake(shared, cursor.change);
    this.#sending = new Sending({
      ...shared,
      name,
      maxBatch: output.maxBatch,
      rate: this.#rate,
      delivery,
      stopping: this.#stopping.signal,
      onAnswer: (arrived) => this.#answered(arrived),
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#intake.wake();
    this.#ringing.abort();
  }

  replay(letters: readonly Pick<DeadLetter, 'cluster' | 'alert' | 'attempts'>[]): void {
    this.#intake.ask(letters);
    this.#ringing.abort();
  }

  /** What is under way has a few seconds; what has not arrived then is sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { pause } = this.#options;
    const ended = new AbortController();
    const running = (this.#running ?? Promise.resolve()).finally(() => ended.abort());
    await pause(GRACE_MS, ended.signal);
    const last = new AbortController();
    const ending = Promise.all([this.#delivery.end(), running]).finally(() => last.abort());
    ending.catch((error: unknown) => this.#options.log.warn({ err: error }, 'an output could not be closed'));
    await pause(LAST_GRACE_MS, last.signal);
  }

  status(): WorkerStatus {
    const { counts, clock } = this.#options;
    const { failingSince } = this.#progress;
    const { what, nextAttempt = null } = this.#failure ?? {};
    return {
      ...counts.totals,
      waiting: this.#pending.size,
      lagSeconds: this.#pending.lag(clock.now()) / SECOND,
      lastDelivered: this.#lastDelivered,
      failure: what
        ? {
            reason: what.reason,
            detail: what.message,
            remedy: what.remedy ?? null,
            since: failingSince ?? clock.now(),
            nextAttempt,
          }
        : null,
    };
  }

  async #run(): Promise<void> {
    const { log, pause, counts } = this.#options;
    let trouble = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#turn();
        trouble = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        if (error instanceof OutputFailure) await this.#failed(error);
        else {
          counts.storeTrouble();
          log.warn({ err: error }, 'an output can not be looked after at the moment; nothing is lost');
          await pause(trouble.nextMs(), this.#stopping.signal);
        }
      }
    }
    await this.#saveIfAny();
  }

  async #turn(): Promise<void> {
    const { clock, store, name } = this.#options;
    this.#lookAtClock();
    if (this.#progress.isUrgent) await this.#save();
    await this.#intake.read();
    if (this.#repeatAt !== undefined && clock.now() >= this.#repeatAt) {
      // Before it is done: should it fail, what is new is not to wait for it.
      this.#repeatAt = clock.now() + this.#repeatEvery;
      await this.#sending.repeat(await store.openTold(name, MOST_REPEATED));
    }
    if (this.#limitedUntil !== undefined && clock.now() >= this.#limitedUntil) await this.#summarise();
    const due = this.#limitedUntil === undefined ? this.#pending.due(clock.now(), AT_ONCE) : [];
    if (due.length === 0) return this.#rest();
    const isAll = await this.#sending.tell(due);
    if (!isAll) this.#limitedUntil = this.#rate.endsAt(clock.now());
    if (this.#progress.isUrgent) await this.#save();
  }

  /** Whoever waits for a time must not wait longer because the clock was ahead when they began. */
  #lookAtClock(): void {
    const now = this.#options.clock.now();
    if (now < this.#lookedAt) {
      this.#limitedUntil &&= Math.min(this.#limitedUntil, this.#rate.endsAt(now));
      this.#repeatAt &&= Math.min(this.#repeatAt, now + this.#repeatEvery);
      this.#pending.hasten(now, this.#options.settings.updateSeconds * SECOND);
    }
    this.#lookedAt = now;
  }

  get #repeatEvery(): Micros {
    return (this.#options.output.repeatSeconds ?? 0) * SECOND;
  }

  async #summarise(): Promise<void> {
    const due = this.#pending.due(this.#options.clock.now(), MOST_SUMMARISED).filter(({ isAskedFor }) => !isAskedFor);
    if (due.length > 0) await this.#sending.summarise(due);
    this.#limitedUntil = undefined;
    if (this.#progress.isUrgent) await this.#save();
  }

  async #answered(arrived: number): Promise<void> {
    const { counts, clock, log } = this.#options;
    const now = clock.now();
    counts.delivered(arrived);
    if (arrived > 0) this.#lastDelivered = now;
    if (this.#failure) log.info('the output takes alerts again');
    this.#failure = undefined;
    this.#retries = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    const { failingSince } = this.#progress;
    if (failingSince !== null && now - failingSince >= OUTAGE) this.#pending.forgive();
    this.#progress.working();
    if (this.#progress.isUrgent && Math.abs(now - this.#savedAt) >= SAVE_EVERY) await this.#save();
  }

  async #failed(failure: OutputFailure): Promise<void> {
    const { clock, log, pause } = this.#options;
    const now = clock.now();
    if (!this.#failure) log.warn({ reason: failure.reason, detail: failure.message }, 'an output takes no alerts');
    this.#progress.failing(now);
    this.#giveUp(failure, now);
    await this.#saveIfAny();
    const wanted = Math.min(failure.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    const ms = Math.max(this.#retries.nextMs(), wanted);
    this.#failure = { what: failure, nextAttempt: now + ms * 1000 };
    await pause(ms, this.#stopping.signal);
    this.#failure.nextAttempt = null;
  }

  /** What has waited for too long, all of it while the output took nothing, or did not take this. */
  #giveUp(failure: OutputFailure, now: Micros): void {
    const { name, settings, log, counts } = this.#options;
    const { failingSince } = this.#progress;
    const tooOld = now - settings.giveUpHours * HOUR;
    const takesNothing = failingSince !== null && failingSince <= tooOld;
    const given = this.#pending
      .due(now, Number.POSITIVE_INFINITY)
      .filter(({ since, triedSince = now }) => triedSince <= tooOld || (takesNothing && since <= tooOld));
    for (const entry of given) {
      const { event, about } = entry;
      this.#progress.dead(letterOf(name, entry, { event, revision: about.revision }, failure, now));
      this.#pending.delete(entry);
    }
    if (given.length === 0) return;
    counts.gaveUp(failure.reason, given.length);
    log.warn({ count: given.length }, 'alerts that an output did not take for too long are dead letters now');
    // Those that wait behind them are looked at with the next attempt.
    this.#intake.wake();
  }

  /** Until there is something to do. */
  async #rest(): Promise<void> {
    const { clock, pause } = this.#options;
    const now = clock.now();
    let until = Math.min(now + LONGEST_REST, this.#repeatAt ?? Infinity);
    until = Math.min(until, this.#limitedUntil ?? this.#pending.nextDue() ?? Infinity);
    if (this.#progress.isBehind(this.#intake.change)) {
      if (Math.abs(now - this.#savedAt) >= SAVE_IDLE_EVERY) return this.#save();
      until = Math.min(until, this.#savedAt + SAVE_IDLE_EVERY);
    }
    const ms = Math.max(1, Math.ceil((until - now) / 1000));
    const { signal, release } = anySignal(this.#stopping.signal, this.#ringing.signal);
    await pause(ms, signal);
    release();
    this.#intake.wake();
    this.#ringing = new AbortController();
  }

  async #save(): Promise<void> {
    await this.#progress.save(this.#intake.change);
    this.#savedAt = this.#options.clock.now();
  }

  /** What can't be stored now is stored later, or sent again. */
  async #saveIfAny(): Promise<void> {
    if (!this.#progress.isBehind(this.#intake.change)) return;
    await this.#save().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, 'how far an output has come could not be stored'),
    );
  }
}
