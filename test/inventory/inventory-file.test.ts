import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInventoryFile } from '../../agent/sources/inventory-file.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import { pipe } from '../audit-file/lab.ts';

const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures');
const RECORDING = path.join(FIXTURES, 'recordings', '09-proc-root-read', 'cluster.jsonl');
const DUMP = path.join(FIXTURES, 'webhook', 'dump.json');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-inventory-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const made = path.join(folder, name);
  await writeFile(made, content);
  return made;
}

async function readAll(from: string) {
  const { mode, events, skipped } = await readInventoryFile(from);
  const read: InventoryEvent[] = [];
  for await (const event of events) read.push(event);
  return { mode, events: read, skipped: Object.fromEntries(skipped) };
}

const pod = (uid: string, extra: object = {}) => ({
  kind: 'Pod',
  metadata: { name: uid, namespace: 'a', uid, ...extra },
});
const line = (uid: string, extra: object = {}) =>
  JSON.stringify({ t: '2026-11-23T18:30:00Z', kind: 'Pod', type: 'ADDED', object: pod(uid, extra) });
const uids = (events: InventoryEvent[]) =>
  events.map((event) => (event.type === 'pod-upsert' ? event.pod.uid : event.type));

describe('a recorded watch', () => {
  test('is read in order, with its history', async () => {
    const { mode, events, skipped } = await readAll(RECORDING);
    expect(mode).toBe('live');
    expect(events).toHaveLength(1 + 1 + 20);
    expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).toSorted((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ type: 'pod-delete', name: 'node-debug' });
    expect(skipped).toEqual({ irrelevant: 55 });
  });

  test('without a newline at its end, with lines cut at both ends and garbage between', async () => {
    const text = [
      line('cut').slice(50),
      line('one'),
      '',
      'garbage',
      '{"t":"x"}',
      line('two'),
      line('last').slice(0, 40),
    ];
    expect(await readAll(await file('cut.jsonl', text.join('\n')))).toMatchObject({
      mode: 'live',
      events: [{ pod: { uid: 'one' } }, { pod: { uid: 'two' } }],
      skipped: { 'not-json': 3, 'not-a-record': 1 },
    });
    expect(uids((await readAll(await file('open.jsonl', line('one')))).events)).toEqual(['one']);
  });

  test('with lines longer than what is read at once, and letters of several bytes', async () => {
    const long = line('one', { annotations: { text: 'ü€𝄞'.repeat(100_000) } });
    expect(uids((await readAll(await file('long.jsonl', `${long}\n${line('two')}\n`))).events)).toEqual(['one', 'two']);
  });
});

describe('a dump', () => {
  test('is read, without history', async () => {
    const { mode, events } = await readAll(DUMP);
    expect(mode).toBe('snapshot');
    expect(events).toHaveLength(9);
  });

  test.each([
    ['on one line', JSON.stringify({ kind: 'List', items: [pod('one'), pod('two')] })],
    ['of one kind', JSON.stringify({ kind: 'PodList', items: [pod('one'), pod('two')] }, null, 4)],
    [
      'with what is no object',
      JSON.stringify({ kind: 'List', items: [pod('one'), null, pod('two'), { kind: 'Pod' }] }),
    ],
  ])('%s', async (name, text) => {
    const { mode, events, skipped } = await readAll(await file(`${name}.json`, text));
    expect(mode).toBe('snapshot');
    expect(uids(events)).toEqual(['one', 'two']);
    expect(skipped).toEqual(name === 'with what is no object' ? { 'malformed-object': 1 } : {});
  });

  test('of one object', async () => {
    expect(uids((await readAll(await file('pod.json', JSON.stringify(pod('one'), null, 2)))).events)).toEqual(['one']);
  });
});

test('gzipped, whatever its name', async () => {
  const recording = await file('recording', gzipSync(`${line('one')}\n${line('two')}\n`));
  expect(await readAll(recording)).toMatchObject({ mode: 'live', events: [{}, {}] });
  const dump = await file('dump', gzipSync(JSON.stringify({ kind: 'List', items: [pod('one')] })));
  expect(await readAll(dump)).toMatchObject({ mode: 'snapshot', events: [{}] });
});

test.each([
  ['a recording', 'live', `${line('one')}\n${line('two')}\n`],
  [
    'a long recording',
    'live',
    `${line('one')}\n${`${line('x', { annotations: { text: 'x'.repeat(50_000) } })}\n`.repeat(80)}`,
  ],
  ['a dump', 'snapshot', JSON.stringify({ kind: 'List', items: [pod('one'), pod('two')] })],
  [
    'a dump with a byte order mark',
    'snapshot',
    `\ufeff${JSON.stringify({ kind: 'List', items: [pod('one'), pod('two')] })}`,
  ],
])('from a pipe: %s, also gzipped', async (name, mode, text) => {
  for (const content of [Buffer.from(text), gzipSync(text)]) {
    const { path: at, written } = pipe(path.join(folder, `${name} ${content.length}`), content);
    const read = await readAll(at);
    await written;
    expect(read.mode).toBe(mode);
    expect(uids(read.events)[0]).toBe('one');
    expect(read.events).toHaveLength(name === 'a long recording' ? 81 : 2);
  }
});

test.each<[string, string | Buffer, RegExp]>([
  ['empty', '', /is empty/],
  ['blank', ' \n\n ', /is empty/],
  ['a table', 'NAMESPACE   NAME   READY\nshop   one   1/1\n', /no JSON/],
  ['a YAML list', 'apiVersion: v1\nitems: []\n', /no JSON/],
  ['other JSON', '{"hello": "world"}', /no list of Kubernetes objects/],
  [
    'an audit log',
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1"}\n{"kind":"Event","apiVersion":"audit.k8s.io/v1"}\n',
    /no JSON/,
  ],
  ['an audit event', '{"kind":"Event","apiVersion":"audit.k8s.io/v1"}\n', /neither pods nor nodes/],
  ['a dump of something else', '{"kind":"List","items":[{"kind":"ConfigMap"}]}', /neither pods nor nodes/],
  ['a recording of something else', line('one').replace('"Pod","type"', '"Service","type"'), /neither pods nor nodes/],
  ['a cut dump', '{"kind":"List","items":[', /no JSON/],
  [
    'a cut archive',
    gzipSync(JSON.stringify({ items: 'x'.repeat(100_000) })).subarray(0, 60),
    /gzipped, and its end is missing/,
  ],
  ['a broken archive', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100, 7)]), /gzipped, and damaged/],
])('%s is no inventory, and what would be is said', async (name, content, why) => {
  const made = await file(`no ${name}`, content);
  await expect(readAll(made)).rejects.toMatchObject({
    code: 'INVENTORY_UNREADABLE',
    message: expect.stringMatching(why),
    remedy: expect.stringContaining('kubectl get pods,nodes -A -o json'),
  });
});

test.each([
  ['missing', /there is no such file/],
  ['.', /it is a folder/],
])('%s is no file', async (name, why) => {
  await expect(readInventoryFile(path.join(folder, name))).rejects.toMatchObject({
    code: 'INVENTORY_UNREADABLE',
    message: expect.stringMatching(why),
  });
});
