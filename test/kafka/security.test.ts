/** Who may connect, and what clients of either side say when they may not: against a real broker with TLS, SASL and ACLs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as KafkaJS from 'kafkajs';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKafka } from '../../shared/kafka/client.ts';
import { use } from '../collector/support/make.ts';
import { storedIds } from '../support/asked.ts';
import { Authority } from '../support/certificates.ts';
import { type Broker, becauseNoKafka, startBroker, USERS, whyNoKafka } from '../support/kafka/broker.ts';
import { KAFKA_VERSIONS } from '../support/kafka/jars.ts';
import { clientOf, collectorOf, type Section, section, settingsOf, transportTo } from '../support/kafka/lab.ts';
import { eventually, runOf } from '../support/runs.ts';

const PATIENCE = 120_000;
// Loaded as Truant has put it right.
const kafkajs = createRequire(import.meta.url)('kafkajs') as typeof KafkaJS;
const { READ, WRITE, DESCRIBE } = kafkajs.AclOperationTypes;
const { ALLOW } = kafkajs.AclPermissionTypes;
const { LITERAL } = kafkajs.ResourcePatternTypes;
const { TOPIC, GROUP } = kafkajs.AclResourceTypes;
const base64 = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
/** The broker of the test believes tokens without a signature. */
const tokenOf = (sub: string): string =>
  `${base64({ alg: 'none' })}.${base64({ sub, iat: 1_700_000_000, exp: 9_999_999_999 })}.`;

