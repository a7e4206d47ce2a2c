import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { truant } from './harness.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'truant-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function yaml(text: string): string {
  const file = path.join(folder, `${(files += 1)}.yaml`);
  writeFileSync(file, text);
  return file;
}

describe('truant config check', () => {
  test('a right configuration', async () => {
    const file = yaml('cluster:\n  name: shop\nnetworks:\n');
    expect(await truant(['config', 'check', '--config', file])).toEqual({
      code: 0,
      stdout: `the configuration is right: ${file}\n`,
      stderr: '',
    });
    expect((await truant(['config', 'check'], { env: { TRUANT_CONFIG: file } })).stdout).toContain(file);
  });

  test('no file, an empty one, and one of comments only are right', async () => {
    expect((await truant(['config', 'check'])).code).toBe(0);
    expect((await truant(['config', 'check', '-c', yaml('')])).code).toBe(0);
    expect((await truant(['config', 'check', '-c', yaml('# nothing yet\n')])).code).toBe(0);
  });

  test('all problems are told, with what would be right', async () => {
    const file = yaml('colector: {}\nagent:\n  holdBackMs: soon\n');
    const { code, stdout, stderr } = await truant(['config', 'check', '-c', file], {
      env: { TRUANT_LOG__LEVEL: 'loud' },
    });
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('truant: the configuration has 3 problems:\n');
    expect(stderr).toContain('colector: no such key; did you mean collector?');
    expect(stderr).toContain('agent.holdBackMs: found "soon"; must be a whole number');
    expect(stderr).toContain('log.level (set by TRUANT_LOG__LEVEL): found "loud"; must be trace, debug');
    expect(stderr).toContain('docs/configuration.md');
  });

  test('rules that do not exist are no keys', async () => {
    const { code, stderr } = await truant(['config', 'check'], {
      env: { TRUANT_DETECTION__RULES: '{"token-used-away-from-pd":{"enabled":false}}' },
    });
    expect(code).toBe(3);
    expect(stderr).toContain('no such rule; did you mean token-used-away-from-pod?');
  });

  test.each([
    ['a file that does not exist', () => path.join(folder, 'none.yaml'), /none\.yaml does not exist/],
    ['a folder', () => folder, /can't be read/],
    ['no YAML', () => yaml('a: [1, 2\nb: }'), /is not a YAML document: .*line \d/],
    [
      'the same key twice',
      () => yaml('log:\n  level: info\nlog:\n  level: warn\n'),
      /is not a YAML document: .*unique/,
    ],
    ['too much', () => yaml(`# ${'x'.repeat(1_100_000)}`), /too much for a configuration/],
    ['aliases without end', () => yaml(bomb()), /is not a YAML document: its aliases/],
    [
      'more than one document',
      () => yaml('log: {}\n---\nlog: {}\n'),
      /is not a YAML document: it holds more than one document; keep one, without a line of ---/,
    ],
    ['something else', () => yaml('just text'), /found "just text"; must be a section/],
  ])('%s is wrong input', async (_what, file, message) => {
    const { code, stderr } = await truant(['config', 'check', '-c', file()]);
    expect(code).toBe(3);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });

  test('an error does not quote the file', async () => {
    const { code, stderr } = await truant([
      'config',
      'check',
      '-c',
      yaml('collector: {auth: {viewerTokenHashes: [hunter2\n'),
    ]);
    expect(code).toBe(3);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('truant config print', () => {
  const hash = `sha256:${'c'.repeat(64)}`;
  const env = { TRUANT_COLLECTOR__AUTH__VIEWER_TOKEN_HASHES: hash, TRUANT_COLLECTOR__AUTH__MODE: 'token' };

  test('shows file, environment and defaults, without secrets, as YAML', async () => {
    const { code, stdout } = await truant(['config', 'print', '-c', yaml('cluster: { name: shop }')], { env });
    expect(code).toBe(0);
    expect(stdout).not.toContain('cccc');
    expect(parse(stdout)).toMatchObject({
      cluster: { name: 'shop' },
      collector: { auth: { mode: 'token', viewerTokenHashes: '[set]' }, listen: { port: 7117 } },
    });
  });

  test('and as JSON', async () => {
    const { stdout } = await truant(['config', 'print', '--json'], { env });
    expect(stdout.trimEnd()).not.toContain('\n');
    expect(JSON.parse(stdout)).toMatchObject({ collector: { auth: { viewerTokenHashes: '[set]' } } });
  });
});

/** Ten levels of ten aliases each. */
function bomb(): string {
  const levels = ['a0: &a0 [x]'];
  for (let i = 1; i <= 10; i += 1)
    levels.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  return levels.join('\n');
}
