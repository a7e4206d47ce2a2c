/**
 * How batches are packed. Unpacking is bounded: a batch that would become more is refused before, or while, it is unpacked.
 * lz4 comes with a package, zstd with Node itself from 22.15 on. Snappy is not supported: agents never use it.
 */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { TruantError } from '../errors.ts';
import { type Decompress, TooLarge } from './record-batch.ts';

export const COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface Codec {
  /** In the protocol. */
  number: number;
  compress(plain: Buffer): Promise<Buffer>;
  decompress: Decompress;
}

/** Absent: this Node does not have it. */
export const codecs: ReadonlyMap<Compression, Codec> = new Map(
  [
    ['gzip', gzip()],
    ['lz4', lz4()],
    ['zstd', zstd()],
  ].filter((entry): entry is [Compression, Codec] => entry[1] !== undefined),
);

/** @throws TruantError CONFIG_INVALID when this Node does not have it */
export function requireCodec(compression: Compression): void {
  if (compression === 'none' || codecs.has(compression)) return;
  throw new TruantError('CONFIG_INVALID', `kafka.compression is ${compression}, which Node ${process.version} lacks.`, {
    remedy: 'Run Node 22.15 or newer, or choose gzip or lz4.',
  });
}

function gzip(): Codec {
  const compress = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
  const decompress = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip);
  return {
    number: 1,
    compress: (plain) => compress(plain, { level: 1 }),
    decompress: (packed, maxOutputLength) => decompress(packed, { maxOutputLength }).catch(tooLarge),
  };
}

function lz4(): Codec {
  return {
    number: 3,
    compress: async (plain) => (await loadLz4()).compressFrame(plain),
    decompress: async (packed, maxBytes) => {
      // The last block may be less than full.
      if (lz4Bound(packed) > maxBytes + LARGEST_BLOCK) throw new TooLarge('lz4');
      const plain = await (await loadLz4()).decompressFrame(packed);
      if (plain.length > maxBytes) throw new TooLarge('lz4');
      return plain;
    },
  };
}

/** When it is first wanted: where its binary is missing, all else works without it. */
const loadLz4 = () => import('lz4-napi');

/** Node 20's types don't know of it. */
interface WithZstd {
  zstdCompress?: (plain: Buffer, done: (error: Error | null, packed: Buffer) => void) => void;
  zstdDecompress?: (
    packed: Buffer,
    options: { maxOutputLength: number },
    done: (error: Error | null, plain: Buffer) => void,
  ) => void;
}

function zstd(): Codec | undefined {
  const { zstdCompress, zstdDecompress } = zlib as WithZstd;
  if (!zstdCompress || !zstdDecompress) return undefined;
  const compress = promisify(zstdCompress);
  const decompress = promisify(zstdDecompress);
  return {
    number: 4,
    compress: (plain) => compress(plain),
    decompress: (packed, maxOutputLength) => decompress(packed, { maxOutputLength }).catch(tooLarge),
  };
}

function tooLarge(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge('zlib');
  throw error;
}

const LZ4_MAGIC = 0x184d2204;
const CONTENT_SIZE = 0x08;
const BLOCK_CHECKSUM = 0x10;
const DICTIONARY = 0x01;
const LARGEST_BLOCK = 4_194_304;
/** Of a block, by what the frame's header says. */
const BLOCK_BYTES = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, LARGEST_BLOCK];
const STORED = 0x8000_0000;

/**
 * The most that a frame of lz4 can unpack to, by the number and size of its blocks; only the last one may be less than full,
 * so that it is hardly more than what it does unpack to.
 *
 * @throws when it is no frame
 */
export function lz4Bound(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('no frame of lz4');
  const flags = frame.readUInt8(4);
  const blockBytes = BLOCK_BYTES[(frame.readUInt8(5) >> 4) & 0x07] ?? 0;
  let at = 7 + (flags & CONTENT_SIZE ? 8 : 0) + (flags & DICTIONARY ? 4 : 0);
  let bound = 0;
  for (;;) {
    const size = frame.readUInt32LE(at);
    if (size === 0) return bound;
    const length = size % STORED;
    bound += size >= STORED ? length : Math.min(blockBytes, length * 255);
    at += 4 + length + (flags & BLOCK_CHECKSUM ? 4 : 0);
  }
}
