/** Servers in Java as processes of their own. */
import { spawnSync } from 'node:child_process';
import { ensureJars } from './jars.ts';
import { type RunningProcess, startProcess } from './process.ts';

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

/** It does not outlive the tests. */
export const startJava = (args: readonly string[]): RunningProcess => startProcess('java', args);
