import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compressFrame } from 'lz4-napi';
import { describe, expect, test } from 'vitest';
import { codecs, lz4Bound, requireCodec } from '../../shared/kafka/codecs.ts';
import { TooLarge } from '../../shared/kafka/record-batch.ts';

describe.each([...codecs])('%s', (_name, { compress, decompress }) => {
  test('gives back what it was given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300_000 }), async (bytes) => {
        const plain = Buffer.from(bytes);
        expect(await decompress(await compress(plain), 1_000_000)).toEqual(plain);
      }),
      { numRuns: 30 },
    );
  });

  test('refuses what would become more than is allowed, by a byte or by a lot', async () => {
    for (const size of [10_001, 200_000_000]) {
      const packed = await compress(Buffer.alloc(size, 'x'));
      await expect(decompress(packed, 10_000)).rejects.toBeInstanceOf(TooLarge);
    }
    const exact = await compress(Buffer.alloc(10_000, 'x'));
    expect(await decompress(exact, 10_000)).toHaveLength(10_000);
  });

  test('rejects what it has not packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        await expect(decompress(Buffer.from(bytes), 10_000)).rejects.toBeInstanceOf(Error);
      }),
      { numRuns: 50 },
    );
  });

  test('rejects what was cut short', async () => {
    const packed = await compress(Buffer.from('observations '.repeat(1000)));
    await expect(decompress(packed.subarray(0, packed.length - 9), 100_000)).rejects.toBeInstanceOf(Error);
  });
});

describe('lz4', () => {
  test('the bound is never below what a frame unpacks to, and not far above', async () => {
    for (const size of [0, 1, 1000, 65_536, 65_537, 1_000_000, 9_000_000]) {
      const bound = lz4Bound(await compressFrame(Buffer.alloc(size, 'ab')));
      expect(bound).toBeGreaterThanOrEqual(size);
      expect(bound).toBeLessThanOrEqual(size + 4_194_304);
    }
  });
});

test('a codec that this Node lacks is said at the start', () => {
  if (codecs.has('zstd')) expect(() => requireCodec('zstd')).not.toThrow();
  else expect(() => requireCodec('zstd')).toThrow(/zstd.*lacks/);
});

test('a member of gzip after another counts too', async () => {
  const { decompress } = codecs.get('gzip') as NonNullable<ReturnType<typeof codecs.get>>;
  const member = gzipSync(Buffer.alloc(6000, 'x'));
  await expect(decompress(Buffer.concat([member, member]), 10_000)).rejects.toBeInstanceOf(TooLarge);
});
