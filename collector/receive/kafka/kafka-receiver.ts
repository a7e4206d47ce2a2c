/**
 * Observations out of a Kafka topic. Each partition is read from where the store has come to, by whichever collector of the
 * group has it at the time; the brokers are told how far that is only for people to see.
 */
import { Gauge, type Registry } from 'prom-client';
import { Backoff, pause } from '../../../shared/component/backoff.ts';
import { type Component, createComponent } from '../../../shared/component/component.ts';
import type { Config } from '../../../shared/config/schema.ts';
import { TruantError } from '../../../shared/errors.ts';
import { type Consumer, createKafka, type Kafka, type Producer } from '../../../shared/kafka/client.ts';
import { partitionOf } from '../../../shared/kafka/partition.ts';
import type { KafkaSettings } from '../../../shared/kafka/settings.ts';
import { ensureTopic } from '../../../shared/kafka/topics.ts';
import { KAFKA_TROUBLES, type KafkaTrouble, troubleOf } from '../../../shared/kafka/trouble.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Correlation } from '../../correlate/correlation.ts';
import type { Store } from '../../store/store.ts';
import { consume } from './consumer.ts';
import { DeadLetterTopic, KAFKA_REJECTIONS, type KafkaRejection } from './dead-letters.ts';
import { Partitions } from './partitions.ts';
import type { Sight } from './place.ts';
import { Taking } from './taking.ts';

