/** The connections that answer questions: so many at a time, none for too long. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TruantError } from '../../../shared/errors.ts';
import { TaskQueue } from '../../task-queue.ts';

const WAITING = 64;
/** At the end, a question has so long. */
const GIVE_UP_MS = 1000;

export class Readers {
  readonly #free: DuckDBConnection[];
  readonly #asked = new Set<DuckDBConnection>();
  readonly #timeoutMs: number;
  readonly #queue: TaskQueue;
  #isClosing = false;

  /** @param timeoutMs a question that takes longer is given up */
  constructor(connections: readonly DuckDBConnection[], timeoutMs: number) {
    this.#free = [...connections];
    this.#timeoutMs = timeoutMs;
    this.#queue = new TaskQueue({ concurrency: connections.length, capacity: WAITING });
  }

  /** @throws TruantError OVERLOADED when too many wait or it took too long, STORE_UNAVAILABLE once closed; what `work` does */
  ask<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      if (this.#isClosing) throw new TruantError('STORE_UNAVAILABLE', 'The store is being closed.');
      const connection = this.#free.pop() as DuckDBConnection;
      this.#asked.add(connection);
      let isLate = false;
      // Again and again: what is interrupted is one statement, and a question may take several.
      const timer = setInterval(() => {
        isLate = true;
        connection.interrupt();
      }, this.#timeoutMs);
      try {
        return await work(connection);
      } catch (error) {
        throw isLate ? tooLate(error) : error;
      } finally {
        clearInterval(timer);
        this.#asked.delete(connection);
        this.#free.push(connection);
      }
    });
  }

  /** Nobody waits for answers any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const givingUp = setInterval(() => {
      for (const connection of this.#asked) connection.interrupt();
    }, GIVE_UP_MS);
    await this.#queue.close();
    clearInterval(givingUp);
    for (const connection of this.#free.splice(0)) connection.closeSync();
  }
}

const tooLate = (cause: unknown): TruantError =>
  new TruantError('OVERLOADED', 'The question took too long and was given up.', {
    cause,
    remedy: 'Ask for a shorter time (since, until).',
  });
