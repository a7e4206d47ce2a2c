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
const MOST = { records: 2000, bytes: 1.5 * 1024 * 1024 };
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #sender: Omit<Run, 'records'>;
  readonly #head: string;
  readonly #abort = new AbortController();
  #most = MOST.records;
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
        const records = spool.read({ records: this.#most, bytes: MOST.bytes });
        this.#trouble = undefined;
        if (records.length > 0) await this.#deliver(records);
        else if (this.#isEnding) return;
        else await spool.more();
      } catch (err) {
        const pauseMs = backoff.nextMs();
        this.#trouble = `The spool can't be read: ${err instanceof Error ? err.message : String(err)}.`;
        logger.error({ err, pauseMs }, 'the spool cannot be read, trying again');
        await wait(pauseMs, signal);
      }
    }
  }

  async #deliver(records: readonly SpoolRecord[]): Promise<void> {
    const { spool, transport, metrics, onRefused } = this.#options;
    metrics.received(records.filter(({ position }) => position > this.#seen).length);
    this.#seen = Math.max(this.#seen, records.at(-1)?.position ?? -1);
    const delivery = await transport.send(this.#runOf(records), this.#abort.signal);
    if (delivery === 'stopped') return;
    if (delivery !== 'stored' && delivery.reason === 'too-large' && records.length > 1) {
      this.#most = Math.ceil(records.length / 2);
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

  #runOf(records: readonly SpoolRecord[]): Run {
    const outgoing = records.map(({ position, key, body }) => {
      const head = Buffer.from(`${this.#head}${position},`);
      return { position, key, value: Buffer.concat([head, body]) };
    });
    return { ...this.#sender, records: outgoing };
  }
}