describe.skipIf(whyNoKafka !== undefined).each(KAFKA_VERSIONS)(
  `Kafka %s with security${becauseNoKafka}`,
  { timeout: PATIENCE },
  (version) => {
    let broker: Broker;
    let folder: string;
    const files: Record<string, string> = {};
    const authority = new Authority();
    const other = new Authority('another CA');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'truant-security-'));
      const server = authority.issue({ ip: ['127.0.0.1'] });
      const [client, stranger] = [authority.issue({ dns: ['agent'] }), other.issue({ dns: ['agent'] })];
      const contents = {
        ca: authority.pem,
        otherCa: other.pem,
        cert: client.cert,
        key: client.key,
        strangerCert: stranger.cert,
        strangerKey: stranger.key,
        password: `${USERS.agent}\n`,
        collectorPassword: USERS.collector,
        wrong: 'not the password',
        empty: '',
        token: tokenOf('agent'),
      };
      for (const [name, content] of Object.entries(contents)) {
        files[name] = join(folder, name);
        await writeFile(files[name], content);
      }
      const tls = { certificate: server.cert, key: server.key, clientCa: authority.pem };
      broker = await startBroker({ version, tls, acls: true });
    }, PATIENCE);
    afterAll(async () => {
      await broker?.dispose();
      await rm(folder, { recursive: true });
    });

    interface Right {
      user: string;
      topic?: string;
      group?: string;
      operations: KafkaJS.AclOperationTypes[];
    }
    async function grant(rights: Right[]): Promise<void> {
      const admin = (await clientOf(section(broker.listeners.plaintext))).admin();
      await admin.connect();
      const acl = rights.flatMap(({ user, topic, group, operations }) =>
        operations.map((operation) => ({
          principal: `User:${user}`,
          host: '*',
          permissionType: ALLOW,
          resourcePatternType: LITERAL,
          resourceType: topic === undefined ? GROUP : TOPIC,
          resourceName: topic ?? group ?? '',
          operation,
        })),
      );
      await admin.createAcls({ acl });
      await admin.disconnect();
    }

    /** Topics made by the tests' own client, who may do anything, and rights for users. */
    async function prepared(rights: Omit<Right, 'topic'>[] = []): Promise<Section> {
      const kafka = section(broker.listeners.plaintext, { partitions: 1 });
      const admin = (await clientOf(kafka)).admin();
      await admin.connect();
      const { observations, deadLetter } = kafka.topics;
      await admin.createTopics({ topics: [observations, deadLetter].map((topic) => ({ topic })) });
      await admin.disconnect();
      await grant([
        ...rights.map((right) => ({ ...right, topic: observations })),
        { user: 'collector', group: 'collectors', operations: [READ] },
        { user: 'collector', topic: deadLetter, operations: [WRITE] },
      ]);
      return kafka;
    }
    const at = (kafka: Section, listener: keyof Broker['listeners'], more: object): Section => ({
      ...kafka,
      brokers: [broker.listeners[listener]],
      ...more,
    });
    const passwords = (mechanism: string, file = 'password') => ({
      sasl: { mechanism, username: 'agent', passwordFile: files[file] },
    });
    const sendOnce = async (kafka: object): Promise<string> => {
      const { transport } = transportTo(kafka);
      const stop = new AbortController();
      const sending = transport.send(runOf(0, 1), stop.signal);
      const told = eventually(() => {
        const trouble = transport.trouble();
        expect(trouble).toBeDefined();
        return trouble as string;
      });
      const result = await Promise.race([sending, told]);
      stop.abort();
      void told.catch(() => undefined);
      await transport.close();
      return result as string;
    };

    test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('%s lets in who knows the password', async (mechanism) => {
      const kafka = await prepared([{ user: 'agent', operations: [WRITE] }]);
      expect(await sendOnce(at(kafka, 'sasl', passwords(mechanism)))).toBe('stored');
      expect(await sendOnce(at(kafka, 'sasl', passwords(mechanism, 'wrong')))).toMatch(/authentication.*kafka\.sasl/i);
    });

    test('oauthbearer lets in who has the token that is in the file at the time', async () => {
      const kafka = await prepared([{ user: 'agent', operations: [WRITE] }]);
      const file = join(folder, 'changing');
      const sasl = { mechanism: 'oauthbearer', tokenFile: file };
      await writeFile(file, 'no token');
      const { transport } = transportTo(at(kafka, 'sasl', { sasl }));
      const sending = transport.send(runOf(0, 1), new AbortController().signal);
      await eventually(() => expect(transport.trouble()).toContain('kafka.sasl'));
      await writeFile(file, tokenOf('agent'));
      expect(await sending).toBe('stored');
      await transport.close();
    });

    test('TLS: the CA of the broker must be known, and the client have a certificate where one is wanted', async () => {
      const kafka = await prepared();
      const tls = (ca: string, more: object = {}) => ({ tls: { enabled: true, caFile: files[ca], ...more } });
      const own = { certFile: files['cert'], keyFile: files['key'] };
      // Known by its certificate, it has no rights: it did get in.
      expect(await sendOnce(at(kafka, 'tls', tls('ca', own)))).toMatch(/authorized.*docs\/kafka\.md/i);
      expect(await sendOnce(at(kafka, 'tls', tls('otherCa', own)))).toMatch(/certificate.*kafka\.tls/);
      expect(await sendOnce(at(kafka, 'tls', tls('ca')))).toContain('kafka.tls');
      const stranger = { certFile: files['strangerCert'], keyFile: files['strangerKey'] };
      expect(await sendOnce(at(kafka, 'tls', tls('ca', stranger)))).toContain('kafka.tls');
      expect(await sendOnce(at(kafka, 'plaintext', tls('ca')))).toContain('kafka.tls');
    });

    test('SASL over TLS', async () => {
      const kafka = await prepared([{ user: 'agent', operations: [WRITE] }]);
      const more = { tls: { enabled: true, caFile: files['ca'] }, ...passwords('plain') };
      expect(await sendOnce(at(kafka, 'saslTls', more))).toBe('stored');
    });

    test('who may not write is told what rights are needed, and it goes on once they are given', async () => {
      const kafka = await prepared([{ user: 'agent', operations: [READ] }]);
      const { transport } = transportTo(at(kafka, 'sasl', passwords('plain')));
      const sending = transport.send(runOf(0, 1), new AbortController().signal);
      await eventually(() => expect(transport.trouble()).toMatch(/authorized.*docs\/kafka\.md/i));
      await grant([{ user: 'agent', topic: kafka.topics.observations, operations: [WRITE] }]);
      expect(await sending).toBe('stored');
      expect(transport.trouble()).toBeUndefined();
      await transport.close();
    });

    test.each([
      ['may not be created', true],
      ['createTopics is off', false],
    ])('a topic that is missing is said: %s', async (why, createTopics) => {
      const kafka = section(broker.listeners.sasl, { createTopics, ...passwords('plain') });
      await grant([{ user: 'agent', topic: kafka.topics.observations, operations: [DESCRIBE] }]);
      const told = await sendOnce(kafka);
      expect(told).toContain(kafka.topics.observations);
      expect(told).toContain(why);
      expect(told).toContain('Create the topic');
    });

    test('the rights that docs/kafka.md lists are enough for a collector', async () => {
      const kafka = await prepared([{ user: 'collector', operations: [READ] }]);
      const sasl = { mechanism: 'scram-sha-512', username: 'collector', passwordFile: files['collectorPassword'] };
      const collector = await collectorOf(at(kafka, 'sasl', { sasl, createTopics: false }), {
        receive: { group: 'collectors' },
      });
      const { transport } = transportTo(kafka);
      await transport.send(runOf(0, 3), new AbortController().signal);
      await transport.close();
      await eventually(async () => expect(await storedIds(collector)).toHaveLength(3));
      expect(use(0).id).toBeDefined();
      await collector.stop();
    });

    test('no secret is in what is logged', async () => {
      const kafka = await prepared();
      let logged = '';
      const logger = pino({ level: 'trace' }, { write: (line: string) => void (logged += line) });
      for (const more of [
        passwords('plain', 'wrong'),
        passwords('scram-sha-256'),
        { sasl: { mechanism: 'oauthbearer', tokenFile: files['token'] } },
      ]) {
        const admin = (await createKafka(settingsOf(at(kafka, 'sasl', more)), logger)).admin();
        await admin.connect().catch(() => undefined);
        await admin.disconnect();
      }
      expect(logged).toContain('kafka client');
      for (const secret of [USERS.agent, 'not the password', tokenOf('agent').slice(0, 20)])
        expect(logged).not.toContain(secret);
    });
  },
);

test.each([
  ['missing', 'cannot be read'],
  ['empty', 'is empty'],
])('a password file that is %s is said', async (name, what) => {
  const folder = await mkdtemp(join(tmpdir(), 'truant-secret-'));
  await writeFile(join(folder, 'empty'), '\n');
  const sasl = { mechanism: 'plain', username: 'a', passwordFile: join(folder, name) };
  const { transport } = transportTo(section('127.0.0.1:1', { sasl }));
  const stop = new AbortController();
  const sending = transport.send(runOf(0, 1), stop.signal);
  await eventually(() => expect(transport.trouble()).toContain(what));
  expect(transport.trouble()).toContain('kafka.sasl.passwordFile');
  stop.abort();
  expect(await sending).toBe('stopped');
  await rm(folder, { recursive: true });
});
