import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { truant } from './harness.ts';

const THEFT = fileURLToPath(new URL('../fixtures/recordings/02-exec-and-exfiltrate', import.meta.url));
const LOG = join(THEFT, 'audit', 'audit.log');
const INVENTORY = ['--inventory', join(THEFT, 'cluster.jsonl')];
const NO_THEFT = `${readFileSync(LOG, 'utf8').split('\n').slice(0, 20).join('\n')}\n`;

const folder = mkdtempSync(join(tmpdir(), 'truant-hunt-'));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const calm = put('calm.log', NO_THEFT);
const cut = put('cut.log.gz', gzipSync(NO_THEFT).subarray(0, -20));
const prefixed = put('prefixed.log', NO_THEFT.replaceAll(/^(?=.)/gm, 'master-0 '));

describe('the exit code of a hunt', () => {
  test.each([
    { because: 'nothing was found', paths: [calm], code: 0 },
    { because: 'an empty file has nothing to be found', paths: [put('empty.log', '')], code: 0 },
    { because: 'nobody asked to be told', paths: [LOG], code: 0 },
    { because: 'an alert was asked for', paths: [LOG], failOn: 'critical', code: 1 },
    { because: 'nothing so severe was found', paths: [calm], failOn: 'low', code: 0 },
    { because: 'a file is cut', paths: [calm, cut], code: 3 },
    {
      because: 'a file is cut, and there is no alert in what could be read',
      paths: [calm, cut],
      failOn: 'low',
      code: 3,
    },
    { because: 'an alert is one, whatever could not be read', paths: [LOG, cut], failOn: 'low', code: 1 },
    { because: 'an alert was found that nobody asked for, and a file is cut', paths: [LOG, cut], code: 3 },
    { because: 'there is no event in a file', paths: [prefixed], failOn: 'low', code: 3 },
    { because: 'there is no such file', paths: [calm, join(folder, 'none.log')], failOn: 'low', code: 3 },
  ])('$code: $because', async ({ paths, failOn, code }) => {
    for (const json of [[], ['--json']]) {
      const args = ['hunt', ...paths, ...INVENTORY, ...json, ...(failOn ? ['--fail-on', failOn] : [])];
      expect((await truant(args)).code).toBe(code);
    }
  });
});

