import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readAuditFiles } from '../../agent/sources/audit-file/read-files.ts';
import type { TruantError } from '../../shared/errors.ts';
import { isRelevant } from '../../shared/normalise/prefilter.ts';
import { CountingDeadLetters, Lab, leaseLine, numberOf, pipe, range, useLine } from './lab.ts';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

afterEach(() => lab.remove());

const fixture = (name: string): string => new URL(`../fixtures/audit-file/${name}`, import.meta.url).pathname;
const uses = (from: number, to: number): string =>
  range(from, to)
    .map((n) => `${leaseLine(n)}\n${useLine(n)}\n`)
    .join('');
const put = (name: string, content: string | Buffer): string => {
  writeFileSync(join(lab.folder, name), content);
  return join(lab.folder, name);
};

const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });

async function read(paths: string[] = [lab.folder], maxLineBytes?: number) {
  const problems: string[] = [];
  const remedies: (string | undefined)[] = [];
  const progress: [number, number][] = [];
  const deadLetter = new CountingDeadLetters();
  const lines: string[] = [];
  let linesRead = 0;
  const options = {
    deadLetter,
    onProblem: ({ message, remedy }: TruantError) => {
      problems.push(message);
      remedies.push(remedy);
    },
    onProgress: (done: number, total: number) => progress.push([done, total]),
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  };
  for await (const chunk of readAuditFiles(paths, options)) {
    lines.push(...chunk.lines.map((line) => line.toString('utf8')));
    linesRead += chunk.linesRead;
  }
  return {
    lines,
    linesRead,
    problems,
    remedies,
    progress,
    deadLetter,
    numbers: lines.map((line) => numberOf(Buffer.from(line))),
  };
}

