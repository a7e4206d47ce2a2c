/** A real syslog server as a process of its own: it writes a line of JSON for each message that it understood. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Authority } from '../certificates.ts';
import { freePorts } from '../free-ports.ts';
import { listens, type RunningProcess, startProcess, takesDatagrams } from '../process.ts';
import { rsyslog } from './rsyslog.ts';
import { syslogNg } from './syslog-ng.ts';

/** What a server made of a message. */
export interface Understood {
  severity: string;
  /** RFC 3339. */
  time: string;
  host: string;
  app: string;
  msgid: string;
  msg: string;
  /** Of `truant@32473`. */
  params: Record<string, string>;
}

export const WAYS = ['tls', 'tcp', 'line', 'udp'] as const;
/** `line`: TCP, with messages told apart by line feeds. */
export type Way = (typeof WAYS)[number];

/** What is particular to one. */
export interface Kind {
  /** Undefined: it is here. */
  whyNot: string | undefined;
  command: string;
  environment?: Record<string, string>;
  args(folder: string, settings: string): string[];
  /** Its configuration; in the folder are ca.pem, server.pem, server-key.pem, and it writes alerts.ndjson. */
  settings(folder: string, ports: Readonly<Record<Way, number>>): string;
  /** Of a line that it wrote. */
  understood(line: Record<string, unknown>): Understood;
}

export interface SyslogServer {
  readonly addresses: Readonly<Record<Way, string>>;
  /** For clients of the listener with TLS, which wants a certificate that the same CA has signed. */
  readonly files: { caFile: string; certFile: string; keyFile: string };
  /** Of a CA that it does not know. */
  readonly stranger: { certFile: string; keyFile: string };
  /** All that it wrote, over all of its lives. */
  messages(): Understood[];
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  dispose(): Promise<void>;
}

export const KINDS = { rsyslog, 'syslog-ng': syslogNg } as const satisfies Record<string, Kind>;
export type KindName = keyof typeof KINDS;

/** For the name of tests that are skipped. In continuous integration that is a failure. */
export function becauseNo(name: KindName): string {
  const { whyNot } = KINDS[name];
  if (whyNot === undefined) return '';
  if (process.env['TRUANT_TEST_SYSLOG'] === '1') throw new Error(`no ${name} to test with: ${whyNot}`);
  return ` (skipped: ${whyNot})`;
}

export async function startSyslogServer(name: KindName): Promise<SyslogServer> {
  const kind: Kind = KINDS[name];
  const folder = mkdtempSync(path.join(tmpdir(), `truant-${name}-`));
  const place = (file: string, content: string): string => {
    writeFileSync(path.join(folder, file), content);
    return path.join(folder, file);
  };
  const [authority, other] = [new Authority(), new Authority('another CA')];
  const server = authority.issue({ ip: ['127.0.0.1'] });
  const [client, unknown] = [authority.issue({ dns: ['collector'] }), other.issue({ dns: ['collector'] })];
  place('server.pem', server.cert);
  place('server-key.pem', server.key);

  const free = await freePorts(WAYS.length);
  const ports = Object.fromEntries(WAYS.map((way, n) => [way, free[n]])) as Record<Way, number>;
  const args = kind.args(folder, place('settings', kind.settings(folder, ports)));
  const addresses = Object.fromEntries(WAYS.map((way) => [way, `127.0.0.1:${ports[way]}`])) as Record<Way, string>;
  let running: RunningProcess | undefined;
  const end = async (): Promise<void> => running?.end('SIGKILL');

  const made: SyslogServer = {
    addresses,
    files: {
      caFile: place('ca.pem', authority.pem),
      certFile: place('client.pem', client.cert),
      keyFile: place('client-key.pem', client.key),
    },
    stranger: { certFile: place('stranger.pem', unknown.cert), keyFile: place('stranger-key.pem', unknown.key) },
    messages: () =>
      readFileSync(path.join(folder, 'alerts.ndjson'), { encoding: 'utf8', flag: 'a+' })
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => kind.understood(JSON.parse(line) as Record<string, unknown>)),
    start: async () => {
      const started = startProcess(kind.command, args, kind.environment);
      running = started;
      for (const way of WAYS)
        await listens(addresses[way], started.isAlive, way === 'udp' ? takesDatagrams : undefined).catch(
          (error: unknown) => {
            throw new Error(`${name} did not start: ${started.log()}`, { cause: error });
          },
        );
    },
    kill: end,
    signal: (signal) => running?.signal(signal),
    dispose: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await made.start();
  return made;
}
