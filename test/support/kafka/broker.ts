/** A real Apache Kafka broker of one node (KRaft) as a process of its own, to be used, killed, restarted and emptied. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../free-ports.ts';
import { ensureJars, KAFKA_VERSIONS, type KafkaVersion } from './jars.ts';
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
  /** Of a stopped broker: forgets all topics, records and groups, as if it had been set up anew. */
  wipe(): void;
  /** What it has logged. */
  log(): string;
  dispose(): Promise<void>;
}

const START_MS = 90_000;
const MAX_LOG = 200_000;
/** Small, quick to start, and no compiler threads that compete with the tests. */
const JVM = ['-Xmx384m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=error',
];

/** Undefined: brokers can be run here. Else why not, for a test's name. In continuous integration that is a failure. */
export const whyNoKafka = await (async (): Promise<string | undefined> => {
  try {
    const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
    const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
    if (major < 17) throw new Error(major === 0 ? 'there is no java' : `java is ${major}, and must be 17 or newer`);
    for (const version of KAFKA_VERSIONS) await ensureJars(version);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    if (process.env['TRUANT_TEST_KAFKA'] === '1') throw new Error(`no Kafka to test with: ${reason}`, { cause: error });
    return `no Kafka to test with: ${reason}`;
  }
})();

/** For the name of tests that are skipped. */
export const becauseNoKafka = whyNoKafka === undefined ? '' : ` (skipped: ${whyNoKafka})`;

/** A broker that answers already. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await prepareBroker(options);
  await broker.start();
  return broker;
}

async function prepareBroker({ version = KAFKA_VERSIONS[0], ...options }: BrokerOptions): Promise<Broker> {
  const classPath = (await ensureJars(version)).join(':');
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

  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let log = '';
  const orphaned = (): void => void child?.kill('SIGKILL');
  process.on('exit', orphaned);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child?.kill(signal);
    await ended;
  };
  return {
    version,
    listeners,
    start: async () => {
      const started = spawn('java', java('kafka.Kafka', properties), { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      const keep = (chunk: Buffer): void => {
        log = (log + chunk.toString()).slice(-MAX_LOG);
      };
      started.stdout.on('data', keep);
      started.stderr.on('data', keep);
      ended = new Promise((resolve) => started.once('close', () => resolve()));
      await answers(listeners.plaintext, () => started.exitCode === null && started.signalCode === null).catch(
        (error: unknown) => {
          throw new Error(`Kafka ${version} did not start: ${log}`, { cause: error });
        },
      );
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    wipe: () => {
      rmSync(data, { recursive: true });
      cpSync(formatted, data, { recursive: true });
    },
    log: () => log,
    dispose: async () => {
      await end('SIGKILL');
      process.off('exit', orphaned);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It listens once it is ready to serve. */
async function answers(address: string, isAlive: () => boolean): Promise<void> {
  const [host = '', port] = address.split(':');
  const until = Date.now() + START_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), host);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    if (!isAlive()) throw new Error('it ended');
    if (Date.now() > until) throw new Error('it does not listen');
    await delay(50);
  }
}
