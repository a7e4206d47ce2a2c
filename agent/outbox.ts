/**
 * What waits to be delivered: observations in the order of their release, in batches of one stream. The audit position is
 * handed on only when everything that came out of the log before it has been acknowledged. Bounded: who fills it waits.
 */
import { TruantError } from '../shared/errors.ts';
import type { Finding } from '../shared/schema/alert.ts';
import type { Observation } from '../shared/schema/observation.ts';
import type { Transport } from './transport/transport.ts';

export interface OutboxOptions {
  cluster: string;
  agent: string;
  stream: string;
  /** Number of the next observation in the stream. */
  position: number;
  transport: Transport;
  /** Called after everything up to `position` has been acknowledged. */
  onAcknowledged(position: number): Promise<void>;
  /** The collector will never take this batch: it is left out, counted and told. */
  onRefused(error: unknown, observations: number): void;
}

/** An observation, and what rules of scope `node` found in it. */
export interface OutboxItem {
  observation: Observation;
  findings: readonly Finding[];
}

const MAX_BATCH = 1000;
const MAX_WAITING = 20_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #abort = new AbortController();
  #items: OutboxItem[] = [];
  /** Position of the first that waits. */
  #position: number;
  #sending: Promise<void> | undefined;
  #roomWanted: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#position = options.position;
  }

  /** Position that the next observation will get. */
  get end(): number {
    return this.#position + this.#items.length;
  }

  get waiting(): number {
    return this.#items.length;
  }

  put(items: readonly OutboxItem[]): void {
    if (items.length === 0) return;
    this.#items.push(...items);
    this.#sending ??= this.#drain();
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    if (this.#items.length < MAX_WAITING || this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
  }

  /** Resolves when all that waits has been delivered, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    try {
      while (this.#sending) await this.#sending;
    } finally {
      clearTimeout(timer);
      this.#abort.abort();
      this.#makeRoom();
    }
  }

  async #drain(): Promise<void> {
    // A moment for more to come, so that a burst is one batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#items.length > 0 && !this.#abort.signal.aborted) {
      const items = this.#items.slice(0, MAX_BATCH);
      const { cluster, agent, stream, transport } = this.#options;
      const observations = items.map(({ observation }) => observation);
      const findings = items.flatMap((item) => item.findings);
      const batch = { schema: 1 as const, cluster, agent, stream, position: this.#position, observations, findings };
      try {
        await transport.send(batch, this.#abort.signal);
      } catch (error) {
        if (!(error instanceof TruantError) || error.code !== 'DELIVERY_REFUSED') break;
        this.#options.onRefused(error, observations.length);
      }
      this.#items.splice(0, items.length);
      this.#position += items.length;
      await this.#options.onAcknowledged(this.#position);
      this.#makeRoom();
    }
    this.#sending = undefined;
  }

  #makeRoom(): void {
    const wanted = this.#roomWanted;
    this.#roomWanted = [];
    for (const resolve of wanted) resolve();
  }
}
