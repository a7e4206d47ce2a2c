import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { murmur2, partitionOf } from '../../shared/kafka/partition.ts';

describe('the partition of a cluster', () => {
  // From Kafka's own UtilsTest.
  test.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])("has the hash of Kafka's own clients: %s", (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test('is one that there is, and the same each time', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), (cluster, count) => {
        const partition = partitionOf(cluster, count);
        expect(partition).toBe(partitionOf(cluster, count));
        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
      }),
    );
  });
});
