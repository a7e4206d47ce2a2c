/** A line an alert to the standard output. Of a pipe whose reader does not read it is waited for, by nothing else. */
import type { Writable } from 'node:stream';
import { OutputFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { outputOf } from '../output-of.ts';

const MAX_BATCH = 100;
const MAX_BYTES = 1_048_576;

type Stdout = Pick<Writable, 'write' | 'on'>;

export function createStdoutOutput({ stdout = process.stdout }: { stdout?: Stdout } = {}): Output {
  // Without a listener a reader that goes away would end the process. What went wrong each write is told.
  stdout.on('error', () => undefined);
  let isCutOff = false;
  return outputOf({
    maxBatch: MAX_BATCH,
    maxBytes: MAX_BYTES,
    deliver: async (messages) => {
      const lines = messages.map(({ text }) => `${text}\n`).join('');
      const begin = isCutOff ? '\n' : '';
      isCutOff = true;
      await written(stdout, begin + lines);
      isCutOff = false;
      return messages.map(() => undefined);
    },
    failureOf: stdoutFailure,
  });
}

/** Resolves once the system has it. */
function written(stdout: Stdout, lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(lines, (error) => (error ? reject(error) : resolve()));
  });
}

function stdoutFailure(cause: unknown, signal: AbortSignal): OutputFailure {
  if (signal.aborted) {
    const remedy = 'Look at what reads it.';
    return new OutputFailure('timeout', 'Nobody reads the standard output.', { remedy, cause });
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'for a reason that is not known';
  if (code === 'ENOSPC')
    return new OutputFailure('disk', 'The disk that the standard output goes to is full.', {
      remedy: 'Make room on it.',
      cause,
    });
  return new OutputFailure('peer', `The standard output cannot be written: ${code}.`, {
    remedy: 'Whatever reads it has gone away: start the collector again, with its output going somewhere.',
    cause,
  });
}
