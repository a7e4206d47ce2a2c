/** What talks with a broker in tests: transports, collectors, and clients of the tests' own. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, vi } from 'vitest';
import { KafkaTransport } from '../../../agent/transport/kafka/kafka-transport.ts';
import { REFUSALS } from '../../../agent/transport/transport.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { createKafka, type Kafka } from '../../../shared/kafka/client.ts';
import type { KafkaSettings } from '../../../shared/kafka/settings.ts';
import { KAFKA_TROUBLES } from '../../../shared/kafka/trouble.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import { type Running, runCollector } from '../../collector/support/running.ts';

export const silent = pino({ level: 'silent' });

/** The section `kafka` of somebody's configuration; each call has topics of its own unless it says which. */
export function section(broker: string, more: object = {}) {
  const name = randomUUID();
  const topics = { observations: `observations-${name}`, alerts: `alerts-${name}`, deadLetter: `dead-letter-${name}` };
  return { brokers: [broker], topics, partitions: 3, replication: 1, createTopics: true, ...more };
}
export type Section = ReturnType<typeof section>;

export const settingsOf = (kafka: object): KafkaSettings => parseConfig({ kafka }).kafka;

export function transportTo(kafka: object) {
  const registry = new Registry();
  const pauses: number[] = [];
  const metrics = componentMetrics(registry, 'kafka-transport', { dropped: REFUSALS, errors: KAFKA_TROUBLES });
  const transport = new KafkaTransport({
    settings: settingsOf(kafka),
    logger: silent,
    metrics,
    pause: async (ms, signal) => {
      pauses.push(ms);
      await delay(50, undefined, { signal }).catch(() => undefined);
    },
  });
  return { transport, pauses, registry };
}

/** A collector that receives over Kafka alone, with a store in memory unless a test says where. */
export function collectorOf(
  kafka: object,
  { store = ':memory:', receive = {} }: { store?: string; receive?: object } = {},
): Promise<Running> {
  return runCollector(
    {
      store: { path: store },
      receive: { kafka: { enabled: true, group: randomUUID(), sessionSeconds: 2, ...receive } },
    },
    {},
    { kafka },
  );
}

export const clientOf = (kafka: object): Promise<Kafka> => createKafka(settingsOf(kafka), silent);

/** Sends whatever a test likes, to a partition. */
export async function produce(kafka: Section, values: (Buffer | string)[], partition = 0): Promise<void> {
  const producer = (await clientOf(kafka)).producer({ createPartitioner: () => () => partition });
  await producer.connect();
  await producer.send({ topic: kafka.topics.observations, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

/** That many records of a topic, from its beginning, as JSON. */
export async function readTopic(kafka: object, topic: string, count: number): Promise<Record<string, unknown>[]> {
  const consumer = (await clientOf(kafka)).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  const read: Record<string, unknown>[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => void read.push(JSON.parse(String(message.value)) as Record<string, unknown>),
    });
    await vi.waitFor(() => expect(read.length).toBeGreaterThanOrEqual(count), { timeout: 30_000 });
  } finally {
    await consumer.disconnect();
  }
  return read;
}

export interface ReadRecord {
  partition: number;
  key: string;
  value: string;
}

/** All records that a topic has now, of each partition in order. */
export async function readRecords(kafka: object, topic: string): Promise<ReadRecord[]> {
  const client = await clientOf(kafka);
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect());
  const count = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  if (count === 0) return [];
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  const read: ReadRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { key, value } }) =>
        void read.push({ partition, key: String(key), value: String(value) }),
    });
    await vi.waitFor(() => expect(read.length).toBeGreaterThanOrEqual(count), { timeout: 60_000 });
  } finally {
    await consumer.disconnect();
  }
  return read;
}