describe('readAuditFiles', () => {
  it('reads a folder in the order of the times in the names, the live file last, plain or compressed', async () => {
    put('audit.log', uses(6, 8));
    put('audit-2026-11-23T18-58-41.195.log', uses(4, 6));
    put('audit-2026-11-23T18-58-00.048.log.gz', gzipSync(uses(2, 4)));
    put('audit-2026-11-22T18-58-00.048.log', uses(0, 2));
    const { numbers, linesRead, problems } = await read();
    expect(numbers).toEqual(range(0, 8));
    expect(linesRead).toBe(16);
    expect(problems).toEqual([]);
  });

  it('reads files that are named, in any order, and a line without a newline', async () => {
    const live = put('audit.log', uses(2, 4).trimEnd());
    const rotated = put('audit-2026-11-23T18-58-41.195.log', uses(0, 2));
    expect((await read([live, rotated, live])).numbers).toEqual(range(0, 4));
  });

  it('takes numbered rotation from the highest number on', async () => {
    put('audit.log', uses(3, 4));
    for (const number of [1, 2]) put(`audit.log.${number}`, uses(3 - number, 4 - number));
    put('audit.log.10.gz', gzipSync(uses(0, 1)));
    expect((await read()).numbers).toEqual(range(0, 4));
  });

  it('leaves out what is no audit log, what is empty, and what is there twice', async () => {
    put('audit.log', uses(2, 3));
    put('audit-2026-11-23T18-58-00.048.log', uses(0, 2));
    put('audit-2026-11-23T18-58-00.048.log.gz', gzipSync(uses(0, 1)).subarray(0, 30));
    put('pods.json', JSON.stringify({ kind: 'List', items: [{ kind: 'Pod' }] }, null, 2));
    put('kubelet.log', 'I1123 starting\n');
    put('audit.log.bak', uses(90, 91));
    put('empty.log', '');
    symlinkSync('/nowhere', join(lab.folder, 'audit-broken.log'));
    mkdirSync(join(lab.folder, 'audit-folder.log'));
    const { numbers, problems } = await read();
    expect(numbers).toEqual(range(0, 3));
    expect(problems).toEqual([]);
  });

  it('reads several API servers side by side, as time goes', async () => {
    const at = (n: number): string => useLine(n).replace('18:00:00.001000Z', `18:00:0${n}.000000Z`);
    put('master-0-audit-2026-11-23T18-00-03.000.log', `${at(1)}\n`);
    put('master-0-audit.log', `${at(4)}\n`);
    put('master-1-audit-2026-11-23T18-00-02.000.log', `${at(0)}\n`);
    put('master-1-audit.log', `${at(3)}\n`);
    put('master-2-audit.log', `${leaseLine(0)}\n${at(2)}\n`);
    expect((await read()).numbers).toEqual(range(0, 5));
  });

  it('... line by line, however much of each is read at once', async () => {
    const writers = [(n: number) => n % 3 === 0, (n: number) => n % 3 === 1 || n > 50, (n: number) => n % 3 === 2];
    for (const [i, isHis] of writers.entries()) {
      const at = (n: number): string =>
        useLine(n).replace('18:00:00.001000Z', `18:${String(n).padStart(2, '0')}:00.000000Z`);
      put(
        `master-${i}-audit.log`,
        range(0, 60)
          .filter(isHis)
          .map((n) => `${at(n)}\n`)
          .join(''),
      );
    }
    const { numbers, linesRead } = await read();
    expect(numbers.filter((n) => n < 51)).toEqual(range(0, 51));
    expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
    expect(numbers).toHaveLength(60 + 6);
    expect(linesRead).toBe(numbers.length);
  });

  it('reads a webhook’s lists, one event a line, and not what else is in the file', async () => {
    copyFileSync(fixture('webhook.json'), join(lab.folder, '0003.json'));
    const recorded = readFileSync(fixture('webhook.json'), 'utf8').split('\n').slice(0, -1);
    const [, body] = recorded;
    const events = (JSON.parse(body as string) as { items: unknown[] }).items;
    const relevant = events.filter((event) => isRelevant(Buffer.from(JSON.stringify(event))));
    const { lines, linesRead } = await read();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(relevant);
    expect(relevant.length).toBeGreaterThan(2);
    expect(linesRead).toBe(recorded.length - 1 + events.length);
  });

  it.each([
    [
      'a list laid out for people',
      'events.json',
      (events: unknown[]) => JSON.stringify({ kind: 'List', items: events }, null, 4),
    ],
    ['an array', 'events.json', (events: unknown[]) => JSON.stringify(events)],
    ['an array laid out for people', 'events.json', (events: unknown[]) => JSON.stringify(events, null, 2)],
    [
      'lists of one event each',
      'events.ndjson',
      (events: unknown[]) => events.map((e) => JSON.stringify({ items: [e] })).join('\n'),
    ],
    [
      'a list in a log',
      'audit.log',
      (events: unknown[]) => `${JSON.stringify({ kind: 'EventList', items: events })}\n`,
    ],
  ])('reads %s, also compressed', async (_, name, write) => {
    const events = range(0, 3)
      .flatMap((n) => [leaseLine(n), useLine(n)])
      .map((line) => JSON.parse(line) as unknown);
    put(name, write(events));
    expect((await read()).numbers).toEqual(range(0, 3));
    rmSync(join(lab.folder, name));
    put(`${name}.gz`, gzipSync(write(events)));
    expect((await read()).numbers).toEqual(range(0, 3));
  });

  it('keeps an event that has items of its own', async () => {
    const line = useLine(0).replace('"verb"', '"responseObject":{"items":[1,2]},"verb"');
    put('events.ndjson', `${line}\n`);
    expect((await read()).lines).toEqual([line]);
  });

  it('says which file can’t be read, and reads the others', async () => {
    const archive = gzipSync(
      range(0, 3000)
        .map((n) => `${useLine(n)}\n`)
        .join(''),
    );
    put('audit-2026-11-23T18-58-00.048.log.gz', archive.subarray(0, archive.length / 2));
    put('audit-2026-11-23T18-59-00.048.log.gz', 'no archive');
    put('audit.log', uses(3000, 3002));
    const broken = put('broken.json', '{\n "items": [');
    const { numbers, problems } = await read([lab.folder, broken]);
    expect(numbers.slice(-2)).toEqual([3000, 3001]);
    expect(numbers[0]).toBe(0);
    expect(problems).toHaveLength(3);
    expect(problems.join()).toContain(
      'audit-2026-11-23T18-58-00.048.log.gz cannot be read to its end: it is gzipped, and its end is missing.',
    );
    expect(problems.join()).toContain('audit-2026-11-23T18-59-00.048.log.gz holds no audit events');
    expect(problems.join()).toContain('broken.json is neither');
  });

  it('says which files of a folder it could not look into', async () => {
    put('audit.log', uses(0, 2));
    symlinkSync(join(lab.folder, 'loop.log'), join(lab.folder, 'loop.log'));
    put('kubelet.log.gz', Buffer.concat([gzipSync('').subarray(0, 10), Buffer.alloc(100, 7)]));
    const { numbers, problems } = await read();
    expect(numbers).toEqual([0, 1]);
    expect(problems).toEqual([
      `${join(lab.folder, 'loop.log')} cannot be read: it is a link that leads to itself.`,
      `${join(lab.folder, 'kubelet.log.gz')} cannot be read: it is gzipped, and damaged.`,
    ]);
  });

  it('a problem is told even when there is nothing else to read', async () => {
    symlinkSync(join(lab.folder, 'loop.log'), join(lab.folder, 'loop.log'));
    expect((await read()).problems).toHaveLength(1);
  });

  const event = (n: number): object => JSON.parse(useLine(n)) as object;
  it.each([
    [
      'lines of a container runtime',
      range(0, 3).map((n) => `2026-11-23T18:00:00.1Z stdout F ${useLine(n)}`),
      "sed 's/^[^{]*//'",
    ],
    ['lines that name their node', range(0, 3).map((n) => `master-0 ${leaseLine(n)}`), "sed 's/^[^{]*//'"],
    [
      'events as text in something else',
      range(0, 3).map((n) => JSON.stringify({ message: leaseLine(n) })),
      "jq -c '.message | fromjson'",
    ],
    ['events in something else', range(0, 3).map((n) => JSON.stringify({ 'a b': 1, event: event(n) })), 'jq -c .event'],
    ['events laid out for people', range(0, 3).map((n) => JSON.stringify(event(n), null, 2)), 'jq -c .'],
    [
      'what a tool said before',
      ['Defaulted container "x"', ...range(0, 2).map((n) => `a ${useLine(n)}`)],
      "sed 's/^[^{]*//'",
    ],
    ['something else', ['type=DAEMON_START msg=audit(1.0:1)', '{"a": "audit.k8s.io"}'], 'one event of audit.k8s.io a'],
    [
      'a list of something else',
      [JSON.stringify({ items: [{ kind: 'Pod' }] }, null, 2)],
      'one event of audit.k8s.io a',
    ],
    ['lists of something else', ['{"items":[{"kind":"Pod"}]}'], 'one event of audit.k8s.io a'],
  ])('refuses a file of %s, and says what to do', async (_, lines, remedy) => {
    put('audit.log', uses(0, 1));
    const named = put('events', `\n${lines.join('\n')}\n`);
    const { numbers, problems, remedies } = await read([lab.folder, named]);
    expect(numbers).toContain(0);
    expect(problems).toEqual([expect.stringMatching(/events (holds no audit events\.$|is neither lines)/)]);
    expect(remedies[0]).toContain(remedy);
  });

  it.each([
    ['nothing', ''],
    ['blank lines', '\n \n'],
    ['a list of nothing', '{"kind":"EventList","items":[]}\n'],
    ['events that no rule needs', `${leaseLine(0)}\n`],
    ['one event among other lines', `${'x\n'.repeat(300_000)}${leaseLine(0)}`],
  ])('a file of %s is none that could not be read', async (_, content) => {
    expect((await read([put('events', content)])).problems).toEqual([]);
  });

  it('reads the first line after a byte order mark', async () => {
    const { numbers, deadLetter } = await read([put('events.ndjson', `\ufeff${uses(0, 2)}`)]);
    expect(numbers).toEqual([0, 1]);
    expect(deadLetter.added).toEqual([]);
  });

  it('looks into the folder of a recording for its log', async () => {
    put('cluster.jsonl', '{}');
    mkdirSync(join(lab.folder, 'audit'));
    put('audit/audit.log', uses(0, 2));
    expect((await read()).numbers).toEqual([0, 1]);
  });

  it.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['compressed', (text: string) => gzipSync(text)],
    ['with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    [
      'laid out for people',
      (text: string) =>
        Buffer.from(
          JSON.stringify(
            text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line)),
            null,
            2,
          ),
        ),
    ],
  ])('reads pipes, %s, and nothing of them is lost', async (_, write) => {
    const pipes = [
      pipe(join(lab.folder, 'one'), write(uses(0, 2000))),
      pipe(join(lab.folder, 'two'), write(uses(2000, 2002))),
    ];
    const { numbers, linesRead, problems } = await read(pipes.map(({ path }) => path));
    await Promise.all(pipes.map(({ written }) => written));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(range(0, 2002));
    expect(linesRead).toBe(4004);
    expect(problems).toEqual([]);
  });

  it('reads a cut pipe as far as it goes', async () => {
    const cut = pipe(join(lab.folder, 'cut'), gzipSync(uses(0, 50)).subarray(0, -8));
    const { numbers, problems } = await read([cut.path]);
    await cut.written;
    expect(numbers).toEqual(range(0, 50));
    expect(problems).toEqual([`${cut.path} cannot be read to its end: it is gzipped, and its end is missing.`]);
  });

  it('tells how much of a pipe it read, and no total', async () => {
    const log = pipe(join(lab.folder, 'pipe'), uses(0, 2000));
    const { progress } = await read([log.path]);
    await log.written;
    expect(progress.at(-1)).toEqual([uses(0, 2000).length + 2000 * 6, 0]);
  });

  it.each([
    ['a path that does not exist', () => [join(lab.folder, 'nothing.log')]],
    ['a folder without audit logs', () => [lab.folder]],
  ])('refuses %s', async (_, paths) => {
    put('kubelet.log', 'I1123 starting\n');
    await expect(read(paths())).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND', remedy: expect.any(String) });
  });

  it('sets aside lines that are too long', async () => {
    put('audit.log', `${useLine(0)}\n${useLine(1, 'x'.repeat(100_000))}\n${useLine(2)}\n`);
    const { numbers, deadLetter, linesRead } = await read([lab.folder], 50_000);
    expect(numbers).toEqual([0, 2]);
    expect(linesRead).toBe(3);
    expect(deadLetter.added.map((dead) => dead.reason)).toEqual(['too-long']);
  });

  it('tells how far it is, up to the very end', async () => {
    put('audit.log', uses(0, 1000));
    put('audit-2026-11-23T18-58-00.048.log.gz', gzipSync(uses(1000, 2000)));
    const { progress } = await read();
    const done = progress.map(([bytes]) => bytes);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(progress.length).toBeGreaterThan(5);
    const [last, total] = progress.at(-1) as [number, number];
    expect(last).toBe(total);
  });

  it.runIf(process.platform === 'linux')(
    'can be left at any time, and leaves nothing open (Linux: /proc tells what is open)',
    async () => {
      put('audit.log', uses(0, 2000));
      put('other-audit.log.gz', gzipSync(uses(0, 2000)));
      const isOpen = (): boolean => openFiles().some((path) => path.startsWith(lab.folder));
      for await (const { lines } of readAuditFiles([lab.folder], {
        deadLetter: new CountingDeadLetters(),
        onProblem: () => {},
      })) {
        expect(isOpen()).toBe(true);
        if (lines.length > 0) break;
      }
      await vi.waitFor(() => expect(isOpen()).toBe(false), { timeout: 20_000 });
    },
  );

  it('gives the same lines however they are spread over files, and wherever a chunk ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3000), { minLength: 50, maxLength: 400 }),
        fc.array(fc.tuple(fc.nat(400), fc.boolean()), { maxLength: 5 }),
        async (pads, cuts) => {
          const other = new Lab();
          const lines = pads.map((pad, n) => (n % 2 ? useLine(n, 'ü'.repeat(pad)) : leaseLine(n)));
          let from = 0;
          for (const [cut, gz] of cuts.sort(([a], [b]) => a - b)) {
            other.append(
              lines
                .slice(from, cut)
                .map((line) => `${line}\n`)
                .join(''),
            );
            from = Math.min(cut, lines.length);
            const rotated = other.rotate();
            if (gz) other.compress(rotated);
          }
          other.append(
            lines
              .slice(from)
              .map((line) => `${line}\n`)
              .join(''),
          );
          try {
            const { lines: found } = await read([other.folder]);
            expect(found).toEqual(lines.filter((_, n) => n % 2));
          } finally {
            other.remove();
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});
