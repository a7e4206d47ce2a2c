/** Whatever is in its place: it is opened, or set aside and told, and the agent goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { open } from 'lmdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Compiled, compile } from '../support/compile.ts';
import { ALL, close, ids, opened, place, uses } from './support/open.ts';

const COUNT = 500;
const data = (folder: string): string => path.join(folder, 'data.mdb');

/** A spool that was closed. */
async function filled(): Promise<{ folder: string; uuid: string; ids: string[] }> {
  const folder = place();
  const spool = await opened(folder);
  await spool.put({ items: uses(0, COUNT), checkpoint: 7 });
  const filled = { folder, uuid: spool.uuid, ids: ids(spool.read(ALL)) };
  await close(spool);
  return filled;
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  writeSync(openSync(file, 'r+'), bytes, 0, bytes.length, at);
}

function replaceByFolder(file: string): void {
  rmSync(file);
  mkdirSync(file);
}

const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, n) => (n * 167 + 13) & 0xff));

describe('what is no spool is set aside, and a new one begun', () => {
  test.each([
    ['the file is empty', (folder: string) => truncateSync(data(folder), 0)],
    ['the file is cut within its first page', (folder: string) => truncateSync(data(folder), 100)],
    ['the file is cut in half', (folder: string) => truncateSync(data(folder), statSync(data(folder)).size / 2)],
    ['the file ends within a page', (folder: string) => truncateSync(data(folder), 8192 + 100)],
    ['the file is noise', (folder: string) => writeFileSync(data(folder), noise(100_000))],
    ['the file is text', (folder: string) => writeFileSync(data(folder), 'audit.log\n'.repeat(2000))],
    ['it is of another version of LMDB', (folder: string) => overwrite(data(folder), 28, Buffer.from([9]))],
    ['it says its pages have no size', (folder: string) => overwrite(data(folder), 48, Buffer.alloc(4))],
    ['it says it is far too large', (folder: string) => overwrite(data(folder), 144, Buffer.alloc(8, 0x7f))],
    [
      'a record is changed',
      (folder: string) => overwrite(data(folder), indexOf(folder, '"kind":"use"'), Buffer.from('"kind":"USE"')),
    ],
    [
      'its state is changed',
      (folder: string) => overwrite(data(folder), indexOf(folder, '"checkpoint":7'), Buffer.from('"checkpoint":8')),
    ],
    ['a folder is where the file should be', (folder: string) => replaceByFolder(data(folder))],
  ])('%s', async (_what, harm) => {
    const { folder, uuid } = await filled();
    harm(folder);
    const spool = await opened(folder);
    expect(spool.setAside).toMatch(
      /^The agent's spool could not be used \(.+\) and was set aside as .*spool\.corrupt\.$/,
    );
    expect(spool.uuid).not.toBe(uuid);
    expect([spool.checkpoint, spool.records, spool.read(ALL)]).toEqual([undefined, 0, []]);
    await spool.put({ items: uses(0, 3) });
    await close(spool);
    const again = await opened(folder);
    expect(again.setAside).toBeUndefined();
    expect(again.records).toBe(3);
    expect(existsSync(`${folder}.corrupt`)).toBe(true);
  });

  test.each([
    ['a file', (folder: string) => writeFileSync(folder, 'x')],
    ['a link to nowhere', (folder: string) => symlinkSync('/nowhere/at/all', folder)],
  ])('in place of its folder is %s', async (_what, make) => {
    const folder = place();
    make(folder);
    const spool = await opened(folder);
    expect(spool.setAside).toMatch(/it is no folder/);
    await spool.put({ items: uses(0, 1) });
    expect(spool.read(ALL)).toHaveLength(1);
  });

  test('of an LMDB file of somebody else', async () => {
    const folder = place();
    const other = open({ path: folder, noSubdir: false });
    await other.put('theirs', { of: 'somebody' });
    const records = other.openDB({ name: 'records', encoding: 'binary' });
    await records.put(0, Buffer.from('not ours'));
    await other.close();
    expect((await opened(folder)).setAside).toMatch(/a record in it is damaged/);
  });

  test('only the newest that was set aside is kept', async () => {
    const folder = place();
    mkdirSync(`${folder}.corrupt`);
    writeFileSync(path.join(`${folder}.corrupt`, 'older'), '');
    writeFileSync(folder, 'x');
    await opened(folder);
    expect(readFileSync(`${folder}.corrupt`, 'utf8')).toBe('x');
  });
});

test('what lies about who else has it open does not matter', async () => {
  const { folder, uuid } = await filled();
  writeFileSync(path.join(folder, 'lock.mdb'), noise(5000));
  const spool = await opened(folder);
  expect([spool.setAside, spool.uuid, spool.records]).toEqual([undefined, uuid, COUNT]);
});

test('a record that is damaged while the agent runs is left out, counted and told, and all others are read', async () => {
  const { folder, ids: before } = await filled();
  let told = 0;
  const spool = await opened(folder, { onDamaged: () => (told += 1) });
  overwrite(data(folder), indexOf(folder, '"kind":"use"'), Buffer.from('"kind":"USE"'));
  const kept = ids(spool.read(ALL));
  expect(kept).toHaveLength(COUNT - 1);
  expect(before.filter((id) => kept.includes(id))).toEqual(kept);
  expect([told, await spool.count('dead_letters'), spool.records]).toEqual([1, 1, COUNT - 1]);
  expect(spool.read(ALL)).toHaveLength(COUNT - 1);
});

describe('a file that ends the process when it is opened', () => {
  let compiled: Compiled;

  beforeAll(() => {
    compiled = compile('test/spool/support/put-loop.ts');
  });
  afterAll(() => compiled.dispose());

  test('is tried three times, and then set aside', async () => {
    const { folder } = await filled();
    for (let n = 0; n < 3; n += 1) {
      const child = spawn(process.execPath, [compiled.script, folder, 'die-while-opening'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      expect(await once(child, 'exit')).toEqual([null, 'SIGSEGV']);
    }
    const spool = await opened(folder);
    expect(spool.setAside).toMatch(/came to its end 3 times/);
    expect(readdirSync(folder)).not.toContain('opening');
  });

  test('that was opened after all is tried anew', async () => {
    const { folder, uuid } = await filled();
    for (let n = 0; n < 5; n += 1) {
      writeFileSync(path.join(folder, 'opening'), '2\n');
      const spool = await opened(folder);
      expect([spool.setAside, spool.uuid]).toEqual([undefined, uuid]);
      await close(spool);
    }
  });
});

/** Where in the file a text is, for the last time. */
function indexOf(folder: string, text: string): number {
  const at = readFileSync(data(folder)).lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  return at;
}
