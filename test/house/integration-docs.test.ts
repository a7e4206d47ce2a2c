/** What the docs have people configure is right, and the fields that they name are in what is sent. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../shared/config/parse.ts';
import type { FormatName } from '../../shared/formats/format.ts';
import { recordedAlerts } from '../formats/support/recorded-alerts.ts';
import { type Fence, fencesOf, type Page, pages, quotedIn, tablesOf } from './support/markdown.ts';
import { fieldsOf, messagesOf } from './support/message-fields.ts';

const docs = pages().filter(({ path }) => path.startsWith('docs/'));
const integrations = docs.filter(({ path }) => path.startsWith('docs/integrations/'));

/** By what a column of a table is headed. */
const FORMATS: Readonly<Record<string, FormatName>> = { native: 'native', ECS: 'ecs', OCSF: 'ocsf', CEF: 'cef' };
const DOTTED = /@?[a-z_]\w*(?:\{\})?(?:\.[a-z_]\w*(?:\{\})?)+/gi;

/** Those that stand for a SIEM: the others tell of formats, or are for people. */
const SIEMS = ['splunk', 'elastic', 'opensearch', 'sentinel', 'google-secops', 'datadog', 'kafka', 'syslog'];

describe('configurations with outputs', () => {
  const configurations = docs.flatMap(({ path, text }) =>
    fencesOf(text)
      .filter(({ info, body }) => info === 'yaml' && /^collector:/m.test(body) && /^ +outputs:/m.test(body))
      .map(({ body }, n) => ({ name: `${path}, ${n + 1}`, body })),
  );

  test('there are some', () => expect(configurations.length).toBeGreaterThan(SIEMS.length));

  test.each(configurations)('$name', ({ body }) => {
    expect(() => parseConfig(parse(body))).not.toThrow();
  });
});

describe('fields that tables name are in what is sent', () => {
  const columns = integrations.flatMap(({ path, text }) => columnsOf(text).map((column) => ({ path, ...column })));

  test.each(columns)('$path: $format', async ({ format, names }) => {
    expect(names.length).toBeGreaterThan(1);
    const fields = await fieldsOf(format);
    expect(names.filter((name) => !fields.has(name))).toEqual([]);
  });

  test('each page of a SIEM has a table', () => {
    expect(SIEMS.filter((siem) => !columns.some(({ path }) => path === pathOf(siem)))).toEqual([]);
  });
});

describe('fields that searches name are in what is sent', () => {
  const searches = integrations.flatMap((page) => searchesIn(page).map((search) => ({ path: page.path, ...search })));

  test.each(searches)('$path: $language', async ({ format, names }) => {
    expect(names.length).toBeGreaterThan(2);
    const fields = await fieldsOf(format);
    expect(names.filter((name) => !fields.has(name))).toEqual([]);
  });

  test('in several languages', () => {
    const languages = new Set(searches.map(({ language }) => language));
    expect([...languages].toSorted()).toEqual(['datadog', 'esql', 'kql', 'kusto', 'ppl', 'spl']);
  });
});

test('what Splunk takes out of an event by itself is in its first 5,000 bytes', async () => {
  const splunk = integrations.find(({ path }) => path === pathOf('splunk'));
  const used = splunk ? searchesIn(splunk).flatMap(({ names }) => names) : [];
  const keys = Object.keys((await recordedAlerts())[0] ?? {});
  const late = used.filter((name) => keys.indexOf(name.split('.')[1] ?? '') > keys.indexOf('findings'));
  expect(used).not.toEqual([]);
  expect(late).toEqual([]);
  for (const message of await messagesOf('native')) {
    expect(Buffer.byteLength(message.slice(0, message.indexOf('"findings":[')))).toBeLessThan(5000);
  }
});

const pathOf = (name: string): string => `docs/integrations/${name}.md`;

/** `| ECS field | what it is |`, or a column for each of several formats. */
function columnsOf(text: string): { format: FormatName; names: string[] }[] {
  return tablesOf(text).flatMap(({ header, rows }) =>
    header.flatMap((head, at) => {
      const format = FORMATS[head.replace(/ field$/, '')];
      const isOneOfMany = header.filter((other) => other in FORMATS).length > 1;
      if (format === undefined || !(isOneOfMany || head.endsWith(' field'))) return [];
      const others = head.endsWith(' field') ? rows.map((row) => row.at(-1) ?? '') : [];
      const named = rows.flatMap((row) => quotedIn(row[at] ?? ''));
      const besides = others.flatMap(quotedIn).filter((name) => name.match(DOTTED)?.[0] === name);
      return [{ format, names: [...named, ...besides] }];
    }),
  );
}

/** Blocks whose fence names a format besides the language. */
function searchesIn({ text }: Page): { language: string; format: FormatName; names: string[] }[] {
  return fencesOf(text).flatMap((fence) => {
    const [language = '', word] = fence.info.split(' ');
    const format = Object.values(FORMATS).find((name) => name === word);
    return format === undefined ? [] : [{ language, format, names: namesIn(fence, language, text) }];
  });
}

function namesIn({ body }: Fence, language: string, text: string): string[] {
  if (language === 'kusto') return cefKeysOf(body, text);
  const names = [...body.matchAll(DOTTED)].map(([name]) => name.replaceAll('{}', ''));
  if (language !== 'datadog') return names;
  return [...body.matchAll(/@([\w.]+)/g)].map(([, name = '']) => name);
}

const OF_SENTINEL = new Set(['CommonSecurityLog', 'TimeGenerated']);

/** The page's table tells which column is which key; a column that it does not have is left as it is, and found missing. */
function cefKeysOf(body: string, text: string): string[] {
  const keys = new Map(
    tablesOf(text)
      .filter(({ header }) => header[1] === 'Sentinel column')
      .flatMap(({ rows }) => rows.map(([key = '', column = '']) => [quotedIn(column)[0], quotedIn(key)[0]] as const)),
  );
  const columns = body.replace(/"[^"]*"/g, '').match(/\b[A-Z]\w+/g) ?? [];
  return columns.filter((column) => !OF_SENTINEL.has(column)).map((column) => keys.get(column) ?? column);
}
