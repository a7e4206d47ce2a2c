/** Tells an output of alerts, and notes what became of each. */
import type { OutputSettings } from '../../shared/config/outputs.ts';
import type { Notice } from '../../shared/formats/notice.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Clock } from '../../shared/time.ts';
import { OutputFailure } from '../outputs/failure.ts';
import type { Message, Outcome } from '../outputs/output.ts';
import type { AlertKey, Told } from '../store/outputs.ts';
import type { Delivery } from './delivery.ts';
import { type Due, dueOf, toldBy } from './events.ts';
import { isWanted } from './filter.ts';
import { knownOf, type Reading, skip } from './intake.ts';
import { letterOf } from './letters.ts';
import type { OutputCounts } from './metrics.ts';
import { alertNotice, summaryNotice } from './notices.ts';
import { keyOf, type Pending, type Waiting } from './pending.ts';
import type { Progress } from './progress.ts';
import type { Rate } from './rate.ts';

export interface SendingOptions {
  name: string;
  settings: OutputSettings;
  maxBatch: number;
  rate: Rate;
  /** Undefined: it does not fit. */
  render(notice: Notice): string | undefined;
  /** Where people reach the page, if that is known. */
  page: string | undefined;
  store: Reading;
  pending: Pending;
  progress: Progress;
  delivery: Delivery;
  counts: OutputCounts;
  clock: Clock;
  /** Once aborted, nothing more is begun. */
  stopping: AbortSignal;
  /** The other side has answered; so many messages have arrived. */
  onAnswer(arrived: number): Promise<void>;
}

interface Step {
  entry: Waiting;
  alert: Alert;
  due: Due;
  /** Undefined: it is not for this output. */
  message?: Message | OutputFailure;
  /** The entry is done with. */
  isLast: boolean;
}

