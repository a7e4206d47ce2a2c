/**
 * Reads one batch of records (magic 2) as a broker sends it, in the place of kafkajs' own reader. That one lets a batch that
 * it can't read end the fetch, for ever at the same place; believes what a batch says about its size; and spends quadratic
 * time on a record with many headers. Here whatever can't be read becomes one record that says so, at the batch's last
 * offset, so that reading goes on behind it; and how much one response may become in memory is bounded.
 */

/** Why a batch could not be read. */
export const UNREADABLE = ['undecodable', 'too-large'] as const;
export type Unreadable = (typeof UNREADABLE)[number];

/** The part of kafkajs' decoder that is needed: a response's bytes, and how far they have been read. */
export interface Cursor {
  buffer: Buffer;
  offset: number;
}

/** As kafkajs' consumer wants it. */
export interface BatchRecord {
  magicByte: number;
  attributes: number;
  /** Milliseconds since 1970; the batch's first record's. */
  timestamp: string;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  /** Always empty: nothing that Truant reads is in headers. */
  headers: Record<string, never>;
  isControlRecord: boolean;
  batchContext: { producerId: string; inTransaction: boolean };
  /** Of the record that stands for a batch that can't be read. */
  unreadable?: Unreadable;
}

export interface BatchLimits {
  /** Of one batch, unpacked. */
  maxBytes: number;
  maxRecords: number;
  /** Of all batches of one response, unpacked; the rest is left to the next response. */
  maxResponseBytes: number;
}

/** @throws when it is not what the codec says, or would become more than `maxBytes` (then with `tooLarge` set) */
export type Decompress = (compressed: Buffer, maxBytes: number) => Promise<Buffer>;

/** Thrown by a codec: it would unpack to more than is allowed. */
export class TooLarge extends Error {}

const HEADER_BYTES = 61;
const LENGTH_END = 12;
const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** What a record costs as an object, besides its bytes. */
const RECORD_COST = 512;

export const LIMITS: BatchLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxRecords: 20_000,
  maxResponseBytes: 32 * 1024 * 1024,
};

/** kafkajs takes an error of this name for the end of what a response holds whole. */
class PartialMessage extends Error {
  override readonly name = 'KafkaJSPartialMessageError';
}

/**
 * @param codecs how to unpack, by the number that the protocol gives a codec
 * @returns what kafkajs calls with a cursor at a batch's first byte, again and again
 */
export function batchReader(
  codecs: ReadonlyMap<number, Decompress>,
  limits: BatchLimits = LIMITS,
): (cursor: Cursor) => Promise<{ records: BatchRecord[] }> {
  /** What batches of a response have become so far; a response is one piece of memory. */
  const spent = new WeakMap<ArrayBufferLike, number>();

  return async (cursor) => {
    const batch = nextBatch(cursor);
    const before = spent.get(batch.buffer) ?? 0;
    if (before >= limits.maxResponseBytes) throw new PartialMessage('the response unpacks to too much');
    const header = readHeader(batch);
    let records: BatchRecord[];
    try {
      records = await readRecords(batch, header, codecs, limits);
    } catch (error) {
      records = [standIn(header, error instanceof TooLarge ? 'too-large' : 'undecodable')];
    }
    const cost = records.reduce((sum, { value }) => sum + RECORD_COST + (value?.length ?? 0), 0);
    spent.set(batch.buffer, before + cost);
    return { records };
  };
}

interface Header {
  firstOffset: bigint;
  lastOffsetDelta: number;
  attributes: number;
  timestamp: bigint;
  producerId: bigint;
  count: number;
}

/** Moves the cursor behind the batch. */
function nextBatch(cursor: Cursor): Buffer {
  const { buffer, offset } = cursor;
  const end = offset + LENGTH_END + buffer.readInt32BE(offset + 8);
  if (end > buffer.length || end < offset + HEADER_BYTES) {
    cursor.offset = buffer.length;
    throw new PartialMessage('a batch goes on behind the response');
  }
  cursor.offset = end;
  return buffer.subarray(offset, end);
}

function readHeader(batch: Buffer): Header {
  const attributes = batch.readInt16BE(21);
  return {
    firstOffset: batch.readBigInt64BE(0),
    attributes,
    lastOffsetDelta: batch.readInt32BE(23),
    timestamp: batch.readBigInt64BE(attributes & LOG_APPEND_TIME ? 35 : 27),
    producerId: batch.readBigInt64BE(43),
    count: batch.readInt32BE(57),
  };
}

async function readRecords(
  batch: Buffer,
  header: Header,
  codecs: ReadonlyMap<number, Decompress>,
  { maxBytes, maxRecords }: BatchLimits,
): Promise<BatchRecord[]> {
  if (header.count > maxRecords) throw new TooLarge(`${header.count} records`);
  const packed = batch.subarray(HEADER_BYTES);
  const codec = header.attributes & CODEC_MASK;
  const decompress = codecs.get(codec);
  if (codec !== 0 && !decompress) throw new Error(`codec ${codec} is not supported`);
  const bytes = decompress ? await decompress(packed, maxBytes) : packed;
  const reader = new RecordReader(bytes);
  const records: BatchRecord[] = [];
  for (let n = 0; n < header.count; n++) records.push(readRecord(reader, header));
  return records;
}

function readRecord(reader: RecordReader, header: Header): BatchRecord {
  const end = reader.varint() + reader.at;
  reader.skip(1);
  reader.skipVarint();
  const offset = header.firstOffset + BigInt(reader.varint());
  const key = reader.bytes(end);
  const value = reader.bytes(end);
  // Headers are what is left of it.
  reader.moveTo(end);
  return { ...commonOf(header), offset: String(offset), key, value };
}

const standIn = (header: Header, unreadable: Unreadable): BatchRecord => ({
  ...commonOf(header),
  offset: String(header.firstOffset + BigInt(Math.max(0, header.lastOffsetDelta))),
  key: null,
  value: null,
  isControlRecord: false,
  unreadable,
});

const commonOf = ({ attributes, timestamp, producerId }: Header) => ({
  magicByte: 2,
  attributes: 0,
  timestamp: String(timestamp),
  headers: {},
  isControlRecord: (attributes & CONTROL) !== 0,
  batchContext: { producerId: String(producerId), inTransaction: (attributes & TRANSACTIONAL) !== 0 },
});

class RecordReader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Zigzag, at most 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new RangeError('a number is too long');
  }

  skipVarint(): void {
    for (let read = 0; read < 10; read++) if (this.#byte() < 0x80) return;
    throw new RangeError('a number is too long');
  }

  /** Bytes preceded by their number; -1 is null. */
  bytes(end: number): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const from = this.at;
    if (from + length > end) throw new RangeError('longer than its record');
    this.at += length;
    return this.#bytes.subarray(from, this.at);
  }

  skip(count: number): void {
    this.at += count;
  }

  moveTo(at: number): void {
    if (at < this.at || at > this.#bytes.length) throw new RangeError('a record ends where it should not');
    this.at = at;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError('a record is cut short');
    return byte;
  }
}
