/** Batches as brokers send them, and as nobody should. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecs } from '../../shared/kafka/codecs.ts';
import { type BatchLimits, batchReader, LIMITS } from '../../shared/kafka/record-batch.ts';
import { type BatchParts, encodeBatch } from '../support/kafka/encode-batch.ts';

const readers = new Map([...codecs.values()].map(({ number, decompress }) => [number, decompress]));

async function readAll(bytes: Buffer, limits: Partial<BatchLimits> = {}) {
  const read = batchReader(readers, { ...LIMITS, ...limits });
  const cursor = { buffer: bytes, offset: 0 };
  const records = [];
  while (cursor.offset < bytes.length) records.push(...(await read(cursor)).records);
  return records;
}

const values = (...texts: (string | null)[]) => texts.map((text) => (text === null ? null : Buffer.from(text)));
const batch = (parts: BatchParts) => encodeBatch(parts);
const gzip = (parts: BatchParts) => batch({ ...parts, codec: 'gzip' });

describe('batches', () => {
  test.each(['none', ...codecs.keys()] as const)('packed with %s are read', async (codec) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.option(fc.string()), value: fc.option(fc.uint8Array({ maxLength: 2000 })) }), {
          maxLength: 20,
        }),
        fc.nat(2 ** 40),
        async (given, firstOffset) => {
          const records = given.map(({ key, value }) => ({
            key: key === null ? null : Buffer.from(key),
            value: value && Buffer.from(value),
            headers: [['a', Buffer.from('b')]] as [string, Buffer][],
          }));
          const read = await readAll(await batch({ firstOffset, records, codec }));
          expect(read.map(({ key, value }) => ({ key, value }))).toEqual(
            records.map(({ key, value }) => ({ key, value })),
          );
          expect(read.map(({ offset }) => offset)).toEqual(records.map((_, n) => String(firstOffset + n)));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('that follow each other are read in turn', async () => {
    const two = [
      await batch({ firstOffset: 5, values: values('a', 'b') }),
      await gzip({ firstOffset: 7, values: values('c') }),
    ];
    expect((await readAll(Buffer.concat(two))).map(({ offset, value }) => [offset, String(value)])).toEqual([
      ['5', 'a'],
      ['6', 'b'],
      ['7', 'c'],
    ]);
  });

  test('the last of which is cut short end the response', async () => {
    const bytes = Buffer.concat([await batch({ values: values('a') }), await batch({ values: values('b') })]);
    await expect(readAll(bytes.subarray(0, bytes.length - 1))).rejects.toMatchObject({
      name: 'KafkaJSPartialMessageError',
    });
  });

  test('of a transaction say so', async () => {
    const [record] = await readAll(
      await batch({ values: values('x'), producerId: 77, transactional: true, control: true }),
    );
    expect(record).toMatchObject({ isControlRecord: true, batchContext: { producerId: '77', inTransaction: true } });
  });
});

describe('what cannot be read is one record at the last offset', () => {
  const undecodable = [{ offset: '12', value: null, unreadable: 'undecodable' }];
  const tooLarge = [{ offset: '12', value: null, unreadable: 'too-large' }];
  const three = { firstOffset: 10, values: values('a', 'b', 'c') };

  test.each<[string, Partial<BatchParts>, Partial<BatchLimits>, object[]]>([
    ['packed with snappy', { codecNumber: 2 }, {}, undecodable],
    ['a codec that nobody knows', { codecNumber: 7 }, {}, undecodable],
    ['says gzip and is not', { codecNumber: 1 }, {}, undecodable],
    ['says lz4 and is not', { codecNumber: 3 }, {}, undecodable],
    ['says that there are more records', { count: 4 }, {}, undecodable],
    ['says that there are a great many', { count: 2 ** 31 - 1 }, {}, tooLarge],
    ['has more records than allowed', {}, { maxRecords: 2 }, tooLarge],
    [
      'unpacks to more than allowed',
      { codec: 'gzip', values: values('a', 'b', 'x'.repeat(5000)) },
      { maxBytes: 5000 },
      tooLarge,
    ],
  ])('%s', async (_because, parts, limits, expected) => {
    expect(await readAll(await batch({ ...three, ...parts }), limits)).toMatchObject(expected);
  });

  test('and what follows it is read', async () => {
    const bytes = Buffer.concat([
      await batch({ ...three, codecNumber: 2 }),
      await batch({ firstOffset: 13, values: values('d') }),
    ]);
    expect((await readAll(bytes)).map(({ offset }) => offset)).toEqual(['12', '13']);
  });
});

describe('a response', () => {
  test('that unpacks to too much is left to the next one, but for what was read', async () => {
    const bomb = await gzip({ values: [Buffer.alloc(3_000_000, 'x')] });
    const bytes = Buffer.concat(Array.from({ length: 50 }, () => bomb));
    const read = batchReader(readers, { ...LIMITS, maxResponseBytes: 5_000_000 });
    const cursor = { buffer: bytes, offset: 0 };
    expect((await read(cursor)).records).toHaveLength(1);
    expect((await read(cursor)).records).toHaveLength(1);
    await expect(read(cursor)).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
  });

  test('of anything ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 62, maxLength: 300 }), async (bytes) => {
        const buffer = Buffer.from(bytes);
        buffer.writeInt32BE(buffer.length - 12, 8);
        const records = await readAll(buffer);
        expect(records.length).toBeLessThanOrEqual(300);
      }),
      { numRuns: 500 },
    );
  });

  test('with a record of very many headers takes no time', async () => {
    const headers = Array.from({ length: 200_000 }, (_, n): [string, Buffer] => [`h${n}`, Buffer.alloc(0)]);
    const bytes = await batch({ records: [{ key: null, value: Buffer.from('x'), headers }] });
    expect(await readAll(bytes)).toMatchObject([{ value: Buffer.from('x'), headers: {} }]);
  });
});
