/**
 * Takes records of a partition into the store, in order, together with how far the partition is consumed. Whatever keeps the
 * store from taking them is waited out; a record that it never takes, though it takes others, is set aside, so that nothing
 * that anybody sends can hold a partition up.
 */
import { type ErrorCode, TruantError } from '../../../shared/errors.ts';
import type { ConsumedRecord } from '../../../shared/kafka/client.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Correlation, Intake } from '../../correlate/correlation.ts';
import type { Consumed, Store } from '../../store/store.ts';
import { type Decoded, decodeEnvelope, gather } from '../decode.ts';
import type { DeadLetter, KafkaRejection } from './dead-letters.ts';

export interface TakingOptions {
  take: Correlation['take'];
  consume: Store['consume'];
  /** Empty: all. */
  clusters: ReadonlySet<string>;
  /** To know the future by. */
  clock: Clock;
}

/** What a partition is to the records that are taken from it. */
export interface TakingFrom {
  /** What is stored now. */
  here(): Consumed;
  /** What to store once everything up to the record is. */
  after(record: Candidate): Consumed;
  /** That has been stored, with so many observations that were new. */
  moved(consumed: Consumed, accepted: number): void;
  setAside(letters: readonly DeadLetter[]): Promise<void>;
  /** Called after each failure, and waits: resolves when it is to be tried again, rejects when not. */
  failed(error: unknown): Promise<void>;
}

export interface Candidate {
  offset: number;
  value: Buffer | null;
  decoded: Decoded;
  rejection: KafkaRejection | undefined;
}

/** So often the same records may fail before they are looked at one by one. */
const TRIES = 5;

export class Taking {
  readonly #options: TakingOptions;

  constructor(options: TakingOptions) {
    this.#options = options;
  }

  /** Looks at a record without storing anything. */
  candidate(record: Pick<ConsumedRecord, 'offset' | 'value' | 'unreadable'>): Candidate {
    const { offset, value } = placedOf(record);
    const decoded: Decoded = { head: undefined, observation: null, findings: [], rejection: 'not-an-envelope' };
    if (record.unreadable) return { offset, value, decoded, rejection: record.unreadable };
    if (!value) return { offset, value, decoded, rejection: 'not-an-envelope' };
    const found = decodeEnvelope(value, this.#options.clock.now());
    const { clusters } = this.#options;
    if (found.head && clusters.size > 0 && !clusters.has(found.head.cluster)) {
      return { offset, value, decoded, rejection: 'foreign-cluster' };
    }
    return { offset, value, decoded: found, rejection: found.rejection };
  }

  /** Rejects, with records untaken, only when `failed` does. */
  async takeAll(candidates: readonly Candidate[], from: TakingFrom): Promise<void> {
    const last = candidates.at(-1);
    if (!last) return;
    await from.setAside(
      candidates.flatMap(({ rejection, ...rest }) => (rejection ? { reason: rejection, ...rest } : [])),
    );
    const runs = gather(candidates.map(({ decoded }) => decoded));
    for (const [index, { until }] of runs.entries()) {
      const begin = index === 0 ? 0 : (runs[index - 1]?.until ?? 0);
      // What follows the last run has nothing to store: its place goes with that run.
      const end = index === runs.length - 1 ? candidates.length : until;
      await this.#take(candidates.slice(begin, end), from, TRIES);
    }
    if (runs.length === 0) await this.#consume(last, from);
  }

  /** Records of one cluster. */
  async #take(candidates: readonly Candidate[], from: TakingFrom, tries: number): Promise<void> {
    const last = candidates.at(-1);
    const intake = gather(candidates.map(({ decoded }) => decoded))[0]?.intake;
    if (!last) return;
    if (!intake) return this.#consume(last, from);
    const consumed = from.after(last);
    let isSuspect = false;
    for (let failures = 1; ; failures += 1) {
      try {
        const { accepted } = await this.#options.take(intake, consumed);
        from.moved(consumed, accepted);
        return;
      } catch (error) {
        const isLimit = hasCode(error, 'LIMIT_REACHED');
        if (!isLimit) {
          await from.failed(error);
          if (hasCode(error, 'OVERLOADED') || failures < tries) continue;
        }
        if (candidates.length > 1) return this.#halves(candidates, from);
        // What could store a moment ago that the record came, and can't store the record now, never will.
        if (isLimit || isSuspect) {
          await from.setAside([{ ...last, reason: isLimit ? 'limit-reached' : 'not-stored' }]);
          return this.#consume(last, from);
        }
        isSuspect = await this.#storesAllBut(intake, from.here());
      }
    }
  }

  async #halves(candidates: readonly Candidate[], from: TakingFrom): Promise<void> {
    const half = Math.ceil(candidates.length / 2);
    await this.#take(candidates.slice(0, half), from, 1);
    await this.#take(candidates.slice(half), from, 1);
  }

  /** For records of which nothing is to be stored. */
  async #consume(last: Candidate, from: TakingFrom): Promise<void> {
    const consumed = from.after(last);
    for (;;) {
      try {
        await this.#options.consume(consumed);
        from.moved(consumed, 0);
        return;
      } catch (error) {
        await from.failed(error);
      }
    }
  }

  /** Whether the cluster's records can be stored at all: numbers without observations. */
  async #storesAllBut(intake: Intake, consumed: Consumed): Promise<boolean> {
    const arrivals = intake.arrivals.map(({ records, ...sender }) => ({
      ...sender,
      records: records.map(({ position }) => ({ position, observation: null })),
    }));
    try {
      await this.#options.take({ ...intake, arrivals, findings: [] }, consumed);
      return true;
    } catch {
      return false;
    }
  }
}

export const placedOf = ({ offset, value }: Pick<ConsumedRecord, 'offset' | 'value'>) => ({
  offset: Number(offset),
  value,
});

const hasCode = (error: unknown, code: ErrorCode): boolean => error instanceof TruantError && error.code === code;
