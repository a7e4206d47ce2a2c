/** A batch of records (magic 2) as a broker sends it, right or, where a test says so, wrong. */
import { codecs } from '../../../shared/kafka/codecs.ts';

export interface EncodedRecord {
  key: Buffer | null;
  value: Buffer | null;
  headers?: [string, Buffer][];
}

export interface BatchParts {
  firstOffset?: number;
  values?: (Buffer | null)[];
  records?: EncodedRecord[];
  codec?: 'none' | 'gzip' | 'lz4' | 'zstd';
  /** What it says that it is packed with. */
  codecNumber?: number;
  /** How many records it says that it has. */
  count?: number;
  producerId?: number;
  transactional?: boolean;
  control?: boolean;
}

export async function encodeBatch({
  firstOffset = 0,
  values = [],
  records = values.map((value) => ({ key: null, value })),
  codec = 'none',
  codecNumber = codecs.get(codec)?.number ?? 0,
  count = records.length,
  producerId = -1,
  transactional = false,
  control = false,
}: BatchParts): Promise<Buffer> {
  const plain = Buffer.concat(records.map(encodeRecord));
  const packed = codec === 'none' ? plain : await (codecs.get(codec)?.compress(plain) ?? plain);
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(firstOffset), 0);
  header.writeInt32BE(61 - 12 + packed.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(codecNumber | (transactional ? 0x10 : 0) | (control ? 0x20 : 0), 21);
  header.writeInt32BE(Math.max(0, records.length - 1), 23);
  header.writeBigInt64BE(BigInt(producerId), 43);
  header.writeInt32BE(count, 57);
  return Buffer.concat([header, packed]);
}

function encodeRecord({ key, value, headers = [] }: EncodedRecord, index: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(index),
    sized(key),
    sized(value),
    varint(headers.length),
    ...headers.flatMap(([name, content]) => [sized(Buffer.from(name)), sized(content)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

const sized = (bytes: Buffer | null): Buffer => (bytes ? Buffer.concat([varint(bytes.length), bytes]) : varint(-1));

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