export interface KafkaReceiverOptions {
  settings: KafkaSettings;
  receive: Config['collector']['receive']['kafka'];
  correlation: Pick<Correlation, 'take' | 'release'>;
  store: Pick<Store, 'streams' | 'consumed' | 'consume'>;
  /** Keeps samples of what is set aside. */
  setAside(reason: KafkaRejection, value: Buffer): void;
  /** To know the future by. */
  clock: Clock;
  logger: Logger;
  registry: Registry;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** After each there is a sign of life for the brokers. */
const LONGEST_STORE_PAUSE_MS = 5000;

/** Never fails to start: what stands in its way may be put right while the collector does its other work. */
export function createKafkaReceiver(options: KafkaReceiverOptions): Component {
  const { settings, receive, correlation, store, clock, logger, registry } = options;
  const topic = settings.topics.observations;
  const metrics = componentMetrics(registry, 'receive-kafka', {
    dropped: ['gone-before-read'],
    errors: [...KAFKA_TROUBLES, 'topic-made-anew', 'store', 'overloaded', 'dead-letter'],
    deadLetters: KAFKA_REJECTIONS,
  });
  const stopping = new AbortController();
  const deadLetters = new DeadLetterTopic({
    topic: settings.topics.deadLetter,
    metrics,
    setAside: options.setAside,
    clock,
    logger,
  });
  let trouble: string | undefined;
  let storeTrouble: string | undefined;
  let backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  let storeBackoff = new Backoff(FIRST_PAUSE_MS, LONGEST_STORE_PAUSE_MS);
  let producer: () => Promise<Producer> = () => Promise.reject(new Error('not connected'));
  let running: Promise<void> = Promise.resolve();

  const partitions = new Partitions({
    topic,
    taking: new Taking({
      take: correlation.take,
      consume: (consumed) => store.consume(consumed),
      clusters: new Set(receive.clusters),
      clock,
    }),
    onRead: (count) => metrics.received(count),
    onStored: (count) => {
      storeTrouble = undefined;
      storeBackoff = new Backoff(FIRST_PAUSE_MS, LONGEST_STORE_PAUSE_MS);
      metrics.sent(count);
    },
    onSight,
    setAside: (letters, partition) => deadLetters.tell(letters, { topic, partition, producer: () => producer() }),
    onFailure: async (error, signal) => {
      const isOverloaded = error instanceof TruantError && error.code === 'OVERLOADED';
      metrics.error(isOverloaded ? 'overloaded' : 'store');
      storeTrouble = 'The store does not take what comes out of Kafka; it is tried again.';
      const pauseMs = storeBackoff.nextMs();
      logger.warn({ err: error, pauseMs }, 'records could not be stored, trying again');
      await pause(pauseMs, signal);
    },
    signal: stopping.signal,
  });
  const lag: Gauge = new Gauge({
    name: 'truant_kafka_lag',
    help: 'Records of its partitions that a collector has still to read.',
    labelNames: ['topic'],
    registers: [registry],
    collect: () => {
      lag.set({ topic }, partitions.lag());
    },
  });

  function onSight(sight: Exclude<Sight, { found: 'go-on' }>, partition: number): void {
    if (sight.found === 'gap') {
      metrics.dropped('gone-before-read', sight.missing);
      logger.error({ topic, partition, missing: sight.missing }, 'records were deleted before they were read');
    } else {
      metrics.error('topic-made-anew');
      logger.warn({ topic, partition }, 'the topic is not the one that was read before; it is read from its beginning');
    }
  }

  /** Until the connection is lost, or the stop. */
  async function live(): Promise<void> {
    const kafka = await createKafka(settings, logger);
    const count = await ensureTopic(kafka, topic, settings);
    partitions.load(await store.consumed(topic));
    const dead = once(() => deadLetterProducer(kafka, settings));
    producer = dead.get;
    try {
      await consume({
        kafka,
        group: receive.group,
        sessionMs: receive.sessionSeconds * 1000,
        topic,
        onAssigned: (assigned, consumer) => {
          trouble = undefined;
          backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
          partitions.assign(assigned, consumer);
          logger.info({ topic, partitions: assigned.length, of: count }, 'partitions assigned');
          void releaseOthers(count);
          void lookAtEnds(kafka, consumer);
        },
        onBatch: (payload, consumer) => partitions.read(payload, consumer),
        signal: stopping.signal,
      });
    } finally {
      await partitions.idle();
      await dead.close();
    }
  }

  /** Whatever cluster goes by a partition that somebody else has now is somebody else's. */
  async function releaseOthers(count: number): Promise<void> {
    try {
      const clusters = new Set((await store.streams()).map(({ cluster }) => cluster));
      for (const cluster of clusters) {
        if (!partitions.has(partitionOf(cluster, count))) await correlation.release(cluster);
      }
    } catch (error) {
      logger.warn({ err: error }, 'clusters that others follow now could not be let go');
    }
  }

  /** A topic that was made anew and has fewer records than were read of the old one would else be waited for. */
  async function lookAtEnds(kafka: Kafka, consumer: Consumer): Promise<void> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const stood = partitions.stand();
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        partitions.endsAt(partition, Number(high), { stood, consumer });
      }
    } catch (error) {
      logger.debug({ err: error, topic }, 'where partitions end could not be asked');
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await live();
      } catch (error) {
        const found = troubleOf(error);
        metrics.error(found.reason);
        const pauseMs = backoff.nextMs();
        tell(found, pauseMs);
        await pause(pauseMs, stopping.signal);
      }
    }
  }

  function tell({ reason, detail, remedy }: KafkaTrouble, pauseMs: number): void {
    trouble = [`Nothing comes out of Kafka: ${detail.replace(/\.?$/, '.')}`, remedy].filter(Boolean).join(' ');
    if (remedy === undefined) logger.warn({ reason, detail, pauseMs }, 'kafka gives nothing, trying again');
    else logger.error({ reason, detail, remedy, pauseMs }, 'nothing can be received until this is put right');
  }

  return createComponent('receive-kafka', {
    start: () => {
      running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    degraded: () => trouble ?? storeTrouble,
  });
}

async function deadLetterProducer(kafka: Kafka, settings: KafkaSettings): Promise<Producer> {
  await ensureTopic(kafka, settings.topics.deadLetter, { ...settings, partitions: 1 });
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: () => () => 0 });
  await producer.connect();
  return producer;
}

/** A producer that is made when it is first wanted, and anew after it could not be made. */
function once(make: () => Promise<Producer>): { get(): Promise<Producer>; close(): Promise<void> } {
  let made: Promise<Producer> | undefined;
  return {
    get: () => {
      made ??= make();
      made.catch(() => {
        made = undefined;
      });
      return made;
    },
    close: async () => {
      await made?.then((producer) => producer.disconnect()).catch(() => undefined);
    },
  };
}
