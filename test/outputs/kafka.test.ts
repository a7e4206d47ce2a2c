/** Kafka as an output, with a real broker. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type * as KafkaJS from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import { createKafkaOutput, type KafkaOutputOptions } from '../../collector/outputs/kafka/kafka-output.ts';
import type { Output } from '../../collector/outputs/output.ts';
import { testNotice } from '../../shared/formats/test-alert.ts';
import { Authority } from '../support/certificates.ts';
import { type Broker, becauseNoKafka, startBroker, USERS, whyNoKafka } from '../support/kafka/broker.ts';
import { KAFKA_VERSIONS } from '../support/kafka/jars.ts';
import { clientOf, readRecords, type Section, section, settingsOf, silent } from '../support/kafka/lab.ts';
import { describeOutput, message, receivedOf } from './output-contract.ts';

// Loaded as Truant has put it right.
const kafkajs = createRequire(import.meta.url)('kafkajs') as typeof KafkaJS;
const never = new AbortController().signal;
const native = { name: 'native', contentType: 'application/json' } as const;

/** Without brokers of its own: the section `kafka` holds. */
function outputTo(kafka: object, settings: Partial<KafkaOutputOptions['settings']> = {}): Output {
  const { sasl, tls } = settingsOf({});
  const own = { brokers: [], sasl, tls, ...settings };
  return createKafkaOutput({ settings: own, kafka: settingsOf(kafka), format: native, logger: silent });
}

async function failureOf(output: Output): Promise<OutputFailure> {
  const delivery = output.deliver([message('refused')], never);
  const failure = await delivery.then(
    () => expect.fail('it was delivered'),
    (error: unknown) => error,
  );
  await output.close();
  expect(failure).toBeInstanceOf(OutputFailure);
  return failure as OutputFailure;
}

/** With kafkajs as it is, which also reads headers. */
const PLAIN_CONSUMER = `
  const { Kafka, logLevel } = require('kafkajs');
  const [broker, topic, count] = process.argv.slice(1);
  const consumer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).consumer({ groupId: topic });
  const read = {};
  const take = async ({ message: { key, value, headers } }) => {
    const named = Object.entries(headers).map(([name, content]) => [name, String(content)]);
    read[key] = { value: String(value), headers: Object.fromEntries(named) };
    if (Object.keys(read).length < Number(count)) return;
    process.stdout.write(JSON.stringify(read), () => process.exit());
  };
  consumer.connect()
    .then(() => consumer.subscribe({ topics: [topic], fromBeginning: true }))
    .then(() => consumer.run({ eachMessage: take }));
`;

/** So many records, by their keys. */
function readPlainly(address: string, topic: string, count: number): unknown {
  const args = ['-e', PLAIN_CONSUMER, address, topic, String(count)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }));
}

let shared: Broker;
describeOutput('Kafka', {
  whyNot: whyNoKafka,
  cannot: { breakHalfway: 'tried by brokers that are killed' },
  before: async () => {
    shared = await startBroker();
  },
  after: () => shared.dispose(),
  start: async () => {
    const kafka = section(shared.listeners.plaintext, { partitions: 1 });
    let isUp = true;
    return {
      output: outputTo(kafka),
      received: async () =>
        (await readRecords(kafka, kafka.topics.alerts).catch(() => [])).map(({ value }) => receivedOf(value)),
      goDown: async () => {
        isUp = false;
        await shared.kill();
      },
      comeBack: async () => {
        isUp = true;
        await shared.start();
      },
      hang: async () => {
        shared.hang();
        isUp = false;
        return { caught: Promise.resolve() };
      },
      stop: async () => {
        if (isUp) return;
        await shared.kill();
        await shared.start();
      },
    };
  },
});

