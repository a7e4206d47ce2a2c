import { randomBytes } from 'node:crypto';
import { use } from '../collector/support/make.ts';
import { storedIds, storedStreams } from '../support/asked.ts';
import { type Broker, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { KAFKA_VERSIONS } from '../support/kafka/jars.ts';
import { collectorOf, section, transportTo } from '../support/kafka/lab.ts';
import { runOf } from '../support/runs.ts';
import { transportContract } from './transport.ts';

for (const version of KAFKA_VERSIONS) {
  let broker: Broker;
  transportContract(`Kafka ${version}`, {
    whyNot: whyNoKafka,
    start: async () => {
      broker = await startBroker({ version });
    },
    end: async () => broker?.dispose(),
    open: async () => {
      const kafka = section(broker.listeners.plaintext);
      const { transport } = transportTo(kafka);
      const collector = await collectorOf(kafka);
      return {
        transport,
        ids: () => storedIds(collector),
        streams: () => storedStreams(collector),
        down: () => broker.kill(),
        up: () => broker.start(),
        // Random, so that it stays large when it is packed.
        oversized: () =>
          runOf(0, 2000, {}, (n) => use(n, { request: { userAgent: randomBytes(700).toString('base64') } })),
        dispose: async () => {
          await Promise.all([transport.close(), collector.stop()]);
        },
      };
    },
  });
}
