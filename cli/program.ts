/** From a command line to an exit code: commands, their errors in words, and nothing of the process itself. */
import { Command, CommanderError } from 'commander';
import { TruantError } from '../shared/errors.ts';
import { printable } from '../shared/text.ts';
import { VERSION } from '../shared/version.ts';
import { commands } from './commands/index.ts';
import { EXIT, EXIT_OF, type ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { createStyle } from './ui/style.ts';

const EXAMPLES = `
Examples:
  truant config check --config truant.yaml
  truant alerts --url http://127.0.0.1:7117
  truant alerts list --status open --order worst
  truant alerts close al_8c1f04d2b7e96a35c0d1 --reason benign --note 'our scanner' --except
  truant history --principal shop/cart --since 24h
  truant credential JTI=6f2f1c1e-9d0f-4b57-8a2c-6d1f0f3f7a11
  truant tail

Exit codes: 0 as asked, 1 alerts were found (if asked to tell), 2 wrong usage, 3 wrong input, 4 not reachable,
5 own store, address or output not to be had, 70 a defect of Truant. See docs/cli.md.`;

export function createProgram(io: Io): Command {
  const program = new Command('truant')
    .description('Finds stolen Kubernetes ServiceAccount tokens by following credentials in the audit log.')
    .version(VERSION, '-V, --version')
    .option('--debug', 'show where in the code an error came from')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('See --help.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      // What commander repeats of the command line may hold anything.
      outputError: (text, write) => write(`truant: ${multiline(text.replace(/^error: /, ''))}`),
    });
  for (const register of commands) register(program, io);
  return program;
}

/** @param args what follows the program's name */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const program = createProgram(io);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Before it is told: whoever reads may have gone, and then this is all that is left to say.
    io.exitCode = codeOf(error);
    if (!(error instanceof CommanderError)) reportError(error, io, program.opts<{ debug?: boolean }>().debug === true);
  }
  return io.exitCode;
}

function codeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return error instanceof TruantError ? EXIT_OF[error.code] : EXIT.internal;
}

/** Writes what went wrong and what can be done about it; where in the code only if asked. */
export function reportError(error: unknown, io: Pick<Io, 'stderr' | 'env'>, debug: boolean): void {
  const style = createStyle(io, io.stderr);
  const expected = error instanceof TruantError;
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`${style.red('truant:')} ${expected ? '' : 'internal error: '}${multiline(message)}`];
  if (expected && error.remedy) lines.push(multiline(error.remedy));
  if (!expected && !debug) lines.push('This is a defect of Truant. Run it again with --debug to see where it is.');
  if (debug) lines.push(...stacks(error));
  io.stderr.write(`${lines.join('\n')}\n`);
}

function* stacks(error: unknown): Generator<string> {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    yield `${depth > 0 ? 'caused by: ' : ''}${multiline(at.stack ?? at.message)}`;
  }
}

function multiline(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
