import { get, type IncomingMessage } from 'node:http';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FLAT_COLUMNS, flatRow } from '../../collector/query/export/flat-row.ts';
import { FORMS, type Form } from '../../collector/query/export/formats.ts';
import type { HistoryPage } from '../../collector/query/schemas/history.ts';
import type { HistoryItem } from '../../collector/store/store.ts';
import { formatTime, SECOND } from '../../shared/time.ts';
import { AWAY, CLUSTER, idOf, issue, read, START, tokenFile, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const NAMES = Object.keys(FLAT_COLUMNS);
const HOSTILE = [
  'plain',
  'a "quoted", text',
  'two\r\nlines\nand more',
  '=cmd()|calc',
  '+1',
  '-1',
  '@sum',
  '\ttab',
  '\rreturn',
  'half \ud800 a character',
  '<img src=x onerror=alert(1)>',
  "'; DROP TABLE observations; --",
  '\u202egnp',
  '\u0000',
];

/** Of RFC 4180, as a program that is no spreadsheet reads it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

const unescaped = (cell: string) => cell.replace(/^'(?=[=+\-@\t\r])/, '');

/** As CSV has it. */
function cells(item: HistoryItem): string[] {
  const row = flatRow(item) as Record<string, string | number | undefined>;
  return NAMES.map((name) => {
    const value = row[name];
    if (value === undefined) return '';
    return FLAT_COLUMNS[name as keyof typeof FLAT_COLUMNS] === 'time' ? formatTime(Number(value)) : String(value);
  });
}

async function readParquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const parsers = { timestampFromMicroseconds: (time: bigint) => Number(time) };
  return parquetReadObjects({ file, parsers });
}

