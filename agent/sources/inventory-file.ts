/**
 * An inventory from disk: a recorded watch (`cluster.jsonl`, one change a line, with history) or a dump (`kubectl get
 * pods,nodes -A -o json`, without), plain or gzipped.
 */
import { TruantError } from '../../shared/errors.ts';
import { parseClusterLine, parseDump, type SkipReason } from '../../shared/inventory/kubernetes-objects.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import { calledAs, type Input, openInput } from './input.ts';
import { whyUnreadable } from './unreadable.ts';

export interface InventoryFile {
  /** `live`: it has history; `snapshot`: it has none. */
  mode: 'live' | 'snapshot';
  /** In the file's order, which is that of time but for moments. */
  events: AsyncIterable<InventoryEvent>;
  /** What could not be read so far, by reason. */
  skipped: ReadonlyMap<SkipReason, number>;
}

/** Within this much there is a whole line of a recording: etcd takes no larger objects. */
const PEEK_BYTES = 2 * 1024 * 1024;
const FIRST_LINES = 5;
const NOTHING = 'there are neither pods nor nodes in it';
/** The longest string there can be. */
const MAX_DUMP_CHARS = 0x1fffffe8;

/** @throws {TruantError} INVENTORY_UNREADABLE; reading its events may throw it too */
export async function readInventoryFile(path: string): Promise<InventoryFile> {
  const skipped = new Map<SkipReason, number>();
  const count = (reason: SkipReason, by = 1) => skipped.set(reason, (skipped.get(reason) ?? 0) + by);
  const input = await openInput(path, PEEK_BYTES).catch((cause: unknown) => {
    throw unreadable(path, whyUnreadable(cause), cause);
  });
  const start = input.head.toString('utf8');
  if (start.trim() === '') throw unreadable(path, 'it is empty');
  if (isRecording(start)) return { mode: 'live', events: readRecording(path, input, count), skipped };
  const dump = await readDump(path, input);
  if (dump.skipped > 0) count('malformed-object', dump.skipped);
  return { mode: 'snapshot', events: each(dump.events), skipped };
}

/** Whether one of the first lines is one of a recording, the first of which may have been cut. */
function isRecording(start: string): boolean {
  return start.split('\n', FIRST_LINES).some((line) => {
    const event = parseClusterLine(line);
    return event !== 'not-json' && event !== 'not-a-record';
  });
}

async function* readRecording(
  path: string,
  input: Input,
  skip: (reason: SkipReason) => void,
): AsyncGenerator<InventoryEvent> {
  let rest = '';
  let empty = true;
  for await (const chunk of textOf(path, input)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* read(line);
  }
  yield* read(rest);
  if (empty) throw unreadable(path, NOTHING);

  function* read(line: string): Generator<InventoryEvent> {
    if (line.trim() === '') return;
    const event = parseClusterLine(line);
    if (typeof event === 'string') {
      skip(event);
      return;
    }
    empty = false;
    yield event;
  }
}

async function readDump(path: string, input: Input) {
  let text = '';
  for await (const chunk of textOf(path, input)) {
    if (text.length + chunk.length > MAX_DUMP_CHARS) throw unreadable(path, 'it is larger than 512 MB');
    text += chunk;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, 'it is no JSON', cause);
  }
  const dump = parseDump(json);
  if (dump === undefined) throw unreadable(path, 'it is JSON, but no list of Kubernetes objects');
  if (dump.events.length === 0) throw unreadable(path, NOTHING);
  return dump;
}

async function* textOf(path: string, input: Input): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for await (const { bytes } of input.read()) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    throw unreadable(path, whyUnreadable(cause), cause);
  }
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

const unreadable = (path: string, why: string, cause?: unknown): TruantError =>
  new TruantError('INVENTORY_UNREADABLE', `${calledAs(path)} is no inventory: ${why}`, {
    cause,
    remedy:
      'Give the output of `kubectl get pods,nodes -A -o json`, or a recorded watch: JSON lines of {"t","kind","type","object"}. Either may be gzipped.',
  });
