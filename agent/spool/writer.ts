/**
 * Writes to the spool, on LMDB's own thread: what comes within a moment is one transaction, and while one is being written
 * the next gathers. What can't be written is tried again until it can, in its order; meanwhile it is said why.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Backoff, type Pause } from '../../shared/component/backoff.ts';
import type { ComponentMetrics } from '../../shared/telemetry/metrics.ts';
import { type SpoolState, writeState } from './contents.ts';
import type { Database } from './database.ts';
import { Group } from './group.ts';

export const SPOOL_ERRORS = ['unwritable'] as const;

export interface WriterOptions<Place> {
  database: Database;
  folder: string;
  /** As of all that was put so far. */
  state(): SpoolState<Place>;
  /** It is on disk. Called in order. */
  onDurable(group: Group): void;
  logger: Logger;
  metrics: Pick<ComponentMetrics<never, (typeof SPOOL_ERRORS)[number]>, 'error'>;
  pause: Pause;
}

/** So many transactions a second at most: on a node of the control plane etcd may write to the same disk. */
const PACE_MS = 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Records removed in one transaction. */
const MOST_REMOVED = 10_000;

export class Writer<Place> {
  readonly #options: WriterOptions<Place>;
  readonly #closing = new AbortController();
  #open = new Group();
  /** Being written, and so in memory too. */
  #writing: Group | undefined;
  #isWanted = false;
  #running: Promise<void> | undefined;
  #removeUpTo = -1;
  #removed = -1;
  #trouble: string | undefined;

  constructor(options: WriterOptions<Place>) {
    this.#options = options;
  }

  /** What is added to it in the same turn as `commit` is called is written as one. */
  get open(): Group {
    return this.#open;
  }

  /** Held in memory until they are written. */
  get bytes(): number {
    return this.#open.bytes + (this.#writing?.bytes ?? 0);
  }

  /** Why nothing can be written at the moment, as a sentence. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves once all that was added is on disk, or it was closed before it could be. */
  commit(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#run();
    return this.#open.durable;
  }

  /** Records up to there are not needed any more. */
  remove(upTo: number): void {
    this.#removeUpTo = Math.max(this.#removeUpTo, upTo);
    this.#running ??= this.#run();
  }

  /** Nothing may be added any more. What can't be written now is given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWanted || this.#removed < this.#removeUpTo) {
      // A turn, for more to come.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#open;
      this.#open = new Group();
      this.#isWanted = false;
      this.#writing = group;
      const isWritten = await this.#persist(group, this.#options.state());
      this.#writing = undefined;
      if (isWritten) this.#options.onDurable(group);
      group.settle();
      if (!isWritten) break;
      if (!this.#closing.signal.aborted) await delay(PACE_MS);
    }
    this.#running = undefined;
  }

  async #persist(group: Group, state: SpoolState<Place>): Promise<boolean> {
    const { pause, metrics } = this.#options;
    const { signal } = this.#closing;
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    for (;;) {
      const error = await this.#try((database) => {
        group.write(database);
        writeState(database, state);
      });
      if (error === undefined) {
        this.#trouble = undefined;
        return true;
      }
      metrics.error('unwritable');
      if (signal.aborted) return false;
      const pauseMs = backoff.nextMs();
      this.#tell(error, pauseMs);
      // What is removed makes room in the file itself, for the next try.
      if (this.#removed < this.#removeUpTo) await this.#try(() => undefined);
      await pause(pauseMs, signal);
    }
  }

  async #try(write: (database: Database) => void): Promise<unknown> {
    const { database } = this.#options;
    const upTo = this.#removeUpTo;
    try {
      const range = { start: this.#removed + 1, end: upTo + 1, limit: MOST_REMOVED };
      const gone = this.#removed < upTo ? [...database.records.getKeys(range)] : [];
      await database.commit(() => {
        write(database);
        for (const position of gone) void database.records.remove(position);
      });
      this.#removed = gone.length < MOST_REMOVED ? upTo : (gone.at(-1) ?? upTo);
      return undefined;
    } catch (error) {
      return error ?? new Error('unknown');
    }
  }

  #tell(cause: unknown, pauseMs: number): void {
    const { folder, logger } = this.#options;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#trouble = `The spool ${folder} can't be written: ${why}. Make room on its disk, and let the agent write to it. Until then nothing more is read.`;
    logger.error({ err: cause, folder, pauseMs }, 'the spool cannot be written, so nothing more is taken until it can');
  }
}
