import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commands } from '../../cli/commands/index.ts';
import { EXIT, EXIT_OF } from '../../cli/exit-codes.ts';
import { createProgram, reportError } from '../../cli/program.ts';
import { TruantError } from '../../shared/errors.ts';
import { VERSION } from '../../shared/version.ts';
import { sink, truant } from './harness.ts';

describe('the command line', () => {
  test('--help and --version are fine', async () => {
    const help = await truant(['--help']);
    expect(help.code).toBe(EXIT.ok);
    expect(help.stdout).toContain('Usage: truant');
    expect(help.stdout).toContain('Examples:');
    expect(await truant(['--version'])).toEqual({ code: EXIT.ok, stdout: `${VERSION}\n`, stderr: '' });
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(manifest.version);
  });

  test('every command has help with a description and examples', async () => {
    const stream = sink();
    const io = { stdout: stream, stderr: stream, env: {}, stopSignal: () => AbortSignal.abort(), exitCode: EXIT.ok };
    const names = createProgram(io).commands.flatMap((command) => [
      [command.name()],
      ...command.commands.map((sub) => [command.name(), sub.name()]),
    ]);
    expect(names.length).toBeGreaterThanOrEqual(commands.length);
    for (const name of names) {
      const { code, stdout } = await truant([...name, '--help']);
      expect(code, name.join(' ')).toBe(EXIT.ok);
      expect(stdout, name.join(' ')).toMatch(/Examples?:/);
    }
  });

  test.each([
    { args: [], says: 'Usage: truant' },
    { args: ['histry'], says: "unknown command 'histry'\n(Did you mean history?)" },
    { args: ['history', '--sinc', '1h'], says: "unknown option '--sinc'" },
    { args: ['history', '--since', 'yesterday'], says: 'how long ago' },
    { args: ['history', '--limit', 'many'], says: 'whole number' },
    { args: ['history', '--placement', 'elsewhere'], says: 'home, away, unclear' },
    { args: ['alerts', 'a', 'b'], says: 'too many arguments' },
    { args: ['config', 'chek'], says: 'unknown command' },
  ])('$args is wrong usage', async ({ args, says }) => {
    const { code, stdout, stderr } = await truant(args);
    expect(code).toBe(EXIT.usage);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
  });

  test('what it repeats of the command line has no control characters', async () => {
    const { stderr } = await truant(['\u001b[31mred\u009b']);
    expect(stderr).toContain('\\e[31mred');
    expect(stderr).not.toMatch(/[\u001b\u009b]/);
  });

  test('every kind of error has an exit code of its own kind', () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
    for (const code of Object.values(EXIT_OF)) {
      expect([EXIT.ok, EXIT.findings, EXIT.internal]).not.toContain(code);
    }
  });
});

describe('reportError', () => {
  function report(error: unknown, debug = false): string {
    const stderr = sink();
    reportError(error, { stderr, env: {} }, debug);
    return stderr.text;
  }
  const expected = new TruantError('INPUT_NOT_FOUND', 'audit.log does not exist', {
    cause: new Error('ENOENT'),
    remedy: 'Name another file.',
  });

  test('an expected error: message and remedy, no stack', () => {
    expect(report(expected)).toBe('truant: audit.log does not exist\nName another file.\n');
  });

  test('a defect says that it is one', () => {
    expect(report(new TypeError('x is undefined'))).toBe(
      'truant: internal error: x is undefined\nThis is a defect of Truant. Run it again with --debug to see where it is.\n',
    );
    expect(report('thrown text')).toContain('internal error: thrown text');
  });

  test('with --debug, stacks of the error and its causes', () => {
    const text = report(expected, true);
    expect(text).toContain('    at ');
    expect(text).toContain('caused by: Error: ENOENT');
  });

  test('an error may quote what came from outside', () => {
    expect(report(new TruantError('INPUT_UNREADABLE', 'line 1: \u001b]0;owned\u0007'))).toBe(
      'truant: line 1: \\e]0;owned\\u{7}\n',
    );
  });
});
