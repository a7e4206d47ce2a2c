/**
 * Empties the spool into the transport: one run at a time, in order. What the other side has made durable, or will never
 * take, is not needed any more.
 */
import type { Logger } from 'pino';
import { Backoff, type Pause, pause } from '../shared/component/backoff.ts';
import type { ComponentMetrics } from '../shared/telemetry/metrics.ts';
import type { SpoolRecord } from './spool/record.ts';
import type { Spool } from './spool/spool.ts';
import type { REFUSALS, Refusal, Run, Transport } from './transport/transport.ts';

export interface OutboxOptions {
  cluster: string;
  agent: string;
  spool: Pick<Spool<unknown>, 'uuid' | 'read' | 'acknowledge' | 'more' | 'wake' | 'written'>;
  transport: Transport;
  metrics: ComponentMetrics<(typeof REFUSALS)[number]>;
  /** The collector will never take these: they are left out. */
  onRefused(refusal: Refusal, records: readonly SpoolRecord[]): void;
  logger: Logger;
  pause?: Pause;
}

/** Of a run; its values are about 1 KB each. */
const MOST = { records: 5000, bytes: 4 * 1024 * 1024 };
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

interface Outgoing {
  records: readonly SpoolRecord[];
  run: Run;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #sender: Omit<Run, 'records'>;
  readonly #head: string;
  readonly #abort = new AbortController();
  #most = MOST.records;
  /** Read while another was on its way. */
  #next: Outgoing | undefined;
  /** Position of the last that was read from the spool. */
  #seen = -1;
  #isEnding = false;
  #running: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(options: OutboxOptions) {
    const { cluster, agent, spool } = options;
    this.#options = options;
    this.#sender = { cluster, agent, stream: `${cluster}/${agent}/${spool.uuid}` };
    this.#head = JSON.stringify({ schema: 1, ...this.#sender, position: 0 }).slice(0, -'0}'.length);
  }

  /** Why nothing is delivered at the moment, as a sentence; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#options.transport.trouble();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when all that was put into the spool has been delivered, or after `graceMs`: then it stays there. */
  async stop(graceMs: number): Promise<void> {
    const { spool } = this.#options;
    const timer = setTimeout(() => {
      this.#abort.abort();
      spool.wake();
    }, graceMs);
    void spool.written().then(() => {
      this.#isEnding = true;
      spool.wake();
    });
    await this.#running;
    clearTimeout(timer);
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { spool, logger, pause: wait = pause } = this.#options;
    const { signal } = this.#abort;
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    while (!signal.aborted) {
      try {
        const outgoing = this.#next ?? this.#read();
        this.#next = undefined;
        this.#trouble = undefined;
        if (outgoing) await this.#deliver(outgoing);
        else if (this.#isEnding) return;
        else await spool.more();
      } catch (err) {
        // What is acknowledged is all up to there: nothing may be sent before what is not delivered.
        this.#next = undefined;
        const pauseMs = backoff.nextMs();
        this.#trouble = `The spool can't be read: ${err instanceof Error ? err.message : String(err)}.`;
        logger.error({ err, pauseMs }, 'the spool cannot be read, trying again');
        await wait(pauseMs, signal);
      }
    }
  }

  #read(after?: number): Outgoing | undefined {
    const records = this.#options.spool.read({ records: this.#most, bytes: MOST.bytes }, after);
    return records.length === 0 ? undefined : { records, run: this.#runOf(records) };
  }

  async #deliver({ records, run }: Outgoing): Promise<void> {
    const { spool, transport, metrics, onRefused } = this.#options;
    const last = records.at(-1)?.position ?? -1;
    metrics.received(records.filter(({ position }) => position > this.#seen).length);
    this.#seen = Math.max(this.#seen, last);
    const sending = transport.send(run, this.#abort.signal);
    if (this.#isLarge(run)) this.#prepare(last);
    const delivery = await sending;
    if (delivery === 'stopped') return;
    if (delivery !== 'stored' && delivery.reason === 'too-large' && records.length > 1) {
      this.#most = Math.ceil(records.length / 2);
      this.#next = undefined;
      return;
    }
    this.#most = Math.min(this.#most * 2, MOST.records);
    spool.acknowledge(records);
    if (delivery === 'stored') {
      metrics.sent(records.length);
      return;
    }
    metrics.dropped(delivery.reason, records.length);
    onRefused(delivery, records);
  }

  /** Then more are likely to wait; behind a small one they had better gather. */
  #isLarge({ records }: Run): boolean {
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    return records.length > this.#most / 2 || bytes > MOST.bytes / 2;
  }

  /** Made ready while the one before it is on its way. */
  #prepare(after: number): void {
    try {
      this.#next = this.#read(after);
    } catch {
      // It is read again in its turn, and then told.
      return;
    }
    if (this.#next) this.#options.transport.prepare?.(this.#next.run);
  }

  #runOf(records: readonly SpoolRecord[]): Run {
    const outgoing = records.map(({ position, key, body }) => {
      const head = Buffer.from(`${this.#head}${position},`);
      return { position, key, value: Buffer.concat([head, body]) };
    });
    return { ...this.#sender, records: outgoing };
  }
}
