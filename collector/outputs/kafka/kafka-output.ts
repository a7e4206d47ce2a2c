/**
 * Alerts to a topic of Kafka: acknowledged by all brokers that must have them, the key being the alert, so that what is told of
 * one is in one partition, in order. A failure is the end of its producer, which is idempotent: what follows has a new one.
 */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import type { Format } from '../../../shared/formats/format.ts';
import { type Notice, severityOf } from '../../../shared/formats/notice.ts';
import { createKafka, type Producer, packing } from '../../../shared/kafka/client.ts';
import { partitionOf } from '../../../shared/kafka/partition.ts';
import type { KafkaSettings } from '../../../shared/kafka/settings.ts';
import { ensureTopic } from '../../../shared/kafka/topics.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { inParts, runsOf } from '../batches.ts';
import type { Message, Outcome, Output } from '../output.ts';
import { outputOf } from '../output-of.ts';
import { topicAt } from '../target.ts';
import { kafkaFailure } from './kafka-failure.ts';

export interface KafkaOutputOptions {
  settings: NonNullable<OutputSettings['kafka']>;
  /** The section `kafka` of the configuration. */
  kafka: KafkaSettings;
  format: Pick<Format, 'name' | 'contentType'>;
  logger: Logger;
}

const MAX_BATCH = 500;
/** Brokers take 1 MiB at a time unless they are told otherwise, as packed; with this it need not be packed at all. */
const MAX_SENT_BYTES = 900_000;
const ACKNOWLEDGE_MS = 30_000;
/** How soon a change of the number of partitions is seen. */
const METADATA_MS = 10_000;
const ALL_REPLICAS = -1;

export function createKafkaOutput({ settings, kafka, format, logger }: KafkaOutputOptions): Output {
  const { topic = kafka.topics.alerts, brokers, sasl, tls } = settings;
  const reached: KafkaSettings = brokers.length === 0 ? kafka : { ...kafka, brokers, sasl, tls };
  const target = topicAt(topic, reached.brokers);
  let producer: Promise<Producer> | undefined;

  async function send(part: readonly Message[]): Promise<Outcome[]> {
    try {
      const connected = await (producer ??= connect());
      await connected.send({
        topic,
        acks: ALL_REPLICAS,
        timeout: ACKNOWLEDGE_MS,
        compression: packing(reached.compression),
        messages: part.map(({ notice, text }) => ({
          key: keyOf(notice),
          value: text,
          headers: headersOf(notice, format),
        })),
      });
      return part.map(() => undefined);
    } catch (error) {
      // Also where a message is too large: kafkajs numbers what was refused, and the broker misses those numbers ever after.
      void disconnect();
      throw kafkaFailure(error, target);
    }
  }

  async function connect(): Promise<Producer> {
    const client = await createKafka(reached, logger);
    await ensureTopic(client, topic, reached);
    const made = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MS,
      createPartitioner:
        () =>
        ({ message, partitionMetadata }) =>
          partitionOf(String(message.key), partitionMetadata.length),
    });
    try {
      await made.connect();
      return made;
    } catch (error) {
      await made.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async function disconnect(): Promise<void> {
    const left = producer;
    producer = undefined;
    await left?.then((connected) => connected.disconnect()).catch(() => undefined);
  }

  return outputOf({
    maxBatch: MAX_BATCH,
    maxBytes: MAX_SENT_BYTES,
    deliver: async (messages, signal) => {
      const outcomes: Outcome[] = [];
      for (const run of runsOf(messages, MAX_SENT_BYTES)) {
        signal.throwIfAborted();
        outcomes.push(...(await inParts(run, send)));
      }
      return outcomes;
    },
    failureOf: (error, signal) => kafkaFailure(error, target, signal),
    close: disconnect,
  });
}

/** The same for all that is told of an alert. */
const keyOf = (notice: Notice): string =>
  notice.kind === 'alert' ? `${notice.alert.cluster}/${notice.alert.id}` : `summary/${notice.output}`;

function headersOf(notice: Notice, { name, contentType }: KafkaOutputOptions['format']): Record<string, string> {
  return {
    event: notice.kind === 'alert' ? notice.event : 'summary',
    notice: notice.id,
    severity: severityOf(notice),
    format: name,
    'content-type': contentType,
    ...(notice.kind === 'alert' && notice.isTest && { test: 'true' }),
  };
}
