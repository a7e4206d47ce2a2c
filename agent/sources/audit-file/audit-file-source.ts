/**
 * Tails the API server's audit log. One batch is in flight at a time: the next is read only once the receiver has taken the
 * last and made its checkpoint durable together with what it made of the lines. A restart from the last checkpoint so
 * acknowledged neither skips nor repeats a line.
 */
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Component, createComponent } from '../../../shared/component/component.ts';
import type { SourceStatus } from '../../../shared/schema/observation.ts';
import type { AuditCheckpoint } from './checkpoint.ts';
import type { DeadLetters } from './dead-letter.ts';
import { type AuditBatch, type GapReason, LogReader } from './log-reader.ts';
import { Waker } from './waker.ts';

export interface AuditStatus extends Pick<SourceStatus, 'detail'> {
  status: 'ok' | 'gap' | 'blind';
  /**
   * `gap`: something is, or may be, lost. `blind`: nothing can be read for now, except `delivery-refused`: the receiver
   * rejected a batch and the source has stopped.
   */
  reason: GapReason | 'reading' | 'file-missing' | 'file-unreadable' | 'delivery-refused';
}

export interface AuditFileOptions {
  /** The live log; rotated ones are its siblings. */
  path: string;
  /** On a first start: read everything there is, rotated files too, instead of beginning at the end. */
  fromBeginning?: boolean;
  /** The last acknowledged checkpoint. */
  resume?: AuditCheckpoint | undefined;
  /** Longer lines are set aside. */
  maxLineBytes?: number;
  /** How often to look without being woken. */
  pollMs?: number;
  /** Changes that come within this time wake once. */
  settleMs?: number;
  /** How much to read at once. */
  readBytes?: number;
  /**
   * Asked before anything is read: resolves once what comes of it has room; false: there is none any more, and nothing more
   * is read. Left out: there always is.
   */
  room?: () => Promise<boolean>;
  deadLetter: DeadLetters;
  /**
   * Must make the checkpoint durable together with what it makes of the lines. Retrying is its own business: when it
   * rejects, the source stops. The first batch of a first start has no lines, only the position.
   */
  onBatch: (batch: AuditBatch) => Promise<void>;
  /** Told when it changes, and of every gap. */
  onStatus: (status: AuditStatus) => void;
  logger: Logger;
}

export const MAX_LINE_BYTES = 10 * 1024 * 1024;
export const READ_BYTES = 1024 * 1024;

export class AuditFileSource implements Component {
  readonly name = 'audit-file';
  readonly #options: AuditFileOptions & Required<Pick<AuditFileOptions, 'pollMs' | 'settleMs'>>;
  readonly #component: Component;
  readonly #reader: LogReader;
  readonly #stopping = new AbortController();
  /** Null: nothing was acknowledged or remembered yet. */
  #acknowledged: AuditCheckpoint | null;
  #isPositioned = false;
  #isAtEnd: boolean | undefined;
  #waker: Waker | undefined;
  #running: Promise<void> | undefined;
  #last: AuditStatus | undefined;

  constructor(options: AuditFileOptions) {
    const path = resolve(options.path);
    this.#options = { pollMs: 5000, settleMs: 50, ...options, path };
    this.#acknowledged = options.resume ?? null;
    this.#reader = new LogReader({
      path,
      maxLineBytes: options.maxLineBytes ?? MAX_LINE_BYTES,
      readBytes: options.readBytes ?? READ_BYTES,
      deadLetters: options.deadLetter,
      onGap: (reason, detail) => this.#report({ status: 'gap', reason, detail }),
    });
    this.#component = createComponent(this.name, {
      start: () => this.#start(),
      stop: () => this.#stop(),
      degraded: () => (this.#last?.status === 'blind' ? `${this.#last.reason}: ${this.#last.detail}` : undefined),
    });
  }

  /** Whether all that was written when it last looked has been read; undefined: it can't look at the moment. */
  get isAtEnd(): boolean | undefined {
    return this.#isAtEnd;
  }

  /** Resolves once the position in the log is known: on a first start, what is written from then on will be read. */
  start(): Promise<void> {
    return this.#component.start();
  }

  stop(): Promise<void> {
    return this.#component.stop();
  }

  status(): ReturnType<Component['status']> {
    return this.#component.status();
  }

  async #start(): Promise<void> {
    const { path, pollMs, settleMs, logger } = this.#options;
    this.#waker = new Waker({ path, pollMs, settleMs, logger });
    await this.#position().catch((error: unknown) => this.#reportUnreadable(error));
    this.#running = this.#run(this.#waker);
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#waker?.close();
    await this.#running;
    await this.#reader.close();
  }

  async #position(): Promise<void> {
    if (this.#acknowledged) await this.#reader.seek(this.#acknowledged);
    else if (this.#options.fromBeginning) await this.#reader.seek({ version: 1, after: null, file: null });
    else await this.#reader.seekEnd();
    this.#isPositioned = true;
  }

  async #run(waker: Waker): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (!((await this.#options.room?.()) ?? true)) return;
        const batch = await this.#next();
        this.#isAtEnd = this.#reader.hasFile ? batch === undefined : undefined;
        if (!batch) await waker.next();
        else if (!(await this.#deliver(batch))) return;
      } catch (error) {
        // Whatever had been read of the file is uncertain now: begin again at the last checkpoint.
        this.#isPositioned = false;
        this.#isAtEnd = undefined;
        this.#reportUnreadable(error);
        await delay(this.#options.pollMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #next(): Promise<AuditBatch | undefined> {
    if (!this.#isPositioned) await this.#position();
    // Durable at once, or a restart before the first line would begin at another end.
    if (!this.#acknowledged) return { lines: [], linesRead: 0, bytesRead: 0, checkpoint: this.#reader.checkpoint };
    const batch = await this.#reader.next();
    if (this.#reader.hasFile) this.#report({ status: 'ok', reason: 'reading', detail: this.#options.path });
    else this.#report({ status: 'blind', reason: 'file-missing', detail: this.#options.path });
    return batch;
  }

  /** False when the receiver refused, which ends it all. */
  async #deliver(batch: AuditBatch): Promise<boolean> {
    try {
      await this.#options.onBatch(batch);
      this.#acknowledged = batch.checkpoint;
      return true;
    } catch (error) {
      this.#report({ status: 'blind', reason: 'delivery-refused', detail: messageOf(error) });
      return false;
    }
  }

  #reportUnreadable(error: unknown): void {
    this.#report({ status: 'blind', reason: 'file-unreadable', detail: messageOf(error) });
  }

  #report(status: AuditStatus): void {
    if (status.status !== 'gap') {
      if (this.#last?.reason === status.reason) return;
      this.#last = status;
    }
    const level = status.status === 'ok' ? 'info' : 'warn';
    this.#options.logger[level]({ ...status, source: this.name }, 'audit log source');
    this.#options.onStatus({ ...status, detail: status.detail.slice(0, 1024) });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
