import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eachCommand, treeOf } from '../../cli/completion/tree.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { createProgram } from '../../cli/program.ts';
import { sink, truant } from './harness.ts';

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    await writeFile(path.join(folder, shell), (await truant(['completion', shell])).stdout);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** The words before the one to be completed, that word, what is offered among others, and what is not. */
const CASES: [string[], string, string[], string[]][] = [
  [[], '', ['alerts', 'history', 'completion'], ['list', '--help']],
  [[], 'al', ['alerts'], ['history']],
  [['alerts'], '', ['list', 'show', 'close', 'comment'], ['history']],
  [['alerts'], '--st', ['--status'], ['--reason']],
  [['alerts', 'close', 'al_1'], '--re', ['--reason'], ['--status']],
  [['alerts', 'close', '--reason'], '', ['true-positive', 'false-positive', 'benign'], ['open']],
  [['alerts', '--status'], '', ['open', 'acknowledged', 'closed'], ['list']],
  [['alerts', 'list', '--since', 'list', '--order'], 'w', ['worst'], ['newest']],
  [['history', '--verb', 'alerts'], '--k', ['--kind'], ['--status']],
  [['history', '--kind'], '', ['use', 'entry', 'denied'], ['FILES']],
  [['history', '--since'], '', [], ['FILES', 'use', 'alerts']],
  [['outputs'], '', ['list', 'dead-letters', 'replay', 'discard', 'test'], ['history']],
  [['outputs', 'replay', 'siem'], '--a', ['--all'], ['--limit']],
  [['history', '--output'], '', ['FILES'], ['alerts']],
  [['hunt'], '', ['FILES'], ['alerts']],
  [['completion'], '', ['bash', 'zsh', 'fish'], ['FILES']],
];

const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** @param offers what the shell itself says, a word a line; FILES where it would offer files */
function describeShell(shell: string, offers: (words: string[], last: string) => Promise<string[]>): void {
  const isThere = installed(shell);
  describe.runIf(isThere)(`${shell}${isThere ? '' : ', which is not installed'}`, () => {
    test.each(CASES)('truant %j %j', async (before, last, wanted, unwanted) => {
      const offered = (await offers(before, last)).filter((word) => word === 'FILES' || word.startsWith(last));
      for (const word of wanted) expect(offered).toContain(word);
      for (const word of unwanted) expect(offered).not.toContain(word);
    });
  });
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describeShell('bash', async (before, last) => {
  const script = `source "$1"; shift
    compopt() { echo FILES; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _truant
    if (( \${#COMPREPLY[@]} )); then printf '%s\\n' "\${COMPREPLY[@]}"; fi`;
  const args = ['--norc', '--noprofile', '-c', script, 'bash', path.join(folder, 'bash'), 'truant', ...before, last];
  return linesOf((await run('bash', args)).stdout);
});

describeShell('zsh', async (before, last) => {
  const script = `compdef() { }; _files() { print FILES }; compset() { PREFIX=\${PREFIX#*=} }
    compadd() { shift; print -l -- "$@" }
    _describe() { local each; for each in "\${(@P)argv[-1]}"; do print -- "\${each%%:*}"; done }
    source "$1"; shift
    words=("$@"); CURRENT=$#words; PREFIX=$words[-1]; _truant`;
  const args = ['-f', '-c', script, 'zsh', path.join(folder, 'zsh'), 'truant', ...before, last];
  return linesOf((await run('zsh', args)).stdout);
});

describeShell('fish', async (before, last) => {
  const line = ['truant', ...before, last].join(' ');
  // It has no word for "files here": a file that is there shows whether they are offered.
  await writeFile(path.join(folder, 'a-file'), '');
  const { stdout } = await run(
    'fish',
    ['--no-config', '-c', `source $argv[1]; complete -C $argv[2]`, path.join(folder, 'fish'), line],
    {
      cwd: folder,
      env: { ...process.env, HOME: folder },
    },
  );
  return linesOf(stdout)
    .map((each) => each.split('\t')[0] ?? '')
    .map((word) => (word === 'a-file' ? 'FILES' : word));
});

const withoutBash = installed('bash') ? '' : ' (skipped: bash is not installed)';

test.runIf(withoutBash === '')(`bash takes --option=value for three words${withoutBash}`, async () => {
  const script = 'source "$1"; COMP_WORDS=(truant history --kind = re); COMP_CWORD=4; _truant; echo "${COMPREPLY[@]}"';
  const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', path.join(folder, 'bash')]);
  expect(stdout).toBe('read\n');
});

describe('the scripts', () => {
  const stream = sink();
  const io = { stdout: stream, stderr: stream, env: {}, stopSignal: () => AbortSignal.abort(), exitCode: EXIT.ok };
  const nodes = [...eachCommand(treeOf(createProgram(io)))];

  test.each(['bash', 'zsh', 'fish'])(
    '%s has every command and option, and no secret of the environment',
    async (shell) => {
      const { code, stdout } = await truant(['completion', shell], {
        env: { TRUANT_TOKEN: 's3cret', TRUANT_URL: 'https://inner' },
      });
      expect(code).toBe(EXIT.ok);
      for (const { path: at, options } of nodes) {
        expect(stdout).toContain(at);
        for (const { flags } of options) for (const flag of flags) expect(stdout).toContain(flag.replace(/^-+/, ''));
      }
      expect(stdout).not.toMatch(/s3cret|inner/);
    },
  );

  test('a group offers what its default command takes', () => {
    const [alerts, list] = ['truant alerts', 'truant alerts list'].map((at) => nodes.find((node) => node.path === at));
    expect(alerts?.options.flatMap(({ flags }) => flags)).toEqual(
      expect.arrayContaining(list?.options.flatMap(({ flags }) => flags) ?? ['none']),
    );
  });

  test('words are plain, so that no shell takes them for more', () => {
    for (const { name, options, operands } of nodes) {
      for (const word of [
        name,
        ...operands.choices,
        ...options.flatMap(({ flags, choices }) => [...flags, ...choices]),
      ]) {
        expect(word).toMatch(/^[\w.-]+$/);
      }
    }
  });

  test('of no other shell', async () => {
    const { code, stderr } = await truant(['completion', 'csh']);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('bash, zsh, fish');
  });
});
