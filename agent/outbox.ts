/**
 * What waits to be delivered: observations in the order of their release, in batches of one stream. The audit position is
 * handed on only when everything that came out of the log before it has been acknowledged. Bounded: who fills it waits.
 */
import type { Finding } from '../shared/schema/alert.ts';
import { type Envelope, keyOf } from '../shared/schema/envelope.ts';
import type { Observation } from '../shared/schema/observation.ts';
import type { ComponentMetrics } from '../shared/telemetry/metrics.ts';
import type { REFUSALS, Refusal, Run, Transport } from './transport/transport.ts';

export interface OutboxOptions {
  cluster: string;
  agent: string;
  stream: string;
  /** Number of the next observation in the stream. */
  position: number;
  transport: Transport;
  metrics: ComponentMetrics<(typeof REFUSALS)[number]>;
  /**
   * Called after everything up to `position` has been acknowledged. Nothing more is sent before it resolves; it never
   * rejects, and resolves soon once `signal` is aborted.
   */
  onAcknowledged(position: number, signal: AbortSignal): Promise<void>;
  /** The collector will never take these: they are left out. */
  onRefused(refusal: Refusal, observations: readonly Observation[]): void;
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
  #closing = false;
  #roomWanted: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#position = options.position;
  }

  /** Position that the next observation will get. */
  get end(): number {
    return this.#position + this.#items.length;
  }

  /** How many are not yet acknowledged. */
  get waiting(): number {
    return this.#items.length;
  }

  put(items: readonly OutboxItem[]): void {
    if (items.length === 0) return;
    this.#options.metrics.received(items.length);
    this.#items.push(...items);
    this.#sending ??= this.#drain();
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    if (this.#items.length < MAX_WAITING || this.#closing) return;
    await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
  }

  /** Nobody waits for room any more: the sources stop before this does, and could not while it is full. */
  close(): void {
    this.#closing = true;
    this.#makeRoom();
  }

  /** Resolves when all that waits has been delivered, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.close();
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
    const { signal } = this.#abort;
    let most = MAX_BATCH;
    while (this.#items.length > 0 && !signal.aborted) {
      const items = this.#items.slice(0, most);
      const delivery = await this.#options.transport.send(this.#run(items), signal);
      if (delivery === 'stopped') break;
      if (delivery !== 'stored' && delivery.reason === 'too-large' && items.length > 1) {
        most = Math.ceil(items.length / 2);
        continue;
      }
      most = Math.min(most * 2, MAX_BATCH);
      this.#settle(items, delivery);
      await this.#options.onAcknowledged(this.#position, signal);
      this.#makeRoom();
    }
    this.#sending = undefined;
  }

  #run(items: readonly OutboxItem[]): Run {
    const { cluster, agent, stream } = this.#options;
    const records = items.map(({ observation, findings }, index) => {
      const { kind, time } = observation;
      const position = this.#position + index;
      const sender = { schema: 1, cluster, agent, stream, position } as const;
      const envelope: Envelope = { ...sender, kind, time, observation, findings: [...findings] };
      return { position, key: keyOf(observation), value: Buffer.from(JSON.stringify(envelope)) };
    });
    return { cluster, agent, stream, records };
  }

  #settle(items: readonly OutboxItem[], delivery: 'stored' | Refusal): void {
    const { metrics, onRefused } = this.#options;
    this.#items.splice(0, items.length);
    this.#position += items.length;
    if (delivery === 'stored') {
      metrics.sent(items.length);
      return;
    }
    metrics.dropped(delivery.reason, items.length);
    onRefused(
      delivery,
      items.map(({ observation }) => observation),
    );
  }

  #makeRoom(): void {
    const wanted = this.#roomWanted;
    this.#roomWanted = [];
    for (const resolve of wanted) resolve();
  }
}
