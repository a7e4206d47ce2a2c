import { expect, test } from 'vitest';
import { Arguments } from '../../agent/sources/token-opens/arguments.ts';
import type { OpenedFile } from '../../agent/sources/token-opens/files.ts';
import { OpenerReader } from '../../agent/sources/token-opens/opener-reader.ts';
import type { ProcFiles } from '../../agent/sources/token-opens/proc-files.ts';

const STAT = `7 (cat) S 1 ${'0 '.repeat(17)}90 ${'0 '.repeat(30)}`;
const volume: OpenedFile['volume'] = { device: 1, mountId: 50, podUid: 'p', name: 'v', mountPoint: '/v', path: '/v' };

/** A process whose mounts take up so many bytes; the last of them has number 99. */
function openerWith(bytes: number) {
  const lines = `1 0 0:1 / / rw\n${'x'.repeat(Math.max(0, bytes - 40))}\n99 1 0:2 / /x rw\n`;
  let read = 0;
  const proc: Partial<ProcFiles> = {
    open: () => 3,
    close: () => undefined,
    ascii: () => 'Name:\tcat\nTgid:\t7\nUid:\t0\nGid:\t0\n',
    text: (_folder, name) => (name.endsWith('stat') ? STAT : ''),
    link: (_folder, name) => (name === 'ns/mnt' ? 'mnt:[5]' : undefined),
    stat: () => undefined,
    longText: (_folder, _name, max) => {
      const text = lines.slice(0, max);
      read += text.length;
      return text;
    },
  };
  let now = 0;
  const files = proc as ProcFiles;
  const args = new Arguments({ proc: files, onAsk: () => undefined, isShunned: () => false });
  const reader = new OpenerReader(files, args, () => now);
  return {
    isForeign: (mountId: number, at: number) => {
      now = at;
      return reader.read(7, { mountId, volume })?.proc.foreign_mount;
    },
    read: () => read,
  };
}

test('with usual mounts it is always told whether one is foreign', () => {
  const opener = openerWith(10_000);
  expect([0, 1, 2].map((at) => opener.isForeign(200 + at, at))).toEqual([true, true, true]);
  expect(opener.isForeign(99, 3)).toBe(false);
});

test('with very many it is told now and then, and others do not wait for it each time', () => {
  const opener = openerWith(3 * 1024 * 1024);
  expect(opener.isForeign(200, 0)).toBe(true);
  const once = opener.read();
  for (let at = 1; at < 200; at += 1) expect(opener.isForeign(200 + at, at)).toBeUndefined();
  expect(opener.read() - once).toBeLessThan(199 * 300 * 1024);
  expect(opener.isForeign(99, 300)).toBe(false);
});

test('with more than are read it is never told', () => {
  expect(openerWith(5 * 1024 * 1024).isForeign(200, 0)).toBeUndefined();
});
