/** A real Apache Kafka broker of one node (KRaft) as a process of its own, to be used, killed, restarted and emptied. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '../free-ports.ts';
import { ensureJars } from '../jars.ts';
import { startJava, whyNot } from '../java.ts';
import { listens, type RunningProcess } from '../process.ts';
import { KAFKA_VERSIONS, type KafkaVersion, kafkaList } from './jars.ts';
import { LISTENERS, type ListenerName, type ServerTls, serverProperties, USERS } from './properties.ts';

export { USERS } from './properties.ts';

export interface BrokerOptions {
  version?: KafkaVersion;
  /** For the listeners with TLS. */
  tls?: ServerTls;
  /** Who is not `admin`, or anonymous on the plain listener, may do what an ACL allows and nothing else. */
  acls?: true;
  /** More of `server.properties`. */
  properties?: Record<string, string>;
}

export interface Broker {
  readonly version: KafkaVersion;
  /** `127.0.0.1:<port>` of each listener; the same after a restart. */
  readonly listeners: Readonly<Record<ListenerName, string>>;
  /** Resolves when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** It takes connections, or the system does for it, and answers nothing, until it is killed. */
  hang(): void;
  /** Of a stopped broker: forgets all topics, records and groups, as if it had been set up anew. */
  wipe(): void;
  /** What it has logged. */
  log(): string;
  dispose(): Promise<void>;
}

/** Small, quick to start, and no compiler threads that compete with the tests. */
const JVM = ['-Xmx384m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=error',
];

/** Undefined: brokers can be run here. */
export const whyNoKafka = await whyNot('Kafka', KAFKA_VERSIONS.map(kafkaList));

/** For the name of tests that are skipped. */
export const becauseNoKafka = whyNoKafka === undefined ? '' : ` (skipped: ${whyNoKafka})`;

/** A broker that answers already. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await prepareBroker(options);
  await broker.start();
  return broker;
}

async function prepareBroker({ version = KAFKA_VERSIONS[0], ...options }: BrokerOptions): Promise<Broker> {
  const classPath = (await ensureJars(kafkaList(version))).join(':');
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-kafka-'));
  const data = path.join(folder, 'data');
  const [controller = 0, ...ports] = await freePorts(LISTENERS.length + 1);
  const listeners = Object.fromEntries(
    LISTENERS.map((name, index) => [name, `127.0.0.1:${ports[index]}`]),
  ) as Broker['listeners'];
  const properties = path.join(folder, 'server.properties');
  writeFileSync(properties, serverProperties({ ...options, data, listeners, controller }));
  const java = (...args: string[]) => ['-cp', classPath, ...JVM, ...LOGGING, ...args];

  const formatted = path.join(folder, 'formatted');
  const format = java('kafka.tools.StorageTool', 'format', '-t', 'dHJ1YW50LXRlc3QtYnJva2VyAA', '-c', properties);
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    Object.entries(USERS).flatMap(([name, password]) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  mkdirSync(data);
  execFileSync('java', [...format, ...scram], { stdio: 'pipe' });
  cpSync(data, formatted, { recursive: true });

  let running: RunningProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => running?.end(signal);
  return {
    version,
    listeners,
    start: async () => {
      const started = startJava(java('kafka.Kafka', properties));
      running = started;
      await listens(listeners.plaintext, started.isAlive).catch((error: unknown) => {
        throw new Error(`Kafka ${version} did not start: ${started.log()}`, { cause: error });
      });
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    hang: () => running?.signal('SIGSTOP'),
    wipe: () => {
      rmSync(data, { recursive: true });
      cpSync(formatted, data, { recursive: true });
    },
    log: () => running?.log() ?? '',
    dispose: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
