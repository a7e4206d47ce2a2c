import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import { createFileOutput } from '../../collector/outputs/file/file-output.ts';
import type { Message } from '../../collector/outputs/output.ts';
import { createStdoutOutput } from '../../collector/outputs/stdout/stdout-output.ts';
import { type Compiled, compile } from '../support/compile.ts';
import { NEEDS_MOUNT, smallDisk } from '../support/small-disk.ts';
import { message } from './output-contract.ts';

const never = new AbortController().signal;
const MEGABYTE = 1024 * 1024;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'truant-file-'));
  file = path.join(folder, 'alerts.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true }));

const outputTo = (place = file, more: { maxMegabytes?: number; keep?: number } = {}) =>
  createFileOutput({ settings: { path: place, maxMegabytes: 1, keep: 3, ...more } });
const say = (text: string): Message => ({ ...message('a1'), text });
const read = (name = file): string[] => readFileSync(name, 'utf8').split('\n').slice(0, -1);
const failureOf = (delivery: Promise<unknown>): Promise<OutputFailure> =>
  delivery.then(
    () => expect.fail('it was delivered'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutputFailure);
      return error as OutputFailure;
    },
  );

describe('a file', () => {
  test('may be read by its group, written by its owner, and by nobody else', async () => {
    await outputTo().deliver([say('one')], never);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(file, 'utf8')).toBe('one\n');
  });

  test('whose last line was cut off is gone on with on the next', async () => {
    writeFileSync(file, 'whole\ncut o');
    await outputTo().deliver([say('one'), say('two')], never);
    expect(read()).toEqual(['whole', 'cut o', 'one', 'two']);
  });

  test('that was moved away or removed is begun anew', async () => {
    const output = outputTo();
    await output.deliver([say('one')], never);
    renameSync(file, `${file}.moved`);
    await output.deliver([say('two')], never);
    rmSync(file);
    await output.deliver([say('three')], never);
    expect([read(), read(`${file}.moved`)]).toEqual([['three'], ['one']]);
  });

  test('that becomes too large gets another name, and so many of them are kept', async () => {
    const output = outputTo(file, { keep: 2 });
    const half = (letter: string) => letter.repeat(MEGABYTE / 2 - 1);
    await output.deliver(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => say(half(letter))),
      never,
    );
    const has = (name: string) => read(name).map((line) => line.charAt(0));
    expect(readdirSync(folder).toSorted()).toEqual(['alerts.ndjson', 'alerts.ndjson.1', 'alerts.ndjson.2']);
    expect([has(`${file}.2`), has(`${file}.1`), has(file)]).toEqual([['c', 'd'], ['e', 'f'], ['g']]);
  });

  test('is simply begun anew where none are kept', async () => {
    const output = outputTo(file, { keep: 0 });
    await output.deliver([say('a'.repeat(MEGABYTE - 1)), say('b')], never);
    expect(readdirSync(folder)).toEqual(['alerts.ndjson']);
    expect(read()).toEqual(['b']);
  });

  test('takes the number that a rotation which was killed half way left free', async () => {
    writeFileSync(`${file}.1`, 'newest\n');
    writeFileSync(`${file}.3`, 'oldest\n');
    await outputTo().deliver([say('a'.repeat(MEGABYTE - 1)), say('b')], never);
    expect([read(`${file}.2`), read(`${file}.3`)]).toEqual([['newest'], ['oldest']]);
  });

  test('takes a line that is as long as the output says', async () => {
    const output = outputTo();
    await output.deliver([say('x'), say('y'.repeat(output.maxBytes)), say('z')], never);
    expect([read(`${file}.2`), read(`${file}.1`)[0]?.length, read()]).toEqual([['x'], output.maxBytes, ['z']]);
  });
});

