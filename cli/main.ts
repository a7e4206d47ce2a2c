/** The process: its streams, its signals, its end. Nothing else in Truant may exit. */
import { TruantError } from '../shared/errors.ts';
import { EXIT, EXIT_OF, type ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { reportError, run } from './program.ts';

// The history, positions and dead letters are for nobody else to read, whoever makes their files.
process.umask(0o077);

let stopping: AbortController | undefined;

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  stopSignal,
  exitCode: EXIT.ok,
};

for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithoutOutput);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    reportError(error, io, isDebug());
    exit(EXIT.internal);
  });
}

const exitCode = await run(process.argv.slice(2), io);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
exit(exitCode);

/** The first signal asks to stop; the second does not ask. */
function stopSignal(): AbortSignal {
  if (stopping) return stopping.signal;
  const controller = new AbortController();
  stopping = controller;
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(128 + number);
      controller.abort();
    });
  }
  return controller.signal;
}

function endWithoutOutput(cause: NodeJS.ErrnoException): never {
  // Whoever read has gone (`truant hunt ... | head`): there is nobody left to tell anything.
  if (cause.code === 'EPIPE') exit(io.exitCode);
  const error = new TruantError('OUTPUT_FAILED', `what it prints can't be written: ${cause.message}`, { cause });
  reportError(error, io, isDebug());
  exit(EXIT_OF[error.code]);
}

function isDebug(): boolean {
  return process.argv.includes('--debug');
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

function exit(code: ExitCode): never {
  process.exit(code);
}
