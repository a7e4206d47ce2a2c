import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderHistogram } from '../../cli/ui/histogram.ts';
import { speaksUtf8 } from '../../cli/ui/locale.ts';
import { createStyle } from '../../cli/ui/style.ts';
import { SERIES } from '../../collector/store/history-summaries.ts';
import { HISTORY_KINDS, type HistoryItem } from '../../collector/store/store.ts';
import { ask } from './asking.ts';
import { sink } from './harness.ts';
import { appeared, opened, placed, use } from './samples.ts';

const HOUR = 3_600_000_000;

describe('what happened besides', () => {
  const { credential: _c, binding: _b, principal: _p, ...request } = use;
  const actor = { username: 'system:node:node-a', binding: {} };
  const items: Record<string, HistoryItem> = {
    use: placed,
    read: opened,
    file: appeared,
    issue: {
      cluster: 'c',
      placement: null,
      issue: { ...request, kind: 'issue', actor, principal: use.principal, issued: 'JTI=new' },
    },
    entry: {
      cluster: 'c',
      entry: {
        ...request,
        kind: 'entry',
        actor: { username: use.principal, principal: use.principal, binding: {} },
        pod: { namespace: 'shop', name: 'db-0' },
        container: 'db',
        command: ['cat', '/run/\u001b[2Jtoken'],
        request: { ...use.request, verb: 'create', resource: 'pods', subresource: 'exec' },
      },
    },
    denied: { cluster: 'c', denied: { ...request, kind: 'denied', request: { ...use.request, code: 401 } } },
  };

  test.each<[string, RegExp]>([
    ['issue', /shop\/cart +203\.0\.113\.9 +200 +token issued to system:node:node-a +JTI=new/],
    ['entry', /shop\/cart +203\.0\.113\.9 +200 +exec into shop\/db-0 \(db\): cat \/run\/\\e\[2Jtoken/],
    ['denied', / +203\.0\.113\.9 +401 +get secrets shop\/db-password/],
  ])('%s', async (kind, row) => {
    const { lines } = await ask(['history', '--kind', kind], { body: { items: [items[kind]], next: null } });
    expect(lines[1]).toMatch(row);
  });

  test('every kind that a store has is shown', async () => {
    const { code, lines } = await ask(['history'], {
      body: { items: HISTORY_KINDS.map((kind) => items[kind]), next: null },
    });
    expect({ code, rows: lines.length }).toEqual({ code: 0, rows: HISTORY_KINDS.length + 1 });
  });

  test('a token that was refused was not issued', async () => {
    const issue = {
      ...request,
      kind: 'issue',
      actor,
      principal: use.principal,
      request: { ...use.request, code: 403 },
    };
    const { stdout } = await ask(['history'], {
      body: { items: [{ cluster: 'c', placement: null, issue }], next: null },
    });
    expect(stdout).toContain('token refused to system:node:node-a');
  });
});

describe('options that would be passed over', () => {
  test.each<[string[], string]>([
    [['--order', 'last'], '--order goes with --by'],
    [['--new-since', '1h'], '--new-since goes with --by'],
    [['--buckets', '5'], '--buckets goes with --histogram'],
    [['--output', 'x'], '--output goes with --export'],
    [['--histogram', '--by', 'source'], 'cannot be used with'],
    [['--export', 'csv', '--by', 'source'], 'cannot be used with'],
    [['--export', 'csv', '--histogram'], 'cannot be used with'],
    [['--export', 'csv', '--json'], 'cannot be used with'],
    [['--histogram', '--buckets', '501'], 'from 1 to 500'],
    [['--by', 'moon'], 'principal, credential, pod'],
  ])('%j', async (args, says) => {
    const { code, stderr, asked } = await ask(['history', ...args], { body: {} });
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(says);
  });
});

describe('--by', () => {
  const group = {
    value: use.principal,
    count: 12,
    away: 2,
    unclear: 1,
    refused: 3,
    firstSeen: use.time,
    lastSeen: use.time + HOUR,
  };
  const answer = { body: { by: 'principal', groups: [group, { ...group, value: null, away: 0 }], total: 7 } };

  test('a table, and how many there are', async () => {
    const { lines, stderr, asked } = await ask(
      ['history', '--by', 'principal', '--order', 'last', '--new-since', '2030-01-01T00:00:00Z', '--verb', 'get'],
      answer,
    );
    expect(lines).toEqual([
      'PRINCIPAL  COUNT  AWAY  REFUSED  FIRST SEEN           LAST SEEN',
      'shop/cart     12     2        3  2030-01-01 12:00:00  2030-01-01 13:00:00',
      'none          12     0        3  2030-01-01 12:00:00  2030-01-01 13:00:00',
    ]);
    expect(stderr).toBe('2 of 7 are shown; --limit shows more\n');
    expect(asked[0]?.url.pathname).toBe('/api/v1/history/groups');
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
      by: 'principal',
      order: 'last',
      newSince: '2030-01-01T00:00:00.000000Z',
      verb: 'get',
      limit: '100',
    });
  });

  test('as JSON, a group a line', async () => {
    const { lines } = await ask(['history', '--by', 'principal', '--json'], answer);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(answer.body.groups);
  });

  test('none, and no more than a collector sums up', async () => {
    const none = { body: { by: 'source', groups: [], total: 0 } };
    const { stdout, stderr, asked } = await ask(['history', '--by', 'source', '-n', '0'], none);
    expect({ stdout, stderr }).toEqual({ stdout: 'nothing happened\n', stderr: '' });
    expect(asked[0]?.url.searchParams.get('limit')).toBe('1000');
  });

  test('a hostile value is text, and fits', async () => {
    const hostile = { ...group, value: `\u001b[2J<img onerror=x>${'x'.repeat(200)}` };
    const { lines } = await ask(
      ['history', '--by', 'userAgent'],
      { body: { by: 'userAgent', groups: [hostile], total: 1 } },
      { terminal: { columns: 80 }, env: { NO_COLOR: '1' } },
    );
    expect(lines[0]).toMatch(/^USER AGENT/);
    expect(lines[1]).toMatch(/^\\e\[2J<img/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('--histogram', () => {
  const none = Object.fromEntries(SERIES.map((name) => [name, 0])) as Record<(typeof SERIES)[number], number>;
  const bucket = (index: number, counts: Partial<typeof none>) => ({
    time: use.time + index * HOUR,
    ...none,
    ...counts,
  });
  const buckets = [
    bucket(0, { home: 90, away: 10 }),
    bucket(1, {}),
    bucket(2, { home: 1000, read: 5 }),
    bucket(3, { away: 1 }),
  ];
  const answer = { body: { from: use.time, width: HOUR, buckets } };
  const PLAIN = [
    `2030-01-01 12:00  #--${' '.repeat(28)}100 (10 away)`,
    '2030-01-01 13:00',
    `2030-01-01 14:00  ${'-'.repeat(29)}  1005`,
    `2030-01-01 15:00  #${' '.repeat(30)}1 (1 away)`,
  ];

  test('bars in ASCII, and in what a terminal has else', async () => {
    const terminal = { columns: 62 };
    const plain = await ask(['history', '--histogram'], answer, { terminal, env: { NO_COLOR: '1', LANG: 'C' } });
    expect(plain.lines).toEqual([...PLAIN, '# 11 uses away, - 1095 others; times are UTC']);
    const fine = await ask(['history', '--histogram'], answer, { terminal, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } });
    expect(fine.lines[0]).toContain('  █░░  ');
    expect(plain.asked[0]?.url.search).toBe('?buckets=24');
    for (const line of plain.lines) expect(line.length).toBeLessThanOrEqual(62);
  });

  test('what is away is red', async () => {
    const { stdout } = await ask(['history', '--histogram'], answer, { terminal: { columns: 80 } });
    expect(stdout).toContain('\u001b[31m#\u001b[39m');
  });

  test('as JSON, as the collector sent it', async () => {
    const { lines, asked } = await ask(['history', '--histogram', '--buckets', '5', '--since', '1h', '--json'], answer);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([answer.body]);
    expect(asked[0]?.url.searchParams.get('buckets')).toBe('5');
  });

  test('nothing', async () => {
    const { stdout } = await ask(['history', '--histogram'], { body: { from: null, width: 1000, buckets: [] } });
    expect(stdout).toBe('nothing happened\n');
  });

  test.each([
    [24 * HOUR, '2030-01-01', 10],
    [HOUR, '2030-01-01 12:00', 16],
    [1_000_000, '2030-01-01 12:00:00', 19],
    [1000, '2030-01-01 12:00:00.000', 23],
  ])('times are as exact as stretches of %i microseconds are long', (width, text, length) => {
    const from = width >= 24 * HOUR ? use.time - 12 * HOUR : use.time;
    const shape = { width: 10, utf8: false, style: createStyle({ env: {} }, sink()) };
    const [line = ''] = renderHistogram({ from, width, buckets: [{ ...bucket(0, { home: 1 }), time: from }] }, shape);
    expect(line.slice(0, length + 2)).toBe(`${text}  `);
  });

  test.each([
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, false],
    [{ LC_CTYPE: 'UTF-8', LANG: 'C' }, true],
    [{}, false],
  ])('%j', (env, utf8) => {
    expect(speaksUtf8(env)).toBe(utf8);
  });
});

describe('--export', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'truant-export-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const file = () => path.join(folder, 'uses.csv');
  const csv = { headers: { 'content-type': 'text/csv; charset=utf-8' }, body: 'time,what\r\n1,"\u001b[2J"\r\n' };
  /** Begins, and breaks off. */
  const broken = {
    ...csv,
    body: (response: ServerResponse) => response.write('time,wh', () => response.destroy()),
  };

  test('to a file, with the filter; without --limit, all of it', async () => {
    const { code, stdout, stderr, asked } = await ask(
      ['history', '--export', 'csv', '--output', file(), '--verb', 'get', '-n', '0'],
      csv,
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(file(), 'utf8')).toBe(csv.body);
    expect(await readdir(folder)).toEqual(['uses.csv']);
    expect(asked[0]?.url.pathname).toBe('/api/v1/history/export');
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({ format: 'csv', verb: 'get' });
  });

  test('to standard output, to the byte; on a terminal, safe to look at', async () => {
    expect((await ask(['history', '--export', 'csv', '-n', '7'], csv)).stdout).toBe(csv.body);
    const shown = await ask(['history', '--export', 'csv', '--output', '-'], csv, { terminal: { columns: 80 } });
    expect(shown.stdout).toBe('time,what\n1,"\\e[2J"\n');
    expect((await ask(['history', '--export', 'csv', '-n', '7'], csv)).asked[0]?.url.searchParams.get('limit')).toBe(
      '7',
    );
  });

  test.each([
    ['7', '7', ''],
    ['8', '7', 'the newest 7 of 8 rows are there: ask for less time at once, or for more with --limit\n'],
    ['many', '7', ''],
  ])('of %s rows, %s', async (total, rows, says) => {
    const headers = { ...csv.headers, 'truant-total-rows': total, 'truant-rows': rows };
    const { code, stderr } = await ask(['history', '--export', 'csv'], { ...csv, headers });
    expect({ code, stderr }).toEqual({ code: 0, stderr: says });
  });

  test('what breaks off leaves the file as it was', async () => {
    await writeFile(file(), 'before');
    const { code, stderr } = await ask(['history', '--export', 'csv', '--output', file()], broken);
    expect(code).toBe(4);
    expect(stderr).toContain("the collector's answer broke off");
    expect(await readFile(file(), 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['uses.csv']);
  });

  test('what is stopped leaves nothing', async () => {
    const stop = new AbortController();
    const endless = { ...csv, body: (response: ServerResponse) => response.write('a', () => stop.abort()) };
    const { code } = await ask(['history', '--export', 'csv', '--output', file()], endless, { stop: stop.signal });
    expect(code).not.toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  test('a link stays one, and what it leads to is replaced', async () => {
    await writeFile(file(), 'before');
    const link = path.join(folder, 'link');
    await symlink(file(), link);
    await ask(['history', '--export', 'csv', '--output', link], csv);
    expect(await readFile(file(), 'utf8')).toBe(csv.body);
    expect(await readdir(folder)).toEqual(['link', 'uses.csv']);
  });

  test('what is no file is written to, not replaced', async () => {
    expect(await ask(['history', '--export', 'csv', '--output', '/dev/null'], csv)).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test.each<[string, string[], number, string]>([
    ['a folder', ['--output', tmpdir()], 2, 'is a folder'],
    ['a folder that is not there', ['--output', '/nowhere/uses.csv'], 5, 'was not written: ENOENT'],
  ])('%s', async (_name, args, expected, says) => {
    const { code, stderr } = await ask(['history', '--export', 'csv', ...args], csv);
    expect(code).toBe(expected);
    expect(stderr).toContain(says);
  });

  test('Parquet is nothing for a terminal', async () => {
    const parquet = { headers: { 'content-type': 'application/vnd.apache.parquet' }, body: 'PAR1' };
    const refused = await ask(['history', '--export', 'parquet'], parquet, { terminal: { columns: 80 } });
    expect(refused).toMatchObject({ code: 2, stdout: '', asked: [] });
    expect(await ask(['history', '--export', 'parquet'], parquet)).toMatchObject({ code: 0, stdout: 'PAR1' });
  });

  test('a page of somebody else is no export', async () => {
    const { code, stdout, stderr } = await ask(['history', '--export', 'csv'], {
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('is no collector of this version');
  });

  test('a refusal is told as everywhere', async () => {
    const { code, stderr } = await ask(['history', '--export', 'csv', '--output', file()], {
      status: 429,
      body: { detail: 'Two exports are running.' },
    });
    expect(code).toBe(4);
    expect(stderr).toContain('Two exports are running.');
    expect(await readdir(folder)).toEqual([]);
  });
});