export class Sending {
  readonly #options: SendingOptions;
  /** Messages at a time: fewer and fewer while all of them are refused, as that may be for one of them. */
  #most: number;
  /** Of a summary that may not have arrived: sent again it is the same. */
  #summarised: readonly Waiting[] | undefined;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.#most = options.maxBatch;
  }

  /**
   * Tells of these alerts, as they are now.
   *
   * @returns whether the rate limit let all of them through
   * @throws OutputFailure `of: 'output'`: what has not arrived is still pending; TruantError of the store
   */
  async tell(entries: readonly Waiting[]): Promise<boolean> {
    const { steps, isAll } = await this.#stepsOf(entries);
    const dead = new Set<Waiting>();
    for (let at = 0; at < steps.length && !this.#options.stopping.aborted; ) {
      const batch: Step[] = [];
      let messages = 0;
      for (; at < steps.length && messages < this.#most; at += 1) {
        const step = steps[at] as Step;
        if (dead.has(step.entry)) continue;
        batch.push(step);
        if (isMessage(step.message)) messages += 1;
      }
      await this.#tellBatch(batch, dead);
    }
    return isAll;
  }

  /** Tells of all of them in one message. @throws as `tell` does */
  async summarise(given: readonly Waiting[]): Promise<void> {
    const { name, page, store, pending, progress, counts, clock } = this.#options;
    const entries = (this.#summarised ??= given);
    const told = byKey(await store.toldOf(name, entries));
    const message = this.#rendered(summaryNotice(name, entries, page));
    for (const entry of entries) entry.attempts += 1;
    const [failure] = isMessage(message) ? await this.#deliver([message]) : [message];
    this.#summarised = undefined;
    const at = clock.now();
    for (const entry of entries) {
      const { cluster, id, event, about } = entry;
      const { revision, status, severity } = about;
      const how = told.get(keyOf(entry))?.how ?? 'summary';
      if (failure) progress.dead(letterOf(name, entry, { event, revision }, failure, at));
      else progress.told({ cluster, id, revision, status, severity, how, at });
      // What it has become since is told yet.
      if (pending.get(entry) === entry) pending.delete(entry);
    }
    if (failure) {
      counts.gaveUp(failure.reason, entries.length);
      return;
    }
    counts.summarised(entries.length);
    this.#options.rate.sent(1, at);
    await this.#options.onAnswer(1);
  }

  /** Tells again of what it was told of, as it is now. @throws OutputFailure `of: 'output'` */
  async repeat(known: readonly AlertKey[]): Promise<void> {
    const { maxBatch, page, store, stopping } = this.#options;
    for (let at = 0; at < known.length && !stopping.aborted; at += maxBatch) {
      const alerts = await store.wholeAlerts(known.slice(at, at + maxBatch));
      const messages = alerts
        .filter(({ status }) => status !== 'closed')
        .map((alert) => this.#rendered(alertNotice(alert, 'update', page)))
        .filter(isMessage);
      if (messages.length === 0) continue;
      const outcomes = await this.#deliver(messages);
      const failed = outcomes.filter((outcome) => outcome !== undefined).length;
      await this.#options.onAnswer(messages.length - failed);
    }
  }

  async #stepsOf(entries: readonly Waiting[]): Promise<{ steps: Step[]; isAll: boolean }> {
    const { name, store, pending, progress, rate, clock } = this.#options;
    const told = byKey(await store.toldOf(name, entries));
    const alerts = new Map((await store.wholeAlerts(entries)).map((alert) => [keyOf(alert), alert]));
    const steps: Step[] = [];
    const room = rate.left(clock.now());
    let left = room;
    for (const entry of entries) {
      const before = told.get(keyOf(entry));
      const alert = alerts.get(keyOf(entry));
      const due = alert ? dueOf(alert, knownOf(before, entry.isAskedFor)) : [];
      if (alert === undefined || due.length === 0) {
        // Let go of by retention, which counts it; or told of meanwhile.
        pending.delete(entry);
        if (alert && before && entry.isAskedFor) progress.told(before);
        continue;
      }
      const of = due.map((one, index) => this.#stepOf(entry, alert, one, index === due.length - 1));
      const messages = of.filter(({ message }) => isMessage(message)).length;
      // More than ever fits, but it was asked for.
      const isTooMuch = entry.isAskedFor && left === room ? left === 0 : messages > left;
      if (isTooMuch) return { steps, isAll: false };
      left -= messages;
      steps.push(...of);
    }
    return { steps, isAll: true };
  }

  #stepOf(entry: Waiting, alert: Alert, due: Due, isLast: boolean): Step {
    const { settings, page } = this.#options;
    if (!entry.isAskedFor && !isWanted(settings.on, due)) return { entry, alert, due, isLast };
    return { entry, alert, due, isLast, message: this.#rendered(alertNotice(alert, due.event, page)) };
  }

  async #tellBatch(batch: readonly Step[], dead: Set<Waiting>): Promise<void> {
    const messages = batch.map(({ message }) => message).filter(isMessage);
    const now = this.#options.clock.now();
    for (const entry of new Set(batch.map((step) => step.entry))) {
      entry.attempts += 1;
      entry.failures += 1;
      entry.triedSince ??= now;
    }
    const again = batch.filter(({ message, entry }) => isMessage(message) && entry.attempts > 1).length;
    if (again > 0) this.#options.counts.retried(again);
    const outcomes = messages.length === 0 ? [] : await this.#deliver(messages);
    let next = 0;
    for (const step of batch) {
      this.#settle(step, isMessage(step.message) ? outcomes[next++] : step.message, dead);
    }
    const arrived = outcomes.filter((outcome) => outcome === undefined).length;
    this.#options.rate.sent(messages.length, this.#options.clock.now());
    if (messages.length > 0) await this.#options.onAnswer(arrived);
  }

  #settle({ entry, alert, due, message, isLast }: Step, outcome: Outcome, dead: Set<Waiting>): void {
    const { name, pending, progress, clock, counts } = this.#options;
    if (dead.has(entry)) return;
    const at = clock.now();
    if (outcome) {
      dead.add(entry);
      counts.gaveUp(outcome.reason, 1);
      progress.dead(letterOf(name, entry, { event: due.event, revision: alert.revision }, outcome, at));
    } else if (message) progress.told(toldBy(due.event, alert, at));
    else skip(due, alert, progress, at);
    if (isLast || outcome) pending.delete(entry);
  }

  async #deliver(messages: readonly Message[]): Promise<Outcome[]> {
    const { delivery, counts, maxBatch } = this.#options;
    try {
      const outcomes = await delivery.deliver(messages);
      this.#most = Math.min(maxBatch, 2 * this.#most);
      for (const outcome of outcomes) if (outcome) counts.failed(outcome.reason, 1);
      return outcomes;
    } catch (error) {
      this.#most = Math.max(1, Math.floor(this.#most / 2));
      if (error instanceof OutputFailure) counts.failed(error.reason, messages.length);
      throw error;
    }
  }

  /** A defect in a format is not to hold up the others. */
  #rendered(notice: Notice): Message | OutputFailure {
    try {
      const text = this.#options.render(notice);
      if (text !== undefined) return { notice, text };
      const remedy = 'Choose another format for the output, or let the other side take larger messages.';
      return this.#undeliverable(new OutputFailure('too-large', 'It is too large for the output.', { remedy }));
    } catch (cause) {
      return this.#undeliverable(
        new OutputFailure('rejected', 'It could not be put into the format of the output.', { cause }),
      );
    }
  }

  #undeliverable(failure: OutputFailure): OutputFailure {
    this.#options.counts.failed(failure.reason, 1);
    return failure;
  }
}

const isMessage = (message: Message | OutputFailure | undefined): message is Message =>
  message !== undefined && !(message instanceof OutputFailure);

const byKey = (told: readonly Told[]): Map<string, Told> => new Map(told.map((one) => [keyOf(one), one]));
