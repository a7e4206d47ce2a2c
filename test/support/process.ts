/** Servers as processes of their own. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const MAX_LOG = 200_000;
const START_MS = 90_000;

export interface RunningProcess {
  isAlive(): boolean;
  /** What it has printed of late. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves once it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** It does not outlive the tests. */
export function startProcess(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): RunningProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  let log = '';
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-MAX_LOG);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const orphaned = (): void => void child.kill('SIGKILL');
  process.on('exit', orphaned);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.off('exit', orphaned);
      resolve();
    });
  });
  return {
    isAlive: () => child.exitCode === null && child.signalCode === null,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Resolves once it listens there. @throws Error when it ends, or takes too long */
export async function listens(
  address: string,
  isAlive: () => boolean,
  isOpen: (address: string) => Promise<boolean> = takesConnections,
): Promise<void> {
  const until = Date.now() + START_MS;
  while (!(await isOpen(address))) {
    if (!isAlive()) throw new Error('it ended');
    if (Date.now() > until) throw new Error('it does not listen');
    await delay(20);
  }
}

function takesConnections(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Whether somebody on this machine has the port for UDP. */
export async function takesDatagrams(address: string): Promise<boolean> {
  const port = Number(address.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`: [0-9A-F]{8}:${port} `).test(await readFile('/proc/net/udp', 'utf8'));
}
