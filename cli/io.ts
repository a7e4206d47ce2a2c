/** What a command may touch of the process. Tests pass their own. */
import type { Writable } from 'node:stream';
import type { ExitCode } from './exit-codes.ts';

/** A stream to write to; a terminal says so and how wide it is. */
export type Out = Writable & { isTTY?: boolean; columns?: number };

export interface Io {
  stdout: Out;
  stderr: Out;
  env: Readonly<Record<string, string | undefined>>;
  /**
   * Aborted by SIGINT and SIGTERM, from the first call on: who never asks is ended by them at once, as commands that
   * have nothing to finish should be.
   */
  stopSignal(): AbortSignal;
  /** What to exit with, now or if whoever reads the output goes away; 0 unless a command says otherwise. */
  exitCode: ExitCode;
}

/** Writes a line and waits while whoever reads is slower. */
export const writeLine = (out: Out, line: string): Promise<void> => write(out, `${line}\n`);

/** Writes and waits while whoever reads is slower. */
export async function write(out: Out, chunk: string | Uint8Array): Promise<void> {
  if (out.write(chunk) || out.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) out.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) out.on(event, done);
  });
}
