/** A real rsyslog as a process of its own: it writes a line of JSON for each message that it understood. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Authority } from './certificates.ts';
import { freePorts } from './free-ports.ts';

/** What rsyslog made of a message. */
export interface Understood {
  pri: string;
  time: string;
  host: string;
  app: string;
  procid: string;
  msgid: string;
  msg: string;
  'rfc5424-sd': Record<string, Record<string, string>>;
}

export interface Rsyslog {
  readonly tls: string;
  readonly tcp: string;
  readonly udp: string;
  /** For clients of the listener with TLS, which wants a certificate that the same CA has signed. */
  readonly files: { caFile: string; certFile: string; keyFile: string };
  /** Of a CA that it does not know. */
  readonly stranger: { certFile: string; keyFile: string };
  readonly folder: string;
  /** All that it wrote, over all of its lives. */
  messages(): Understood[];
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  dispose(): Promise<void>;
}

const START_MS = 30_000;
const MODULES = '/usr/lib/x86_64-linux-gnu/rsyslog';

/** Undefined: there is one. Else why not, for a test's name. In continuous integration that is a failure. */
const whyNoRsyslog = ((): string | undefined => {
  const { stdout } = spawnSync('rsyslogd', ['-v'], { encoding: 'utf8' });
  if (stdout?.includes('rsyslogd')) return undefined;
  if (process.env['TRUANT_TEST_SYSLOG'] === '1') throw new Error('no rsyslogd to test with');
  return 'no rsyslogd to test with';
})();

export const hasRsyslog = whyNoRsyslog === undefined;
/** For the name of tests that are skipped. */
export const becauseNoRsyslog = hasRsyslog ? '' : ` (skipped: ${whyNoRsyslog})`;

/** The settings of docs/outputs/syslog.md, but for paths and ports. */
const settings = (folder: string, [tls, tcp, udp]: readonly number[]): string => `
global(
  workDirectory="${folder}"
  maxMessageSize="64k"
  defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="${folder}/ca.pem"
  defaultNetstreamDriverCertFile="${folder}/server.pem"
  defaultNetstreamDriverKeyFile="${folder}/server-key.pem"
)
module(load="imudp")
module(load="mmpstrucdata")
module(load="imtcp")
main_queue(queue.type="Direct")

input(type="imtcp" port="${tls}" address="127.0.0.1" ruleset="truant"
  streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" port="${tcp}" address="127.0.0.1" ruleset="truant" streamDriver.name="ptcp" streamDriver.mode="0")
input(type="imudp" port="${udp}" address="127.0.0.1" ruleset="truant" rcvbufSize="4m")

template(name="time" type="string" string="%timestamp:::date-rfc3339%")
template(name="truant" type="string" string="%$!all-json-plain%\\n")
ruleset(name="truant") {
  action(type="mmpstrucdata" sd_name.lowercase="off")
  set $!pri = $pri;
  set $!time = exec_template("time");
  set $!host = $hostname;
  set $!app = $app-name;
  set $!procid = $procid;
  set $!msgid = $msgid;
  set $!msg = $msg;
  action(type="omfile" file="${folder}/alerts.ndjson" template="truant" flushOnTXEnd="on")
}
`;

export async function startRsyslog(): Promise<Rsyslog> {
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-rsyslog-'));
  const ports = await freePorts(3);
  const place = (name: string, content: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  const [authority, other] = [new Authority(), new Authority('another CA')];
  const [server, client, unknown] = [
    authority.issue({ ip: ['127.0.0.1'] }),
    authority.issue({ dns: ['collector'] }),
    other.issue({ dns: ['collector'] }),
  ];
  place('server.pem', server.cert);
  place('server-key.pem', server.key);
  const written = path.join(folder, 'alerts.ndjson');
  const configuration = place('rsyslog.conf', settings(folder, ports));
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let log = '';
  const end = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await ended;
  };
  const orphaned = (): void => void child?.kill('SIGKILL');
  process.on('exit', orphaned);
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const [tls = '', tcp = '', udp = ''] = addresses;
  const rsyslog: Rsyslog = {
    tls,
    tcp,
    udp,
    folder,
    files: {
      caFile: place('ca.pem', authority.pem),
      certFile: place('client.pem', client.cert),
      keyFile: place('client-key.pem', client.key),
    },
    stranger: {
      certFile: place('stranger.pem', unknown.cert),
      keyFile: place('stranger-key.pem', unknown.key),
    },
    messages: () =>
      readFileSync(written, { encoding: 'utf8', flag: 'a+' })
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Understood),
    start: async () => {
      const args = ['-n', '-C', '-M', MODULES, '-f', configuration, '-i', path.join(folder, 'pid')];
      // The one before left its number, and would be taken for running if another has that now.
      rmSync(path.join(folder, 'pid'), { force: true });
      const started = spawn('rsyslogd', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (chunk: Buffer) => {
          log = (log + chunk.toString()).slice(-20_000);
        });
      ended = new Promise((resolve) => started.once('close', () => resolve()));
      for (const port of ports.slice(0, 2))
        await listens(port, () => started.exitCode === null).catch((error: unknown) => {
          throw new Error(`rsyslog did not start: ${log}`, { cause: error });
        });
    },
    kill: end,
    signal: (signal) => void child?.kill(signal),
    dispose: async () => {
      await end();
      process.off('exit', orphaned);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await rsyslog.start();
  return rsyslog;
}

async function listens(port: number, isAlive: () => boolean): Promise<void> {
  const until = Date.now() + START_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    if (!isAlive()) throw new Error('it ended');
    if (Date.now() > until) throw new Error('it does not listen');
    await delay(20);
  }
}
