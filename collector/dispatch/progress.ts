/** What an output has come to and is not stored yet. */
import type { Micros } from '../../shared/time.ts';
import type { AlertKey, DeadLetter, OutputCursor, OutputsStore, Told } from '../store/outputs.ts';
import { keyOf } from './pending.ts';

export class Progress {
  readonly #store: Pick<OutputsStore, 'saveOutput'>;
  #stored: OutputCursor;
  #failingSince: Micros | null;
  readonly #told = new Map<string, Told>();
  readonly #dead = new Map<string, DeadLetter>();

  /** @param cursor as it is stored */
  constructor(store: Pick<OutputsStore, 'saveOutput'>, cursor: OutputCursor) {
    this.#store = store;
    this.#stored = cursor;
    this.#failingSince = cursor.failingSince;
  }

  get failingSince(): Micros | null {
    return this.#failingSince;
  }

  /** More than that it went on. */
  get isUrgent(): boolean {
    return this.#told.size + this.#dead.size > 0 || this.#failingSince !== this.#stored.failingSince;
  }

  isBehind(change: number): boolean {
    return this.isUrgent || change !== this.#stored.change;
  }

  failing(now: Micros): void {
    // Not later than now: the clock may have been put back.
    this.#failingSince = Math.min(this.#failingSince ?? now, now);
  }

  working(): void {
    this.#failingSince = null;
  }

  told(told: Told): void {
    this.#told.set(keyOf(told), told);
    // It arrived after all.
    const dead = this.#dead.get(keyOf(told));
    if (dead && told.how === 'notice' && dead.revision <= told.revision) this.#dead.delete(keyOf(told));
  }

  dead(letter: DeadLetter): void {
    this.#dead.set(keyOf(alertOf(letter)), letter);
  }

  /** Stores all of it. @throws TruantError STORE_UNAVAILABLE, OVERLOADED: nothing is stored, and it is kept */
  async save(change: number): Promise<void> {
    const cursor = { output: this.#stored.output, change, failingSince: this.#failingSince };
    await this.#store.saveOutput({ cursor, told: [...this.#told.values()], dead: [...this.#dead.values()] });
    this.#stored = cursor;
    this.#told.clear();
    this.#dead.clear();
  }
}

const alertOf = ({ cluster, alert }: DeadLetter): AlertKey => ({ cluster, id: alert });
