/**
 * What is read once from its beginning to its end: a file, a pipe or standard input, plain or gzipped. Looking at how it
 * begins takes nothing away: a regular file is opened again, and of a pipe what was looked at comes first.
 */
import { createReadStream, readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

/** Standard input, where a path is asked for. */
export const STDIN = '-';

/** How a path is called when something is said of what is there. */
export const calledAs = (path: string): string => (path === STDIN ? 'standard input' : path);

export interface Chunk {
  /** Decompressed. Their memory is used again once the next ones are asked for. */
  bytes: Buffer;
  /** How many bytes as stored that took. */
  stored: number;
}

export interface Input {
  /** As stored; undefined when nobody knows, as of a pipe. */
  size: number | undefined;
  /** How it begins, decompressed: at least as much as was asked for, or all there is. */
  head: Buffer;
  /** All of it but a byte order mark; of a pipe only once. */
  read(): AsyncGenerator<Chunk>;
}

/** What fits into a processor's own cache is read three times as fast as 1 MB at once, and searched faster too. */
const CHUNK_BYTES = 128 * 1024;
const BREATHE_BYTES = 8 * CHUNK_BYTES;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Rejects when it can't be opened or its very beginning can't be read; what is wrong further on, reading it tells. */
export async function openInput(path: string, headBytes: number): Promise<Input> {
  const found = path === STDIN ? undefined : await stat(path);
  return found?.isFile() ? openFile(path, found.size, headBytes) : openPipe(path, headBytes);
}

async function openFile(path: string, size: number, headBytes: number): Promise<Input> {
  const read = (): AsyncGenerator<Chunk> => contentOf(ofFile(path));
  return { size, head: await headOf(read(), headBytes), read };
}

async function headOf(chunks: AsyncGenerator<Chunk>, bytes: number): Promise<Buffer> {
  try {
    return (await peek(chunks, bytes)).head;
  } finally {
    await chunks.return(undefined);
  }
}

async function openPipe(path: string, headBytes: number): Promise<Input> {
  const { head, all } = await peek(contentOf(ofPipe(path)), headBytes);
  return { size: undefined, head, read: () => all };
}

/** Takes the first bytes of `chunks`; `all` gives them once more, and then the rest. */
async function peek(
  chunks: AsyncGenerator<Chunk>,
  bytes: number,
): Promise<{ head: Buffer; all: AsyncGenerator<Chunk> }> {
  const taken: Buffer[] = [];
  let length = 0;
  let stored = 0;
  let failure: { cause: unknown } | undefined;
  try {
    while (length < bytes) {
      const next = await chunks.next();
      if (next.done) break;
      taken.push(Buffer.from(next.value.bytes));
      length += next.value.bytes.length;
      stored += next.value.stored;
    }
  } catch (cause) {
    if (length === 0) throw cause;
    failure = { cause };
  }
  const head = Buffer.concat(taken);
  return { head, all: again() };

  async function* again(): AsyncGenerator<Chunk> {
    try {
      if (head.length > 0) yield { bytes: head, stored };
      if (failure) throw failure.cause;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
}

async function* contentOf(raw: AsyncGenerator<Chunk>): AsyncGenerator<Chunk> {
  const { head: magic, all: whole } = await peek(raw, GZIP_MAGIC.length);
  const plain = beginsWith(magic, GZIP_MAGIC) ? gunzipped(whole) : whole;
  const { head, all } = await peek(plain, BYTE_ORDER_MARK.length);
  let skip = beginsWith(head, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  for await (const { bytes, stored } of all) {
    yield { bytes: bytes.subarray(skip), stored };
    skip = 0;
  }
}

const beginsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);

/** Synchronous, as whoever asks has nothing else to do and the kernel reads ahead: no thread is woken 8 times a MB. */
async function* ofFile(path: string): AsyncGenerator<Chunk> {
  const handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  try {
    for (let position = 0; ; ) {
      const length = readSync(handle.fd, buffer, 0, buffer.length, position);
      if (length === 0) return;
      yield { bytes: buffer.subarray(0, length), stored: length };
      position += length;
      // others get their turn: signals, a progress bar
      if (position % BREATHE_BYTES === 0) await setImmediate();
    }
  } finally {
    await handle.close();
  }
}

async function* ofPipe(path: string): AsyncGenerator<Chunk> {
  // By its name standard input can't be opened again when it is a socket, as under ssh.
  const isStdin = path === STDIN || path === '/dev/stdin';
  const stream = isStdin ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  for await (const bytes of stream as AsyncIterable<Buffer>) yield { bytes, stored: bytes.length };
}

async function* gunzipped(chunks: AsyncGenerator<Chunk>): AsyncGenerator<Chunk> {
  let taken = 0;
  let told = 0;
  async function* compressed(): AsyncGenerator<Buffer> {
    for await (const { bytes, stored } of chunks) {
      taken += stored;
      yield Buffer.from(bytes);
    }
  }
  const stream = pipeline(compressed, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined);
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    yield { bytes, stored: taken - told };
    told = taken;
  }
}