describe('an export', () => {
  let running: Running;

  beforeEach(async () => {
    running = await runCollector();
    const uses = HOSTILE.map((userAgent, n) => use(n, { request: { userAgent, name: userAgent } }));
    await running.post(batch(0, [...uses, read(50), tokenFile(51), issue(52, { issued: 'JTI=new' }), use(53)]));
  });

  afterEach(() => running.stop());

  const path = (format: string, more = '') => `/api/v1/history/export?format=${format}${more}`;

  async function items(query = ''): Promise<HistoryItem[]> {
    const all: HistoryItem[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const at: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: HistoryPage = await running.json(`/api/v1/history?limit=3${query}${at}`);
      all.push(...page.items);
      cursor = page.next;
    }
    return all;
  }

  test.each(['', '&kind=use&verb=get', '&source=192.0.2.77'])(
    'has the same rows as the pages, in the same order, in each format: %s',
    async (query) => {
      const expected = await items(query);
      const ndjson = await (await running.get(path('ndjson', query))).text();
      expect(
        ndjson
          .split('\n')
          .slice(0, -1)
          .map((line): unknown => JSON.parse(line)),
      ).toEqual(expected);

      const [names, ...rows] = parseCsv(await (await running.get(path('csv', query))).text());
      expect(names).toEqual(NAMES);
      expect(rows.map((row) => row.map(unescaped))).toEqual(expected.map(cells));

      const parquet = new Uint8Array(await (await running.get(path('parquet', query))).arrayBuffer());
      const read = await readParquet(parquet);
      const flat = expected.map((item) => {
        const row = flatRow(item) as Record<string, unknown>;
        return Object.fromEntries(NAMES.map((name) => [name, row[name] ?? null]));
      });
      const comparable = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
      expect(read.map((row) => Object.fromEntries(NAMES.map((name) => [name, comparable(row[name] ?? null)])))).toEqual(
        flat,
      );
    },
  );

  test('is no formula to a spreadsheet', async () => {
    const [names = [], ...rows] = parseCsv(await (await running.get(path('csv'))).text());
    const agents = rows.map((row) => row[names.indexOf('userAgent')] ?? '');
    expect(agents.filter((agent) => /^[=+\-@\t\r]/.test(agent))).toEqual([]);
    expect(agents).toContain("'=cmd()|calc");
    expect(agents).toContain('two\r\nlines\nand more');
  });

  test.each([
    ['csv', 'text/csv; charset=utf-8; header=present'],
    ['ndjson', 'application/x-ndjson'],
    ['parquet', 'application/vnd.apache.parquet'],
  ])('says what it is, and what was cut: %s', async (format, mediaType) => {
    const response = await running.get(path(format, '&limit=4&kind=use'));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': mediaType,
      'content-disposition': `attachment; filename="truant-history.${format}"`,
      'truant-total-rows': String(HOSTILE.length + 1),
      'truant-rows': '4',
    });
    await response.arrayBuffer();
  });

  test('stops at its limit, wherever that is in a page', async () => {
    const text = await (await running.get(path('ndjson', '&limit=5'))).text();
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual((await items()).slice(0, 5));
  });

  test.each([
    ['format=xlsx', 'format'],
    ['', 'format'],
    ['format=csv&limit=1000001', 'limit'],
    ['format=csv&cursor=x', 'cursor'],
    ['format=csv&kind=file&verb=get', 'verb'],
  ])('refuses %s', async (query, name) => {
    const response = await running.get(`/api/v1/history/export?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ parameters: [{ name }] });
  });

  test('asked only for its head it has none of its rows, and makes room again', async () => {
    for (let n = 0; n < 4; n += 1) {
      const response = await fetch(running.url + path('csv'), { method: 'HEAD' });
      expect([response.status, response.headers.get('truant-rows')]).toEqual([200, String(HOSTILE.length + 4)]);
    }
  });
});

describe('a long export', () => {
  const ROWS = 30_000;
  let running: Running;

  beforeEach(async () => {
    running = await runCollector();
    const uses = Array.from({ length: ROWS }, (_, n) =>
      use(n, { request: { userAgent: `agent-${'x'.repeat(900)}${n}` } }),
    );
    for (let n = 0; n < ROWS; n += 3000) {
      const { status } = await running.post(batch(n, uses.slice(n, n + 3000)));
      if (status !== 200) throw new Error(`not stored: ${status}`);
    }
  }, 120_000);

  afterEach(() => running.stop());

  const path = '/api/v1/history/export?format=ndjson';

  /** Its headers have come; of its body nothing is read. */
  const open = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get(running.url + path, { agent: false }, resolve).on('error', reject);
    });

  test('waits for its client, holds no reader, and is one of two; who hangs up makes room', async () => {
    const slow = [await open(), await open()];
    const third = await running.get(path);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '10']);
    await third.arrayBuffer();
    for (let n = 0; n < 3; n += 1) {
      expect(await running.json('/api/v1/history?limit=1')).toMatchObject({ items: [{ use: { id: idOf(ROWS - 1) } }] });
    }
    for (const response of slow) response.destroy();
    let again = 429;
    while (again === 429) {
      const response = await running.get(`${path}&limit=1`);
      again = response.status;
      await response.arrayBuffer();
    }
    expect(again).toBe(200);
  }, 60_000);
});

describe('a form', () => {
  const TOTAL = 40;
  const PER_PAGE = 1000;

  /** Pages that are made as they are asked for; `ahead` counts rows that are made and not yet come out. */
  async function* pages(made: (rows: number) => void): AsyncGenerator<HistoryItem[]> {
    for (let page = 0; page < TOTAL; page += 1) {
      made(PER_PAGE);
      yield Array.from({ length: PER_PAGE }, (_, n) => ({
        cluster: CLUSTER,
        placement: AWAY,
        use: use(n, { time: START + (page * PER_PAGE + n) * SECOND }),
      }));
    }
  }

  test.each(Object.entries<Form>(FORMS))('%s holds no more than it has to', async (_name, form) => {
    let held = 0;
    let most = 0;
    let pieces = 0;
    let largest = 0;
    const counted = pages((rows) => {
      held += rows;
      most = Math.max(most, held);
    });
    for await (const piece of form.write(counted)) {
      held = 0;
      pieces += 1;
      largest = Math.max(largest, piece.length);
    }
    expect(most).toBeLessThanOrEqual(10_000);
    expect(pieces).toBeGreaterThanOrEqual(4);
    expect(largest).toBeLessThan(4_000_000);
  });

  test('Parquet that is written in pieces is one file, and has its row groups', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of FORMS.parquet.write(pages(() => undefined))) pieces.push(piece as Uint8Array);
    const rows = await readParquet(new Uint8Array(Buffer.concat(pieces)));
    expect(rows).toHaveLength(TOTAL * PER_PAGE);
    expect(rows.at(-1)?.['time']).toBe(START + (TOTAL * PER_PAGE - 1) * SECOND);
  });
});
