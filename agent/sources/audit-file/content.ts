/** The bytes of one log file from some offset on, be it plain and still growing or compressed and complete. */
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { HEAD_BYTES } from './fingerprint.ts';

export interface Content {
  readonly dev: string;
  readonly ino: string;
  /** Nothing can be appended to it any more. */
  readonly complete: boolean;
  /** The first bytes, at most HEAD_BYTES; grows with the file. */
  readonly head: Buffer;
  /** Offset of the next read. */
  readonly position: number;
  /** The next bytes, at most `max`, in a buffer of their own; empty at the present end. */
  read(max: number): Promise<Buffer>;
  /** False when the file was cut short or rewritten, so that what was read last may not be what it seems. */
  isIntact(): Promise<boolean>;
  close(): Promise<void>;
}

/** Whether reading failed because a compressed file is damaged or was cut short. */
export const isDamaged = (error: unknown): boolean =>
  String((error as NodeJS.ErrnoException | null)?.code).startsWith('Z_');

const NOTHING = Buffer.alloc(0);
const GUNZIP_CHUNK_BYTES = 256 * 1024;

/** Opens at `offset`, or at the end if the content is shorter than that. */
export async function openContent(path: string, compressed: boolean, offset = 0): Promise<Content> {
  const handle = await open(path, 'r');
  try {
    return compressed ? await GzipContent.open(handle, offset) : await PlainContent.open(handle, offset);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads until `buffer` is full or the file ends. */
async function readFully(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

class PlainContent implements Content {
  readonly complete = false;
  readonly dev: string;
  readonly ino: string;
  readonly #handle: FileHandle;
  #head: Buffer;
  #position: number;

  static async open(handle: FileHandle, offset: number): Promise<PlainContent> {
    const head = await readFully(handle, Buffer.alloc(HEAD_BYTES), 0);
    const { dev, ino, size } = await handle.stat({ bigint: true });
    return new PlainContent(handle, { dev: String(dev), ino: String(ino) }, head, Math.min(offset, Number(size)));
  }

  private constructor(handle: FileHandle, id: { dev: string; ino: string }, head: Buffer, position: number) {
    this.#handle = handle;
    this.dev = id.dev;
    this.ino = id.ino;
    this.#head = head;
    this.#position = position;
  }

  get head(): Buffer {
    return this.#head;
  }

  get position(): number {
    return this.#position;
  }

  async read(max: number): Promise<Buffer> {
    const { size } = await this.#handle.stat();
    if (size <= this.#position) return NOTHING;
    const buffer = Buffer.allocUnsafeSlow(Math.min(max, size - this.#position));
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#position);
    this.#position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  /** To be asked after each read: a file that still begins as it did has not been truncated and written anew before. */
  async isIntact(): Promise<boolean> {
    const { size } = await this.#handle.stat();
    if (size < this.#position) return false;
    const head = await readFully(this.#handle, Buffer.alloc(HEAD_BYTES), 0);
    if (head.length < this.#head.length || head.compare(this.#head, 0, this.#head.length, 0, this.#head.length) !== 0) {
      return false;
    }
    this.#head = head;
    return true;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

class GzipContent implements Content {
  readonly complete = true;
  readonly dev: string;
  readonly ino: string;
  readonly #gunzip: Gunzip;
  readonly #chunks: AsyncIterator<Buffer>;
  #head: Buffer = NOTHING;
  /** Decompressed and not yet read. */
  #waiting: Buffer = NOTHING;
  #position = 0;

  static async open(handle: FileHandle, offset: number): Promise<GzipContent> {
    const { dev, ino } = await handle.stat({ bigint: true });
    const content = new GzipContent(handle, { dev: String(dev), ino: String(ino) });
    try {
      await content.#readHead();
      while (content.#position < offset) {
        if ((await content.read(offset - content.#position)).length === 0) break;
      }
    } catch (error) {
      await content.close();
      throw error;
    }
    return content;
  }

  private constructor(handle: FileHandle, id: { dev: string; ino: string }) {
    this.dev = id.dev;
    this.ino = id.ino;
    this.#gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
    // the stream closes the handle
    const file = handle.createReadStream({ highWaterMark: GUNZIP_CHUNK_BYTES });
    file.on('error', (error) => this.#gunzip.destroy(error));
    // whoever reads next learns of it; until then nobody listens
    this.#gunzip.on('error', () => undefined);
    this.#gunzip.on('close', () => file.destroy());
    file.pipe(this.#gunzip);
    this.#chunks = this.#gunzip[Symbol.asyncIterator]();
  }

  get head(): Buffer {
    return this.#head;
  }

  get position(): number {
    return this.#position;
  }

  async read(max: number): Promise<Buffer> {
    if (this.#waiting.length === 0) this.#waiting = await this.#next();
    const chunk = this.#waiting.subarray(0, max);
    this.#waiting = this.#waiting.subarray(chunk.length);
    this.#position += chunk.length;
    return chunk;
  }

  isIntact(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async close(): Promise<void> {
    if (this.#gunzip.closed) return;
    const closed = new Promise((resolve) => this.#gunzip.once('close', resolve));
    this.#gunzip.destroy();
    await closed;
  }

  async #readHead(): Promise<void> {
    while (this.#waiting.length < HEAD_BYTES) {
      const chunk = await this.#next();
      if (chunk.length === 0) break;
      this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    }
    this.#head = Buffer.from(this.#waiting.subarray(0, HEAD_BYTES));
  }

  async #next(): Promise<Buffer> {
    const next = await this.#chunks.next();
    return next.done ? NOTHING : next.value;
  }
}
