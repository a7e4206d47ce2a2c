/** Over Kafka: agent, collector and broker killed time and again while a log is written; in the end each request is stored once. */
import { join } from 'node:path';
import { afterEach, describe, test } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import { type Broker, becauseNoKafka, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { section } from '../support/kafka/lab.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { KILLS, TOTAL, writeAndKill } from './kills.ts';
import { MadeLog } from './made-log.ts';

describe.skipIf(whyNoKafka !== undefined)(`${TOTAL} observations over Kafka${becauseNoKafka}`, () => {
  let fleet: Fleet;
  let broker: Broker;

  afterEach(async () => {
    await fleet.dispose();
    await broker.dispose();
  });

  test(`agent, collector and broker killed ${KILLS} times each: everything is stored once, every theft is one alert`, async () => {
    const log = new MadeLog(TOTAL);
    broker = await startBroker();
    fleet = await Fleet.create({
      port: await freePort(),
      log,
      agent: { transport: 'kafka' },
      collector: { receive: { kafka: { enabled: true } } },
      more: { kafka: section(broker.listeners.plaintext) },
    });
    fleet.start('collector');
    fleet.start('agent');
    await writeAndKill(fleet, log, [broker]);
    await fleet.hasStored(TOTAL);
    await fleet.hasDecided();
    await fleet.stop('agent');
    await fleet.stop('collector');
    await expectExactly(join(fleet.folder, 'store', 'truant.duckdb'), log);
  }, 1_200_000);
});