describe.skipIf(whyNoKafka !== undefined).each(KAFKA_VERSIONS)(
  `a topic of alerts at Kafka %s${becauseNoKafka}`,
  { timeout: 120_000 },
  (version) => {
    let broker: Broker;
    let folder: string;
    let files: Record<'ca' | 'otherCa' | 'password' | 'wrong', string>;
    const { ALLOW } = kafkajs.AclPermissionTypes;
    const { LITERAL } = kafkajs.ResourcePatternTypes;

    beforeAll(async () => {
      const authority = new Authority();
      const { cert, key } = authority.issue({ ip: ['127.0.0.1'] });
      folder = mkdtempSync(path.join(tmpdir(), 'truant-kafka-output-'));
      const place = (name: string, content: string): string => {
        const file = path.join(folder, name);
        writeFileSync(file, content);
        return file;
      };
      files = {
        ca: place('ca', authority.pem),
        otherCa: place('otherCa', new Authority('another CA').pem),
        password: place('password', USERS.collector),
        wrong: place('wrong', 'not the password'),
      };
      broker = await startBroker({ version, acls: true, tls: { certificate: cert, key, clientCa: authority.pem } });
    });
    afterAll(async () => {
      await broker.dispose();
      rmSync(folder, { recursive: true });
    });

    const sasl = (file: keyof typeof files = 'password') => ({
      sasl: { mechanism: 'scram-sha-512' as const, username: 'collector', passwordFile: files[file] },
    });
    async function grant(topic: string, operations: KafkaJS.AclOperationTypes[]): Promise<void> {
      const admin = (await clientOf(section(broker.listeners.plaintext))).admin();
      await admin.connect();
      await admin.createAcls({
        acl: operations.map((operation) => ({
          resourceType: kafkajs.AclResourceTypes.TOPIC,
          resourceName: topic,
          resourcePatternType: LITERAL,
          principal: 'User:collector',
          host: '*',
          operation,
          permissionType: ALLOW,
        })),
      });
      await admin.disconnect();
    }
    async function create(kafka: Section, configEntries: { name: string; value: string }[] = []): Promise<Section> {
      const admin = (await clientOf(section(broker.listeners.plaintext))).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: kafka.topics.alerts, numPartitions: 3, configEntries }] });
      await admin.disconnect();
      return kafka;
    }

    test('is created, and each record says what it is', async () => {
      const kafka = section(broker.listeners.plaintext);
      const output = outputTo(kafka, { topic: `${kafka.topics.alerts}-own` });
      const alert = message('a1', { title: 'Grüße' });
      const { notice } = alert;
      const tried = testNotice('siem', 'run', 0);
      await output.deliver([alert, { notice: tried, text: '{}' }], never);
      await output.close();
      const { cluster, severity } = notice.kind === 'alert' ? notice.alert : expect.fail('no alert');
      const said = { format: 'native', 'content-type': 'application/json', event: 'create' };
      expect(readPlainly(broker.listeners.plaintext, `${kafka.topics.alerts}-own`, 2)).toEqual({
        [`${cluster}/a1`]: { value: alert.text, headers: { ...said, notice: notice.id, severity } },
        'test/test_run': { value: '{}', headers: { ...said, notice: tried.id, severity: 'info', test: 'true' } },
      });
    });

    test('of another Kafka than the section kafka names', async () => {
      const kafka = section(broker.listeners.plaintext);
      const own = { ...settingsOf({}), ...sasl() };
      await create(kafka);
      await grant(kafka.topics.alerts, [kafkajs.AclOperationTypes.WRITE]);
      const output = outputTo({ ...kafka, brokers: ['127.0.0.1:1'] }, { ...own, brokers: [broker.listeners.sasl] });
      expect(await output.deliver([message('a1')], never)).toEqual([undefined]);
      await output.close();
    });

    test('that takes no long records takes all others, in order, and says which it does not take', async () => {
      const kafka = await create(section(broker.listeners.plaintext), [{ name: 'max.message.bytes', value: '20000' }]);
      const output = outputTo({ ...kafka, compression: 'none' });
      const batch = Array.from({ length: 40 }, (_, n) =>
        message(`a${n % 5}`, { revision: 1 + n, title: (n === 7 ? 'x' : '').repeat(30_000) }),
      );
      const outcomes = await output.deliver(batch, never);
      await output.close();
      expect(outcomes.flatMap((outcome, n) => (outcome ? [[n, outcome.of, outcome.reason]] : []))).toEqual([
        [7, 'message', 'too-large'],
      ]);
      const records = (await readRecords(kafka, kafka.topics.alerts)).map(({ value }) => receivedOf(value));
      for (const id of ['a0', 'a1', 'a2', 'a3', 'a4']) {
        const revisions = [...new Set(records.filter(({ alert }) => alert === id).map(({ revision }) => revision))];
        const wanted = batch.flatMap(({ notice }, n) =>
          n !== 7 && notice.kind === 'alert' && notice.alert.id === id ? [1 + n] : [],
        );
        expect(revisions).toEqual(wanted);
      }
    });

    test('what stands in the way is said in words', async () => {
      const at = (listener: keyof Broker['listeners'], more: object) => section(broker.listeners[listener], more);
      const unwritable = await create(at('sasl', sasl()));
      await grant(unwritable.topics.alerts, [kafkajs.AclOperationTypes.DESCRIBE]);
      const cases: [kafka: Section, reason: string, remedy: RegExp][] = [
        [at('sasl', sasl('wrong')), 'authentication', /kafka\.sasl/],
        [unwritable, 'authorisation', /docs\/kafka\.md/],
        [at('plaintext', { createTopics: false }), 'not-found', /Create the topic/],
        [at('tls', { tls: { enabled: true, caFile: files.otherCa } }), 'tls', /kafka\.tls/],
        [at('sasl', { sasl: { ...sasl().sasl, passwordFile: '/nowhere' } }), 'secret', /readable/],
        [{ ...at('sasl', {}), brokers: ['nowhere.invalid:9092'] }, 'dns', /^$/],
        [{ ...at('sasl', {}), brokers: ['127.0.0.1:1'] }, 'unreachable', /^$/],
      ];
      for (const [kafka, reason, remedy] of cases) {
        const failure = await failureOf(outputTo(kafka));
        expect([failure.of, failure.reason], failure.message).toEqual(['output', reason]);
        expect(failure.remedy ?? '').toMatch(remedy);
      }
    });
  },
);