describe('reads of token files', () => {
  const READS = join(THEFT, 'opens.jsonl.gz');

  test('are told with what came of them, from as many files as are given', async () => {
    const empty = put('empty.jsonl', '');
    const { stdout } = await truant(['hunt', LOG, ...INVENTORY, '--json', '--reads', READS, empty]);
    const alerts = stdout.trim().split('\n');
    expect(alerts).toHaveLength(1);
    const { rules, triage } = JSON.parse(alerts[0] ?? '') as { rules: string[]; triage: string[] };
    expect(rules).toContain('token-stolen-and-used');
    expect(triage.filter((step) => step.includes('kill action'))).toHaveLength(1);
    const twice = await truant(['hunt', LOG, ...INVENTORY, '--json', '--reads', empty, '--reads', READS]);
    expect(JSON.parse(twice.stdout)).toEqual(JSON.parse(stdout));
  });

  test('lines that are none are counted and shown', async () => {
    const odd = put('odd.jsonl', `nonsense\n{}\n{"t":"2026-11-23T18:40:00Z","tgid":1}\n`);
    const { stderr, code } = await truant(['hunt', calm, ...INVENTORY, '--reads', odd]);
    expect(stderr).toContain('set aside: 2 lines (not-of-a-sensor)');
    expect(stderr).toContain('set aside: 1 line (not-an-open)');
    expect(code).toBe(0);
  });

  test('a file that is cut ends nothing, and is told of', async () => {
    const cutReads = put('cut.jsonl.gz', readFileSync(READS).subarray(0, -20));
    const { stdout, stderr, code } = await truant(['hunt', LOG, ...INVENTORY, '--json', '--reads', cutReads]);
    expect(stdout).toContain('token-stolen-and-used');
    expect(stderr).toContain('problem: ');
    expect(code).toBe(3);
  });

  test('a file that is not there is an error at once', async () => {
    const { stdout, stderr, code } = await truant(['hunt', LOG, '--reads', join(folder, 'none.jsonl')]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    expect(stderr).toContain('none.jsonl cannot be read');
  });

  test.each([[['-', '--reads', '-']], [[LOG, '--reads', '-', '--inventory', '-']], [[LOG, '--reads', '-', '-']]])(
    'standard input is one thing: %j',
    async (args) => {
      const { stderr, code } = await truant(['hunt', ...args]);
      expect(stderr).toContain('standard input cannot be two of log, inventory and reads');
      expect(code).not.toBe(0);
    },
  );
});

describe('what a hunt says', () => {
  test('whether the inventory is of another cluster or time', async () => {
    const warning = /warning: the inventory does not know \d+ of \d+ pods whose tokens were used/;
    const nodes = readFileSync(join(THEFT, 'cluster.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => !line.includes('"kind":"Pod"'));
    const other = put('other.jsonl', nodes.join('\n'));
    const { stdout, stderr } = await truant(['hunt', LOG, '--inventory', other]);
    expect(stderr).toMatch(warning);
    expect(stdout).toContain('by the log alone');
    expect((await truant(['hunt', LOG, ...INVENTORY])).stderr).not.toMatch(warning);
    expect((await truant(['hunt', LOG])).stderr).not.toMatch(warning);
  });

  test('what could not be read, why, and what to do; and the alerts of all the rest', async () => {
    const { stdout, stderr } = await truant(['hunt', LOG, cut, prefixed, ...INVENTORY]);
    expect(stdout).toContain('● CRITICAL');
    expect(stderr).toContain(`problem: ${cut} cannot be read to its end: it is gzipped, and its end is missing.\n`);
    expect(stderr).toContain(
      `problem: ${prefixed} holds no audit events.\n  Make it one event a line first, with: sed `,
    );
    expect(stderr).toContain('set aside: 20 lines (not-json)\n');
    expect(stderr).toContain('1 alert.\nNot all could be read: there may be more.\n');
  });

  test('not more problems than somebody can read, but how many there are', async () => {
    mkdirSync(join(folder, 'many'));
    for (let n = 0; n < 22; n += 1) put(`many/audit-${n}.log`, 'nothing\n');
    const { stderr } = await truant(['hunt', join(folder, 'many')]);
    expect(stderr.match(/holds no audit events/g)).toHaveLength(20);
    expect(stderr).toContain('problem: 2 more files cannot be read.\n');
  });

  test('one of a thing is one', async () => {
    const one = put('one.log', `${NO_THEFT.split('\n')[0]}\ncut\n`);
    expect((await truant(['hunt', one])).stderr).toMatch(
      /^set aside: 1 line \(not-json\)\n2 lines read; .*\n0 alerts\.\n/,
    );
  });

  test('a file that does not exist', async () => {
    expect((await truant(['hunt', '/nowhere/audit.log'])).stderr).toBe(
      'truant: /nowhere/audit.log cannot be read: there is no such file.\nName an audit log, or a folder of them.\n',
    );
  });

  test('a recording is as good as the folder of its log', async () => {
    const [recording, log] = [await truant(['hunt', THEFT, ...INVENTORY]), await truant(['hunt', LOG, ...INVENTORY])];
    expect(recording).toEqual(log);
  });

  test('a progress bar on a terminal', async () => {
    const { stderr } = await truant(['hunt', calm], { terminal: { columns: 80 } });
    const kilobytes = Math.ceil(NO_THEFT.length / 1000);
    expect(stderr).toContain(`\rhunting  ${'█'.repeat(24)} 100 %  ${kilobytes} kB of ${kilobytes} kB\u001b[K`);
  });
});

test('--reads must be there', async () => {
  const reads = join(THEFT, 'opens.jsonl');
  expect(await truant(['hunt', calm, '--reads', reads])).toMatchObject({
    code: 3,
    stdout: '',
    stderr: `truant: ${reads} cannot be read: there is no such file.\n`,
  });
  expect((await truant(['hunt', calm, '--reads', LOG])).code).toBe(0);
});

test('standard input can be one thing only', async () => {
  expect((await truant(['hunt', '-', '--inventory', '-'])).code).toBe(2);
});
