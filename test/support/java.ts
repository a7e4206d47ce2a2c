/** Servers in Java as processes of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { ensureJars } from './jars.ts';

const MAX_LOG = 200_000;
const MIN_JAVA = 17;

/**
 * Undefined: the server can be run here. Else why not, for a test's name. Where the environment says
 * `TRUANT_TEST_<NAME>=1`, as in continuous integration, that is a failure.
 *
 * @param lists of its jars, which are fetched
 */
export async function whyNot(name: string, lists: readonly string[]): Promise<string | undefined> {
  try {
    const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
    const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
    if (major < MIN_JAVA)
      throw new Error(major === 0 ? 'there is no java' : `java is ${major}, and must be ${MIN_JAVA} or newer`);
    for (const list of lists) await ensureJars(list);
    return undefined;
  } catch (error) {
    const reason = `no ${name} to test with: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
    if (process.env[`TRUANT_TEST_${name.toUpperCase()}`] === '1') throw new Error(reason, { cause: error });
    return reason;
  }
}

export interface JavaProcess {
  isAlive(): boolean;
  /** What it has printed of late. */
  log(): string;
  /** It takes connections, or the system does for it, and answers nothing, until it is killed. */
  hang(): void;
  /** Resolves once it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** It does not outlive the tests. */
export function startJava(args: readonly string[]): JavaProcess {
  const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
    hang: () => void child.kill('SIGSTOP'),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
