/** What goes to disk in one transaction. */
import type { Database } from './database.ts';

interface Put {
  position: number;
  value: Buffer;
  rank: number | undefined;
}

export class Group {
  readonly puts: Put[] = [];
  readonly removed: number[] = [];
  readonly durable: Promise<void>;
  #resolve = (): void => undefined;
  #bytes = 0;
  /** By name; undefined: it goes. */
  readonly #held = new Map<string, Buffer | undefined>();

  constructor() {
    this.durable = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Of all that it holds in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  put(position: number, value: Buffer, rank: number | undefined): void {
    this.puts.push({ position, value, rank });
    this.#bytes += value.length;
  }

  hold(name: string, value: Buffer): void {
    this.#bytes += value.length - (this.#held.get(name)?.length ?? 0);
    this.#held.set(name, value);
  }

  release(name: string): void {
    this.#bytes -= this.#held.get(name)?.length ?? 0;
    this.#held.set(name, undefined);
  }

  remove(position: number): void {
    this.removed.push(position);
  }

  /** To be called inside of a transaction; may be called again when that failed. */
  write({ records, held }: Database): void {
    for (const { position, value } of this.puts) void records.put(position, value);
    for (const [name, value] of this.#held) void (value ? held.put(name, value) : held.remove(name));
    for (const position of this.removed) void records.remove(position);
  }

  settle(): void {
    this.#resolve();
  }
}
