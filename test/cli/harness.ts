/** Runs the command in this process, with streams that can be read. */
import { Writable } from 'node:stream';
import { EXIT } from '../../cli/exit-codes.ts';
import type { Io, Out } from '../../cli/io.ts';
import { run } from '../../cli/program.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export class Sink extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(terminal?: { columns: number }) {
    super({ decodeStrings: false });
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns ?? 0;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    done();
  }
}

/** A stream that is no terminal has no width. */
export function sink(terminal?: { columns: number }): Sink & Out {
  const made = new Sink(terminal);
  if (!terminal) Reflect.deleteProperty(made, 'columns');
  return made;
}

export async function truant(
  args: string[],
  {
    env = {},
    terminal,
    stop = new AbortController().signal,
  }: { env?: Io['env']; terminal?: { columns: number }; stop?: AbortSignal } = {},
): Promise<Ran> {
  const stdout = sink(terminal);
  const stderr = sink(terminal);
  const io: Io = { stdout, stderr, env, stopSignal: () => stop, exitCode: EXIT.ok };
  const code = await run(args, io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}
