/** What agents pack, brokers (in Java) unpack and pack anew, and collectors unpack. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codecs } from '../../shared/kafka/codecs.ts';
import { counted, storedIds } from '../support/asked.ts';
import { type Broker, becauseNoKafka, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { clientOf, collectorOf, type Section, section, transportTo } from '../support/kafka/lab.ts';
import { eventually, runOf } from '../support/runs.ts';

const never = new AbortController().signal;
const OURS = ['none', ...codecs.keys()];
const JAVAS = ['uncompressed', ...codecs.keys()];

describe.skipIf(whyNoKafka !== undefined)(`records in packs${becauseNoKafka}`, () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.dispose());

  /** A topic that the broker packs by itself. */
  const topicPacked = async (type: string, compression: string): Promise<Section> => {
    const kafka = section(broker.listeners.plaintext, { compression });
    const admin = (await clientOf(kafka)).admin();
    await admin.connect();
    const configEntries = [{ name: 'compression.type', value: type }];
    await admin.createTopics({ topics: [{ topic: kafka.topics.observations, configEntries }] });
    await admin.disconnect();
    return kafka;
  };
  const send = async (kafka: Section): Promise<void> => {
    const { transport } = transportTo(kafka);
    expect(await transport.send(runOf(0, 500), never)).toBe('stored');
    await transport.close();
  };

  test.each(OURS.flatMap((ours) => JAVAS.map((javas) => [ours, javas] as const)))(
    'packed by the agent with %s and by the broker with %s are read',
    async (ours, javas) => {
      const kafka = await topicPacked(javas, ours);
      await send(kafka);
      const collector = await collectorOf(kafka);
      await eventually(async () => expect(await storedIds(collector)).toHaveLength(500));
      await collector.stop();
    },
  );

  test('packed with snappy are set aside, and hold nothing up', async () => {
    const kafka = await topicPacked('snappy', 'gzip');
    await send(kafka);
    const collector = await collectorOf(kafka);
    const labels = { component: 'receive-kafka', reason: 'undecodable' };
    await eventually(async () =>
      expect(await counted(collector.registry, 'truant_dead_letters_total', labels)).toBe(1),
    );
    await eventually(async () => expect(await counted(collector.registry, 'truant_kafka_lag', {})).toBe(0));
    await collector.stop();
  });
});
