/** The real command as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** From the source as from what was compiled, a folder deeper. */
const ROOT = import.meta.filename.endsWith('.ts') ? '../..' : '../../..';
const BIN = fileURLToPath(new URL(`${ROOT}/bin/truant.js`, import.meta.url));

export interface Running {
  child: ChildProcess;
  /** All that was printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the first match in stdout; rejects when the process ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit code, or the signal's name. */
  ended: Promise<number | NodeJS.Signals | null>;
}

export function truant(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...process.env, NO_COLOR: '1', ...env } });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const look of waiting) look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out);
          if (!match) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void ended.then((code) => reject(new Error(`ended with ${code} before printing ${pattern}: ${out}\n${err}`)));
      }),
    ended,
  };
}
