/** The history for other tools, as the collector streams it: to a file that is whole or not there, or to standard output. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'undici';
import { TruantError } from '../shared/errors.ts';
import { whyItFailed } from '../shared/http/http-client.ts';
import { printable } from '../shared/text.ts';
import type { Api, Query } from './api.ts';
import { type Io, write } from './io.ts';

const MEDIA_TYPES = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;
export type ExportFormat = keyof typeof MEDIA_TYPES;
export const EXPORT_FORMATS = Object.keys(MEDIA_TYPES) as ExportFormat[];

/**
 * @param output a file, or - for standard output
 * @throws TruantError when it did not get to its end; then the file is as it was before
 */
export async function exportTo(
  api: Api,
  query: Query & { format: ExportFormat },
  output: string,
  io: Io,
): Promise<void> {
  const { format } = query;
  if (output === '-' && io.stdout.isTTY && format === 'parquet') {
    throw new TruantError('REQUEST_INVALID', 'Parquet is nothing for a terminal', {
      remedy: 'Name a file with --output, or redirect the output.',
    });
  }
  const place = output === '-' ? undefined : await placeOf(output);
  const stop = new AbortController();
  // Who stops it wants no part of a file left behind; standard output needs no such care.
  const signal = place === undefined ? stop.signal : io.stopSignal();
  const response = await api.stream('api/v1/history/export', { query, mediaType: MEDIA_TYPES[format], signal });
  if (place === undefined) await toStdout(response, io);
  else await toFile(response, place, signal);
  io.stderr.write(cutNote(response));
}

async function toStdout(response: Response, { stdout }: Io): Promise<void> {
  if (!stdout.isTTY) {
    for await (const chunk of chunksOf(response)) await write(stdout, chunk);
    return;
  }
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(response)) await write(stdout, shown(decoder.decode(chunk, { stream: true })));
}

/** Lines stay lines; whatever else a terminal might act on is shown as an escape. */
const shown = (text: string): string =>
  text
    .replace(/\r(?=\n|$)/g, '')
    .split('\n')
    .map(printable)
    .join('\n');

interface Place {
  file: string;
  /** A pipe or device: there is nothing that could be put in its place. */
  isSpecial: boolean;
}

async function placeOf(output: string): Promise<Place> {
  const there = await stat(output).catch(() => undefined);
  if (there?.isDirectory())
    throw new TruantError('REQUEST_INVALID', `${output} is a folder`, { remedy: 'Name a file.' });
  if (!there?.isFile()) return { file: output, isSpecial: there !== undefined };
  return { file: await realpath(output), isSpecial: false };
}

async function toFile(response: Response, { file, isSpecial }: Place, signal: AbortSignal): Promise<void> {
  const written = isSpecial ? file : `${file}.${randomBytes(6).toString('hex')}.part`;
  try {
    const out = createWriteStream(written, isSpecial ? { flags: 'w' } : { flags: 'wx', flush: true });
    await pipeline(chunksOf(response), out, { signal });
    if (!isSpecial) await rename(written, file);
  } catch (cause) {
    if (!isSpecial) await rm(written, { force: true });
    if (cause instanceof TruantError) throw cause;
    const why = signal.aborted ? 'it was stopped' : (cause as Error).message;
    throw new TruantError('OUTPUT_FAILED', `${file} was not written: ${why}`, { cause });
  }
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* (body ?? []) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new TruantError('COLLECTOR_UNREACHABLE', `the collector's answer broke off: ${whyItFailed(cause)}`, {
      cause,
      remedy: 'Try again; nothing of it is to be relied on.',
    });
  }
}

/** What the collector says before the first row: how many there are, and how many of these it sends. */
const TOTAL = 'truant-total-rows';
const SENT = 'truant-rows';

function cutNote({ headers }: Response): string {
  const [total, sent] = [TOTAL, SENT].map((name) => Number(headers.get(name) ?? 0));
  if (total === undefined || sent === undefined || !(total > sent)) return '';
  return `the newest ${sent} of ${total} rows are there: ask for less time at once, or for more with --limit\n`;
}