describe.skipIf(whyNoKafka !== undefined)(`a broker killed time and again${becauseNoKafka}`, () => {
  const [ALERTS, REVISIONS, KILLS] = [2500, 4, 4];

  test(`has all of ${ALERTS * REVISIONS} alerts, those about one in order`, async () => {
    const broker = await startBroker();
    const kafka = section(broker.listeners.plaintext);
    const output = outputTo(kafka);
    const all = Array.from({ length: ALERTS * REVISIONS }, (_, n) =>
      message(`k${n % ALERTS}`, { revision: 1 + Math.floor(n / ALERTS) }),
    );
    let [at, failures, kills] = [0, 0, 0];
    let killing = Promise.resolve();
    while (at < all.length) {
      const batch = all.slice(at, at + 100);
      const sending = output.deliver(batch, never);
      if (kills < KILLS && at > ((kills + 1) * all.length) / (KILLS + 1)) {
        kills += 1;
        await killing;
        killing = delay(Math.random() * 10)
          .then(() => broker.kill())
          .then(() => delay(1000))
          .then(() => broker.start());
      }
      try {
        expect(await sending).toEqual(batch.map(() => undefined));
        at += batch.length;
      } catch (error) {
        if (!(error instanceof OutputFailure)) throw error;
        failures += 1;
        await delay(50);
      }
    }
    await killing;
    const records = (await readRecords(kafka, kafka.topics.alerts)).map(({ value }) => receivedOf(value));
    await output.close();
    await broker.dispose();
    const last = new Map<string, number>();
    const revisions = new Map<string, Set<number>>();
    for (const { alert, revision } of records) {
      // One that comes twice comes with all that followed it in its batch.
      expect(revision).toBeLessThanOrEqual((last.get(alert) ?? 0) + 1);
      last.set(alert, revision);
      revisions.set(alert, (revisions.get(alert) ?? new Set()).add(revision));
    }
    expect(revisions.size).toBe(ALERTS);
    expect([...revisions.values()].every((found) => found.size === REVISIONS)).toBe(true);
    expect(failures).toBeGreaterThan(0);
  }, 240_000);
});
