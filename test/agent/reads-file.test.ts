import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { FileObserver } from '../../agent/file-observer.ts';
import { openReadsFile, parseSensorLine } from '../../agent/sources/reads-file.ts';
import { defaultPolicy } from '../../shared/detection/policy.ts';
import type { TruantError } from '../../shared/errors.ts';
import { parseTime } from '../../shared/time.ts';
import { onNode, open, podSeen } from '../normalise/opens.ts';

const folder = mkdtempSync(join(tmpdir(), 'truant-reads-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
function put(content: string | Buffer): string {
  const path = join(folder, `${(count += 1)}`);
  writeFileSync(path, content);
  return path;
}

const time = (second: number): string => `2026-11-23T18:00:0${second}.000000Z`;
const micros = (second: number): number => parseTime(time(second)) as number;
const line = (second: number): string => JSON.stringify(open(onNode(), { t: time(second) }));

async function opened(content: string | Buffer) {
  const problems: TruantError[] = [];
  const file = await openReadsFile(put(content), (problem) => problems.push(problem));
  const until = async (second: number): Promise<number[]> =>
    (await file.until(second === Number.POSITIVE_INFINITY ? second : micros(second))).map(({ time: at }) => at);
  return { file, until, problems };
}
const ALL = Number.POSITIVE_INFINITY;

describe('a file of reads', () => {
  const text = [1, 2, 3, 4].map((second) => `${line(second)}\n`).join('');

  it.each<[string, string | Buffer]>([
    ['plain', text],
    ['gzipped', gzipSync(text)],
    ['without a newline at its end', text.trimEnd()],
    ['with lines that are empty', text.replaceAll('\n', '\n\n')],
    ['with carriage returns', text.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\uFEFF${text}`],
  ])('%s: hands out each line once, when its time has come', async (_, content) => {
    const { file, until, problems } = await opened(content);
    expect(await until(0)).toEqual([]);
    expect(await until(2)).toEqual([micros(1), micros(2)]);
    expect(await until(2)).toEqual([]);
    expect(await until(ALL)).toEqual([micros(3), micros(4)]);
    expect(await until(ALL)).toEqual([]);
    expect(file.skipped).toBe(0);
    expect(problems).toEqual([]);
  });

  it('counts lines that are none of a sensor', async () => {
    const { file, until } = await opened(['{', '5', 'null', '[]', '{}', line(1), '{"t":5,"tgid":1}', ''].join('\n'));
    expect(await until(ALL)).toEqual([micros(1)]);
    expect(file.skipped).toBe(6);
  });

  it('leaves out all of a line that is too long, whatever its end looks like', async () => {
    const long = 'x'.repeat(5_000_000);
    const { file, until } = await opened(`${line(1)}\n${long}${line(2)}\n${line(3)}\n${long}${line(4)}`);
    expect(await until(ALL)).toEqual([micros(1), micros(3)]);
    expect(file.skipped).toBe(2);
  });

  it('that is cut gives what there is, and says so', async () => {
    const many = Array.from({ length: 20_000 }, () => `${line(1)}\n`).join('');
    const whole = gzipSync(many);
    const { until, problems } = await opened(whole.subarray(0, whole.length / 2));
    expect((await until(ALL)).length).toBeGreaterThan(1000);
    expect(problems).toEqual([expect.objectContaining({ code: 'INPUT_UNREADABLE' })]);
  });

  it('that is not there cannot be opened', async () => {
    await expect(openReadsFile(join(folder, 'none'), () => undefined)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
  });

  it('that is empty has nothing', async () => {
    const { until } = await opened('');
    expect(await until(ALL)).toEqual([]);
  });
});

describe('a line', () => {
  it.each<[string, unknown, string | undefined]>([
    ['an open', open(), 'open'],
    ['of a file', { t: time(1), event: 'rotated' }, 'file'],
    ['both', { t: time(1), event: 'rotated', tgid: 1 }, 'open'],
    ['neither', { t: time(1) }, undefined],
    ['a time that is none', { t: 'now', tgid: 1 }, undefined],
    ['a time that is a number', { t: 5, tgid: 1 }, undefined],
  ])('%s', (_, value, about) => {
    expect(parseSensorLine(JSON.stringify(value))?.about).toBe(about);
  });
});

describe('what is made of it', () => {
  const made = (policy = defaultPolicy) => {
    const rejected: string[] = [];
    const observer = new FileObserver({
      node: 'node-z',
      policy,
      onReject: (reason) => rejected.push(reason),
      onExcuse: () => undefined,
    });
    return { observer, rejected };
  };

  it('is an observation, or is counted with its reason', () => {
    const { observer, rejected } = made();
    expect(observer.see({ about: 'open', value: open() })?.kind).toBe('read');
    expect(observer.see({ about: 'open', value: {} })).toBeUndefined();
    expect(observer.see({ about: 'open', value: open(undefined, { t: '' }) })).toBeUndefined();
    expect(rejected).toEqual(['not-an-open', 'bad-time']);
  });

  it('knows pods by what the inventory tells', () => {
    const { observer } = made();
    const value = open(undefined, { credential: null });
    expect(observer.see({ about: 'open', value })?.file.pod).not.toHaveProperty('name');
    observer.learn(podSeen());
    expect(observer.see({ about: 'open', value })?.file.pod).toMatchObject({ name: 'cart-1' });
  });

  it('says why somebody may', () => {
    const { observer } = made({
      ...defaultPolicy,
      allowedReader: ({ exe }) => (exe === '/bin/cat' ? 'why' : undefined),
    });
    expect(observer.see({ about: 'open', value: open() })).toMatchObject({ excused: 'why' });
    expect(observer.see({ about: 'open', value: open(onNode({ exe: '/x' })) })).not.toHaveProperty('excused');
    expect(observer.see({ about: 'open', value: open(null) })).not.toHaveProperty('excused');
  });
});
