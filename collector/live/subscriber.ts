/** One who listens: what it has been told, and how much of it is still on its way. */
import type { ServerResponse } from 'node:http';
import type { PlacedUse } from '../store/store.ts';
import { COMMENT, encodeEvent, type LiveEvent } from './events.ts';

/** Which uses it wants to hear of. */
export interface UsesWanted {
  principal?: string | undefined;
  placement?: NonNullable<PlacedUse['placement']>['verdict'] | undefined;
}

/** A change, encoded once for all. */
export interface Told {
  change: number;
  text: string;
}

/** Of what was written and not taken. Beyond it, alerts wait in the store, and uses are left out. */
const MOST_BUFFERED = 256 * 1024;
const USES_PER_SECOND = 50;

export class Subscriber {
  readonly uses: UsesWanted | undefined;
  readonly #response: ServerResponse;
  /** The last change that it was told of. */
  #change: number;
  #usesLeft = USES_PER_SECOND;
  #leftOut = 0;
  #wasFull = false;

  constructor({ response, change, uses }: { response: ServerResponse; change: number; uses: UsesWanted | undefined }) {
    this.uses = uses;
    this.#response = response;
    this.#change = change;
    response.on('drain', () => {
      this.#wasFull = false;
    });
  }

  get change(): number {
    return this.#change;
  }

  /** It takes what it is told more slowly than that comes. */
  get isFull(): boolean {
    return this.#response.writableLength > MOST_BUFFERED;
  }

  send(event: LiveEvent): void {
    this.#response.write(encodeEvent(event));
  }

  /**
   * @param changes in order, all that there are behind the last it was told of
   * @returns how many it was told of: as many as it takes
   */
  tell(changes: readonly Told[]): number {
    let count = 0;
    for (const { change, text } of changes) {
      if (change <= this.#change) continue;
      if (this.isFull) break;
      this.#response.write(text);
      this.#change = change;
      count += 1;
    }
    return count;
  }

  /** @returns whether it was left out */
  offer({ cluster, placement, use }: PlacedUse): boolean {
    const { uses } = this;
    if (!uses || (uses.principal !== undefined && uses.principal !== use.principal)) return false;
    if (uses.placement !== undefined && uses.placement !== placement?.verdict) return false;
    if (this.#usesLeft === 0 || this.isFull) {
      this.#leftOut += 1;
      return true;
    }
    this.#usesLeft -= 1;
    this.send({ event: 'use', data: { cluster, placement, use } });
    return false;
  }

  /** A second has passed. */
  refill(): void {
    this.#usesLeft = USES_PER_SECOND;
    if (this.#leftOut === 0 || this.isFull) return;
    this.send({ event: 'left-out', data: { count: this.#leftOut } });
    this.#leftOut = 0;
  }

  /** @returns whether it takes anything at all: since the last beat it has taken what it had, or had little */
  beat(): boolean {
    if (!this.isFull) this.#response.write(COMMENT);
    else if (this.#wasFull) return false;
    this.#wasFull = this.isFull;
    return true;
  }

  /** Whoever does not take what it has yet is cut off: nobody waits for it. */
  end(): void {
    this.#response.end();
    if (this.#response.writableLength > 0) this.#response.destroy();
  }

  cutOff(): void {
    this.#response.destroy();
  }
}
