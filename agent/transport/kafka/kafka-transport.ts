/**
 * Runs into a Kafka topic: one at a time, acknowledged by all brokers that must have it, tried again with backoff and
 * jitter. The producer is idempotent, so that a try that got through after all is not there twice.
 */

import { Backoff, type Pause, pause } from '../../../shared/component/backoff.ts';
import { createKafka, type Producer, packing } from '../../../shared/kafka/client.ts';
import { partitionOf } from '../../../shared/kafka/partition.ts';
import type { KafkaSettings } from '../../../shared/kafka/settings.ts';
import { ensureTopic } from '../../../shared/kafka/topics.ts';
import { type KAFKA_TROUBLES, type KafkaTrouble, troubleOf } from '../../../shared/kafka/trouble.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Delivery, REFUSALS, Run, Transport } from '../transport.ts';

export interface KafkaTransportOptions {
  settings: KafkaSettings;
  logger: Logger;
  metrics: ComponentMetrics<(typeof REFUSALS)[number], (typeof KAFKA_TROUBLES)[number]>;
  pause?: Pause;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const ACKNOWLEDGE_MS = 30_000;
const CLOSE_MS = 2000;
/** How soon a change of the number of partitions is seen. */
const METADATA_MS = 10_000;
const ALL_REPLICAS = -1;

export class KafkaTransport implements Transport {
  readonly #options: KafkaTransportOptions;
  readonly #pause: Pause;
  readonly #compression: ReturnType<typeof packing>;
  #producer: Promise<Producer> | undefined;
  /** Whose run is on its way. */
  #cluster = '';
  #trouble: string | undefined;

  /** @throws TruantError CONFIG_INVALID when this Node can't pack as is wanted */
  constructor(options: KafkaTransportOptions) {
    this.#options = options;
    this.#compression = packing(options.settings.compression);
    this.#pause = options.pause ?? pause;
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  async send(run: Run, signal: AbortSignal): Promise<Delivery> {
    const { metrics } = this.#options;
    const count = run.records.length;
    metrics.received(count);
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    while (!signal.aborted) {
      const outcome = await until(signal, this.#attempt(run));
      if (outcome === 'stopped') break;
      if (outcome === 'stored') {
        this.#trouble = undefined;
        metrics.sent(count);
        return outcome;
      }
      metrics.error(outcome.reason);
      if (outcome.reason === 'too-large') {
        this.#trouble = undefined;
        metrics.dropped('too-large', count);
        return { reason: 'too-large', detail: outcome.detail };
      }
      const pauseMs = backoff.nextMs();
      this.#tell(outcome, pauseMs);
      await this.#pause(pauseMs, signal);
    }
    return 'stopped';
  }

  /** Nothing is sent any more. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (!producer) return;
    const disconnected = producer.then((connected) => connected.disconnect()).catch(() => undefined);
    // A broker that does not answer is not waited for.
    await Promise.race([disconnected, this.#pause(CLOSE_MS, new AbortController().signal)]);
  }

  async #attempt({ cluster, records }: Run): Promise<'stored' | KafkaTrouble> {
    const { settings } = this.#options;
    this.#cluster = cluster;
    try {
      const producer = await (this.#producer ??= this.#connect());
      await producer.send({
        topic: settings.topics.observations,
        acks: ALL_REPLICAS,
        timeout: ACKNOWLEDGE_MS,
        compression: this.#compression,
        messages: records.map(({ key, value }) => ({ key, value })),
      });
      return 'stored';
    } catch (error) {
      const trouble = troubleOf(error);
      // What the next one finds must not depend on what this one left: new connections, secrets, producer id.
      if (trouble.reason !== 'too-large') await this.close();
      return trouble;
    }
  }

  async #connect(): Promise<Producer> {
    const { settings, logger } = this.#options;
    const kafka = await createKafka(settings, logger);
    await ensureTopic(kafka, settings.topics.observations, settings);
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MS,
      createPartitioner:
        () =>
        ({ partitionMetadata }) =>
          partitionOf(this.#cluster, partitionMetadata.length),
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  #tell({ reason, detail, remedy }: KafkaTrouble, pauseMs: number): void {
    const { logger } = this.#options;
    this.#trouble = [`Kafka does not take observations: ${detail.replace(/\.?$/, '.')}`, remedy]
      .filter(Boolean)
      .join(' ');
    if (remedy === undefined) logger.warn({ reason, detail, pauseMs }, 'kafka did not take a run, trying again');
    else logger.error({ reason, detail, remedy, pauseMs }, 'nothing can be delivered until this is put right');
  }
}

/** What the work comes to, unless the signal is aborted before. */
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T | 'stopped'> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve('stopped');
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