describe('why a file cannot be written is said in words', () => {
  const link = (to: string): string => {
    const name = path.join(folder, 'link');
    symlinkSync(to, name);
    return name;
  };

  test.each([
    [
      'a folder that is missing',
      () => path.join(folder, 'none', 'alerts'),
      /^There is no folder .*none\.$/,
      'Create it',
    ],
    [
      'a file for a folder',
      () => (writeFileSync(file, ''), path.join(file, 'alerts')),
      /is not a folder\.$/,
      'file.path',
    ],
    ['a folder for a file', () => folder, /is a folder\.$/, 'name of a file'],
    ['a link that somebody planted', () => link('/etc/passwd-'), /is a symbolic link/, 'where the link leads'],
    ['a device', () => '/dev/null', /is not a file\.$/, 'Name a file'],
    [
      'a pipe',
      () => (execFileSync('mkfifo', [path.join(folder, 'pipe')]), path.join(folder, 'pipe')),
      /is not a file\.$/,
      'Name a file',
    ],
  ])('%s', async (_, place, detail, remedy) => {
    const failure = await failureOf(outputTo(place()).deliver([say('one')], never));
    expect([failure.of, failure.reason]).toEqual(['output', 'disk']);
    expect(failure.message).toMatch(detail);
    expect(failure.remedy).toContain(remedy);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(`no right to${isRoot ? ' (skipped: root has every right)' : ''}`, async () => {
    chmodSync(folder, 0o500);
    const failure = await failureOf(outputTo().deliver([say('one')], never));
    chmodSync(folder, 0o700);
    expect(failure.message).toMatch(/may not be written to/);
  });
});

const disk = smallDisk(4 * MEGABYTE);
afterAll(() => disk?.dispose());

describe.skipIf(!disk)(`a disk${disk ? '' : NEEDS_MOUNT}`, () => {
  test('that is full is said; nothing half stays, and all of it arrives once there is room', async () => {
    const place = path.join(disk?.folder ?? '', 'alerts');
    const output = outputTo(place, { maxMegabytes: 100 });
    await output.deliver([say('before')], never);
    disk?.fill(16_384);
    const batch = ['a', 'b', 'c'].map((letter) => say(letter.repeat(100_000)));
    const failure = await failureOf(output.deliver(batch, never));
    expect([failure.of, failure.reason]).toEqual(['output', 'disk']);
    expect(failure.message).toMatch(/is full\.$/);
    expect(readFileSync(place, 'utf8')).toBe('before\n');
    disk?.empty();
    await output.deliver(batch, never);
    expect(read(place)).toEqual(['before', ...batch.map(({ text }) => text)]);
  });

  test('that can only be read is said', async () => {
    const remount = (how: string) => execFileSync('mount', ['-o', `remount,${how}`, disk?.folder ?? '']);
    remount('ro');
    const failure = await failureOf(outputTo(path.join(disk?.folder ?? '', 'new')).deliver([say('one')], never));
    remount('rw');
    expect(failure.message).toMatch(/can only be read\.$/);
  });
});

describe('a process', () => {
  let compiled: Compiled;
  beforeAll(() => {
    compiled = compile('test/outputs/support/lines-process.ts');
  });
  afterAll(() => compiled.dispose());

  const begin = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [compiled.script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

  test('that is killed while it writes has written all that it said, in order, over rotations', async () => {
    const KILLS = 15;
    let delivered = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = begin(file, String(delivered));
      const exited = once(child, 'exit');
      let left = 3 + ((kill * 5) % 11);
      for await (const line of createInterface({ input: child.stderr ?? process.stdin })) {
        delivered = Number(/^delivered (\d+)$/.exec(line)?.[1]);
        left -= 1;
        if (left === 0) child.kill('SIGKILL');
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
    }
    const names = readdirSync(folder).toSorted((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0));
    expect(names.length).toBeGreaterThan(1);
    const whole = names.flatMap((name) => read(path.join(folder, name))).flatMap(placeOf);
    const firsts = [...new Set(whole)];
    expect(firsts.length).toBeGreaterThanOrEqual(delivered);
    expect(firsts).toEqual(firsts.map((_, n) => n));
  }, 60_000);

  test('goes on with other things while nobody reads its output, and fails once nobody can', async () => {
    const child = begin();
    const lines = createInterface({ input: child.stderr ?? process.stdin })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => String((await lines.next()).value);
    // The pipe is full: nothing is delivered any more.
    for (let turns = 0; turns < 10; ) turns = (await next()) === 'goes on' ? turns + 1 : 0;
    child.stdout?.destroy();
    let last = await next();
    while (last === 'goes on') last = await next();
    expect(last).toMatch(/^failed .*cannot be written: EPIPE/);
  });

  /** Of a line that is whole. */
  function placeOf(line: string): number[] {
    try {
      return [(JSON.parse(line) as { at: number }).at];
    } catch {
      return [];
    }
  }
});

test('the standard output: what was cut off is not joined to what follows', async () => {
  let got = '';
  let isBroken = true;
  const stdout = {
    on: () => stdout,
    write: (text: string, done: (error?: Error) => void) => {
      got += isBroken ? text.slice(0, 3) : text;
      done(isBroken ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined);
    },
  } as unknown as NodeJS.WriteStream;
  const output = createStdoutOutput({ stdout });
  expect(await failureOf(output.deliver([say('first')], never))).toMatchObject({ of: 'output', reason: 'disk' });
  isBroken = false;
  await output.deliver([say('first')], never);
  await output.deliver([say('second')], never);
  expect(got).toBe('fir\nfirst\nsecond\n');
});

test('the standard output: who does not read is said when the time is over, and what follows waits', async () => {
  const waiting: (() => void)[] = [];
  const got: string[] = [];
  const stdout = {
    on: () => stdout,
    write: (text: string, done: () => void) => {
      got.push(text);
      waiting.push(done);
    },
  } as unknown as NodeJS.WriteStream;
  const output = createStdoutOutput({ stdout });
  const stop = new AbortController();
  const first = failureOf(output.deliver([say('first')], stop.signal));
  await expect.poll(() => got).toHaveLength(1);
  stop.abort();
  expect(await first).toMatchObject({ reason: 'timeout', remedy: 'Look at what reads it.' });
  const second = output.deliver([say('second')], never);
  expect(got).toHaveLength(1);
  waiting.shift()?.();
  await expect.poll(() => got).toHaveLength(2);
  waiting.shift()?.();
  await second;
});
