/** What a collector makes of a topic on a real broker that anybody can write to, and that does not stay as it was. */
import { createHook } from 'node:async_hooks';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packing } from '../../shared/kafka/client.ts';
import { use } from '../collector/support/make.ts';
import type { Running } from '../collector/support/running.ts';
import { counted, storedIds, storedStreams } from '../support/asked.ts';
import { type Broker, becauseNoKafka, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { clientOf, collectorOf, produce, readTopic, type Section, section, transportTo } from '../support/kafka/lab.ts';
import { envelopeOf, eventually, type RunParts, runOf } from '../support/runs.ts';

const never = new AbortController().signal;
const PATIENCE = 120_000;
const value = (n: number, parts: RunParts = {}): string => JSON.stringify(envelopeOf(n, use(n), parts));
const idsOf = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => use(from + n).id).toSorted();
/** As the scrubber has to find it: a JWT, made up. */
const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"sub":"x"}').toString('base64url')}.c2lnbmF0dXJl`;

describe.skipIf(whyNoKafka !== undefined)(`a collector on Kafka${becauseNoKafka}`, { timeout: PATIENCE }, () => {
  let broker: Broker;
  let folder: string;
  let kafka: Section;
  const running: Running[] = [];

  beforeAll(async () => {
    broker = await startBroker();
  }, PATIENCE);
  afterAll(() => broker?.dispose());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truant-receiver-'));
    kafka = section(broker.listeners.plaintext, { partitions: 1 });
  });
  afterEach(async () => {
    for (const collector of running.splice(0)) await collector.stop();
    await rm(folder, { recursive: true });
  });

  const start = async (receive: object = {}): Promise<Running> => {
    const collector = await collectorOf(kafka, { store: join(folder, 'truant.duckdb'), receive });
    running.push(collector);
    return collector;
  };
  const stop = async (collector: Running): Promise<void> => {
    running.splice(running.indexOf(collector), 1);
    await collector.stop();
  };
  const send = async (position: number, count: number, parts: RunParts = {}): Promise<void> => {
    const { transport } = transportTo(kafka);
    expect(await transport.send(runOf(position, count, parts), never)).toBe('stored');
    await transport.close();
  };
  const hasStored = (collector: Running, ids: string[]) =>
    eventually(async () => expect((await storedIds(collector)).toSorted()).toEqual(ids));
  const deleteTopic = async (): Promise<void> => {
    const admin = (await clientOf(kafka)).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [kafka.topics.observations] });
    await admin.disconnect();
  };

  test('goes on where its store is, whatever the brokers remember of its group', async () => {
    await send(0, 10);
    let collector = await start({ group: 'g' });
    await hasStored(collector, idsOf(0, 10));
    await stop(collector);
    await send(10, 10);
    collector = await start({ group: 'another' });
    await hasStored(collector, idsOf(0, 20));
    expect(await counted(collector.registry, 'truant_received_total', { component: 'receive-kafka' })).toBe(10);
    expect(
      await counted(collector.registry, 'truant_errors_total', {
        component: 'receive-kafka',
        error_type: 'topic-made-anew',
      }),
    ).toBe(0);
    await stop(collector);
    // A store of its own has nothing yet, though the group has read everything.
    await rm(join(folder, 'truant.duckdb'));
    await hasStored(await start({ group: 'another' }), idsOf(0, 20));
  });

  test('sets aside what it cannot read, tells of it in the dead-letter topic, and goes on', async () => {
    const collector = await start({ clusters: ['demo'] });
    await send(0, 1);
    await produce(kafka, [
      'no json',
      `not an envelope Bearer ${TOKEN}`,
      '{"schema":2}',
      value(1, { cluster: 'foreign' }),
      Buffer.from([0xff, 0xfe]),
      value(2),
    ]);
    await hasStored(collector, [...idsOf(0, 1), ...idsOf(2, 1)].toSorted());
    const letters = await readTopic(kafka, kafka.topics.deadLetter, 5);
    expect(letters.map(({ reason, offset }) => [reason, offset])).toEqual([
      ['not-json', 1],
      ['not-json', 2],
      ['not-an-envelope', 3],
      ['foreign-cluster', 4],
      ['not-json', 5],
    ]);
    expect(letters[0]).toMatchObject({ schema: 1, topic: kafka.topics.observations, partition: 0, sample: 'no json' });
    expect(JSON.stringify(letters)).not.toContain(TOKEN.slice(0, 20));
    expect(
      await counted(collector.registry, 'truant_dead_letters_total', {
        component: 'receive-kafka',
        reason: 'not-json',
      }),
    ).toBe(3);
    await stop(collector);
    const samples = await readFile(join(folder, 'dead-letter.ndjson'), 'utf8');
    expect(samples.trim().split('\n')).toHaveLength(5);
    expect(samples).not.toContain(TOKEN.slice(0, 20));
  });

  test('goes on where the dead-letter topic is not to be had', async () => {
    await send(0, 1);
    kafka = { ...kafka, createTopics: false };
    const collector = await start();
    await produce(kafka, ['no json', value(1)]);
    await hasStored(collector, idsOf(0, 2));
    expect(
      await counted(collector.registry, 'truant_errors_total', {
        component: 'receive-kafka',
        error_type: 'dead-letter',
      }),
    ).toBe(1);
    expect(
      await counted(collector.registry, 'truant_dead_letters_total', {
        component: 'receive-kafka',
        reason: 'not-json',
      }),
    ).toBe(1);
  });

  test('gets past a batch that would unpack to gigabytes, and one of a codec that it does not have', async () => {
    const collector = await start();
    await send(0, 1);
    const client = await clientOf(kafka);
    const producer = client.producer({ createPartitioner: () => () => 0 });
    await producer.connect();
    await producer.send({
      topic: kafka.topics.observations,
      compression: packing('gzip'),
      messages: [{ value: Buffer.alloc(64 * 1024 * 1024, 'x') }],
    });
    await producer.disconnect();
    await send(1, 1);
    await hasStored(collector, idsOf(0, 2));
    expect(
      await counted(collector.registry, 'truant_dead_letters_total', {
        component: 'receive-kafka',
        reason: 'too-large',
      }),
    ).toBe(1);
  });

  test('reads a topic from its beginning that was made anew while it was away, short or long', async () => {
    for (const [round, count] of [30, 10, 60, 60].entries()) {
      if (round > 0) await deleteTopic();
      await eventually(() => send(100 * round, count, { spool: `spool-${round}` }));
      const collector = await start();
      await eventually(async () => {
        const streams = await storedStreams(collector);
        expect(streams.find(({ stream }) => stream.endsWith(`spool-${round}`))).toMatchObject({ accepted: count });
      });
      const anew = await counted(collector.registry, 'truant_errors_total', {
        component: 'receive-kafka',
        error_type: 'topic-made-anew',
      });
      expect(anew).toBe(round === 0 ? 0 : 1);
      await stop(collector);
    }
  });

  test('reads on when the broker loses everything while it runs, and is filled again', async () => {
    const collector = await start();
    await send(0, 50);
    await hasStored(collector, idsOf(0, 50));
    await broker.kill();
    broker.wipe();
    await broker.start();
    await eventually(() => send(50, 20));
    await hasStored(collector, idsOf(0, 70));
    expect(await storedStreams(collector)).toMatchObject([{ position: 70, missing: 0 }]);
  });

  test('tells of records that were deleted before they were read', async () => {
    let collector = await start();
    await send(0, 10);
    await hasStored(collector, idsOf(0, 10));
    await stop(collector);
    await send(10, 10);
    const admin = (await clientOf(kafka)).admin();
    await admin.connect();
    // kafkajs wants to have heard of the topic.
    await admin.fetchTopicOffsets(kafka.topics.observations);
    await admin.deleteTopicRecords({ topic: kafka.topics.observations, partitions: [{ partition: 0, offset: '15' }] });
    await admin.disconnect();
    collector = await start();
    await hasStored(collector, [...idsOf(0, 10), ...idsOf(15, 5)].toSorted());
    expect(
      await counted(collector.registry, 'truant_dropped_total', {
        component: 'receive-kafka',
        reason: 'gone-before-read',
      }),
    ).toBe(5);
    expect(await storedStreams(collector)).toMatchObject([{ position: 20, missing: 5 }]);
  });

  test('goes on when the topic gets more partitions', async () => {
    const collector = await start();
    const { transport } = transportTo(kafka);
    await transport.send(runOf(0, 5), never);
    const admin = (await clientOf(kafka)).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic: kafka.topics.observations, count: 8 }] });
    await admin.disconnect();
    // As a transport does that has seen it.
    await transport.close();
    for (let n = 0; n < 12; n += 1) await transport.send(runOf(5 + n, 1, { cluster: `lab-${n}` }), never);
    await transport.close();
    await hasStored(collector, idsOf(0, 17));
    expect(await storedStreams(collector)).toHaveLength(13);
  });

  test('an idle connection sleeps', async () => {
    const collector = await start();
    const { transport } = transportTo(kafka);
    await transport.send(runOf(0, 1), never);
    await hasStored(collector, idsOf(0, 1));
    let timers = 0;
    const hook = createHook({ init: (_id, type) => void (timers += type === 'Timeout' ? 1 : 0) }).enable();
    await delay(500);
    hook.disable();
    await transport.close();
    // Without the guard some 900 a second for each of the connections; a busy machine makes fewer, never more.
    expect(timers).toBeLessThan(100);
  });

  test('knows how much it has still to read', async () => {
    const collector = await start();
    await send(0, 10);
    await hasStored(collector, idsOf(0, 10));
    await eventually(async () => expect(await counted(collector.registry, 'truant_kafka_lag', {})).toBe(0));
  });
});
