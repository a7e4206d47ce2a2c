/**
 * Alerts that an output has still to be told of, as far as they have been read: one entry an alert, however often it changed.
 * In memory alone: after a restart they are read again, as the cursor stays before them.
 */
import type { NoticeEvent } from '../../shared/formats/notice.ts';
import type { Micros } from '../../shared/time.ts';
import type { AlertKey } from '../store/outputs.ts';
import type { AlertSummary } from '../store/store.ts';

export interface Waiting extends AlertKey {
  /** Of the newest change that was read; undefined: only somebody asked for it. */
  change: number | undefined;
  /** What is to be told first. */
  event: NoticeEvent;
  about: Pick<AlertSummary, 'title' | 'severity' | 'status' | 'principal' | 'rules' | 'revision' | 'updatedAt'>;
  /** Since when it waits. */
  since: Micros;
  /** Not before. */
  dueAt: Micros;
  attempts: number;
  /** How often it was among what was refused as a whole, since the last outage. */
  failures: number;
  /** When it was sent first; undefined: it was not. */
  triedSince?: Micros | undefined;
  /** Somebody asked for it: past filters and summaries. */
  isAskedFor: boolean;
}

/** Of those that are due; more stay in the store. */
const MOST_DUE = 2000;
/** With updates that can wait. */
const MOST = 10_000;

export const keyOf = ({ cluster, id }: AlertKey): string => `${cluster}\n${id}`;

export class Pending {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  /** What is known of it already is kept: since when it waits, how often it was tried, and its place. */
  put(entry: Waiting): void {
    const before = this.#waiting.get(keyOf(entry));
    this.#waiting.set(keyOf(entry), {
      ...entry,
      change: entry.change ?? before?.change,
      since: Math.min(entry.since, before?.since ?? entry.since),
      attempts: Math.max(entry.attempts, before?.attempts ?? 0),
      failures: before?.failures ?? 0,
      triedSince: before?.triedSince,
      isAskedFor: entry.isAskedFor || before?.isAskedFor === true,
    });
  }

  get(alert: AlertKey): Waiting | undefined {
    return this.#waiting.get(keyOf(alert));
  }

  delete(alert: AlertKey): void {
    this.#waiting.delete(keyOf(alert));
  }

  hasRoom(now: Micros): boolean {
    return this.size < MOST && this.#areDue(now).length < MOST_DUE;
  }

  /**
   * Those that failed least often first, and of these those that wait longest: what the other side chokes on comes after
   * all that it has not seen. When there is room for no more, updates don't wait for their time.
   */
  due(now: Micros, limit: number): Waiting[] {
    const due = this.#areDue(now);
    const all = due.length === 0 && this.size >= MOST ? [...this.#waiting.values()] : due;
    return all.toSorted((a, b) => a.failures - b.failures).slice(0, limit);
  }

  /** It was the other side, and none of them: they are in their order again. */
  forgive(): void {
    for (const entry of this.#waiting.values()) entry.failures = 0;
  }

  /** The clock was put back: nobody waits longer than they would from now on. */
  hasten(now: Micros, longest: Micros): void {
    for (const entry of this.#waiting.values()) {
      entry.since = Math.min(entry.since, now);
      entry.dueAt = Math.min(entry.dueAt, now + longest);
      entry.triedSince &&= Math.min(entry.triedSince, now);
    }
  }

  /** When the next is due; undefined: none waits. */
  nextDue(): Micros | undefined {
    let next: Micros | undefined;
    for (const { dueAt } of this.#waiting.values()) next = Math.min(next ?? dueAt, dueAt);
    return next;
  }

  /** The lowest change that is waited for; undefined: none is. */
  lowestChange(): number | undefined {
    let lowest: number | undefined;
    for (const { change } of this.#waiting.values()) {
      if (change !== undefined) lowest = Math.min(lowest ?? change, change);
    }
    return lowest;
  }

  /** For how long the oldest of those that are due has been so; 0 when none is. */
  lag(now: Micros): Micros {
    let lag = 0;
    for (const { since, dueAt } of this.#waiting.values()) {
      if (dueAt <= now) lag = Math.max(lag, now - Math.max(since, dueAt));
    }
    return lag;
  }

  #areDue(now: Micros): Waiting[] {
    return [...this.#waiting.values()].filter(({ dueAt }) => dueAt <= now);
  }
}
