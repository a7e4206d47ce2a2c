import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasMount,
  parseCgroup,
  parseCmdline,
  parseStat,
  parseStatus,
} from '../../agent/sources/token-opens/proc-text.ts';

/** Fields 3 to 52 of /proc/PID/stat, each with its own number but for some. */
const statFields = (fields: Record<number, string>): string =>
  Array.from({ length: 50 }, (_, i) => fields[i + 3] ?? String(i + 3)).join(' ');
const stat = (comm: string, fields: Record<number, string> = {}): string =>
  `77 (${comm}) ${statFields({ 3: 'S', 4: '12', 22: '9000', ...fields })}\n`;

const status = (lines: string[]): string => `${['Name:\tcat', 'Umask:\t0022', ...lines].join('\n')}\n`;

describe('parseStat', () => {
  test.each(['cat', 'a b', ') S 1 (', '((', '))', '', 'x) R 99 99'])(
    'finds the parent of a process called %j',
    (comm) => {
      expect(parseStat(stat(comm))).toEqual({ comm, ppid: 12, starttime: 9000, image: '28 48 49' });
    },
  );

  test('tells another program by where its arguments are', () => {
    expect(parseStat(stat('cat', { 48: '7' }))?.image).not.toBe(parseStat(stat('cat'))?.image);
  });

  test.each(['', '77 (cat', '77 (cat) S', '77 cat S 12', stat('cat', { 4: '-1' })])('is undefined for %j', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });

  test.runIf(process.platform === 'linux')('reads what this kernel writes (Linux)', () => {
    expect(parseStat(readFileSync('/proc/self/stat', 'utf8'))).toMatchObject({ ppid: process.ppid });
  });
});

describe('parseStatus', () => {
  test('reads ids', () => {
    const text = status(['Tgid:\t7', 'Pid:\t9', 'Uid:\t1000\t0\t0\t1000', 'Gid:\t5\t5\t5\t5', 'NSpid:\t7\t1']);
    expect(parseStatus(text)).toEqual({ tgid: 7, uid: [1000, 0, 0, 1000], gid: [5, 5, 5, 5], nspid: '7\t1' });
  });

  test('does not believe a name that looks like a field', () => {
    expect(parseStatus(status(['Tgid:\t7']).replace('cat', 'x\\nTgid:\t1'))).toMatchObject({ tgid: 7 });
  });

  test.each(['', status([]), status(['Tgid:\t']), status(['Tgid:\tx']), 'Tgid:\t7\n'])(
    'is undefined for %j',
    (text) => {
      expect(parseStatus(text)).toBeUndefined();
    },
  );
});

test.each<[string, string, string[]]>([
  ['none', '', []],
  ['some', 'cat\0/token\0', ['cat', '/token']],
  ['an empty one', 'cat\0\0x\0', ['cat', '', 'x']],
  ['set by the program', 'nginx: worker process', ['nginx: worker process']],
  ['too many', 'x\0'.repeat(1000), Array.from({ length: 64 }, () => 'x')],
])('arguments: %s', (_, text, words) => {
  expect(parseCmdline(text)).toEqual(words);
});

test('lines of control groups, not without end', () => {
  expect(parseCgroup('1:cpu:/a\n0::/b\n')).toEqual(['1:cpu:/a', '0::/b']);
  expect(parseCgroup('0::/\n'.repeat(1000))).toHaveLength(32);
});

test('a mount is told by its whole number', () => {
  const mountinfo = '36 35 98:0 /mnt1 /mnt2 rw\n136 35 0:5 / /136 37 rw\n';
  expect([36, 136, 35, 37, 6].map((id) => hasMount(mountinfo, id))).toEqual([true, true, false, false, false]);
});

test('nothing that a process writes of itself makes them throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const parse of [parseStat, parseStatus, parseCmdline, parseCgroup]) parse(text);
    }),
  );
});
