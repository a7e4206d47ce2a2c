/**
 * Where a partition is read. The store's own position decides, and is not believed blindly: reading begins at the record
 * before it, which must be the one that was consumed last. If another one stands there, or none ever will, the topic was made
 * anew, and is read from its beginning: what is stored already is known by its id.
 */
import { hash } from 'node:crypto';
import type { Consumed } from '../../store/store.ts';

/** What a record is known again by. */
export interface Placed {
  offset: number;
  value: Buffer | null;
}

/**
 * - `go-on`: take the records from index `from` on.
 * - `made-anew`: as well, and it is another topic than before; or, with `from` undefined, read again, from `readFrom`.
 * - `gap`: as `go-on`, and so many records were gone before they were read.
 */
export type Sight =
  | { found: 'go-on'; from: number }
  | { found: 'made-anew'; from: number | undefined }
  | { found: 'gap'; from: number; missing: number };

export class Place {
  /** Of the next record to take. */
  #next: number;
  #mark: string;
  #verified = false;

  constructor(consumed?: Pick<Consumed, 'offset' | 'mark'>) {
    this.#next = consumed?.offset ?? 0;
    this.#mark = consumed?.mark ?? '';
  }

  get next(): number {
    return this.#next;
  }

  /** Where to read from, now that reading begins (anew). */
  readFrom(): number {
    this.#verified = this.#next === 0;
    return this.#verified ? 0 : this.#next - 1;
  }

  /** @returns whether a log that ends there can't be the one that was read; then it is read from its beginning */
  isBeyond(end: number): boolean {
    if (end >= this.#next) return false;
    this.#anew(0, undefined);
    return true;
  }

  /** @param first of those that came, in order, where reading was to begin or to go on */
  see(first: Placed): Sight {
    const expected = this.#verified ? this.#next : this.#next - 1;
    if (first.offset < expected) return this.#anew(first.offset, 0);
    if (!this.#verified && first.offset === expected) {
      if (markOf(first) !== this.#mark) return this.#anew(0, undefined);
      this.#verified = true;
      return { found: 'go-on', from: 1 };
    }
    this.#verified = true;
    const missing = first.offset - this.#next;
    this.#next = first.offset;
    return missing > 0 ? { found: 'gap', from: 0, missing } : { found: 'go-on', from: 0 };
  }

  /** What is stored. */
  here(topic: string, partition: number): Consumed {
    return { topic, partition, offset: this.#next, mark: this.#mark };
  }

  /** What is to be stored together with everything up to that record. */
  after(record: Placed, topic: string, partition: number): Consumed {
    return { topic, partition, offset: record.offset + 1, mark: markOf(record) };
  }

  /** That has been stored. */
  moveTo({ offset, mark }: Consumed): void {
    this.#next = offset;
    this.#mark = mark;
  }

  #anew(next: number, from: number | undefined): Sight {
    this.#next = next;
    this.#mark = '';
    this.#verified = true;
    return { found: 'made-anew', from };
  }
}

const markOf = ({ value }: Placed): string => (value === null ? 'null' : hash('sha256', value, 'hex').slice(0, 32));
