/** What a collector makes of the partitions that it has, without a broker. */
import { expect, test } from 'vitest';
import { Partitions } from '../../collector/receive/kafka/partitions.ts';
import { Taking } from '../../collector/receive/kafka/taking.ts';
import type { Consumer, EachBatchPayload } from '../../shared/kafka/client.ts';
import { wallClock } from '../../shared/time.ts';
import { use } from '../collector/support/make.ts';
import { envelopeOf } from '../support/runs.ts';

function reading() {
  const sought: string[] = [];
  const sights: string[] = [];
  const partitions = new Partitions({
    topic: 't',
    taking: new Taking({
      take: async ({ arrivals }) => ({ accepted: arrivals.length, duplicates: 0, rejected: 0 }),
      consume: async () => undefined,
      clusters: new Set(),
      clock: wallClock,
    }),
    onRead: () => undefined,
    onStored: () => undefined,
    onSight: ({ found }) => sights.push(found),
    setAside: async () => undefined,
    onFailure: async () => undefined,
    signal: new AbortController().signal,
  });
  const consumer = { seek: ({ offset }: { offset: string }) => sought.push(offset) } as unknown as Consumer;
  const read = (from: number, count: number) =>
    partitions.read(
      {
        batch: {
          partition: 0,
          highWatermark: String(from + count),
          messages: Array.from({ length: count }, (_, n) => ({
            offset: String(from + n),
            value: Buffer.from(JSON.stringify(envelopeOf(from + n, use(from + n)))),
          })),
        },
        heartbeat: async () => undefined,
        isRunning: () => true,
        isStale: () => false,
        resolveOffset: () => undefined,
        commitOffsetsIfNecessary: async () => undefined,
      } as unknown as EachBatchPayload,
      consumer,
    );
  partitions.assign([0], consumer);
  return { partitions, consumer, sought, sights, read };
}

test('that more was read and stored while the brokers were asked where a partition ends makes no other topic of it', async () => {
  const { partitions, consumer, sought, sights, read } = reading();
  await read(0, 10);
  const stood = partitions.stand();
  await read(10, 5);
  partitions.endsAt(0, 10, { stood, consumer });
  expect([sights, sought]).toEqual([[], ['0']]);
  partitions.endsAt(0, 10, { stood: partitions.stand(), consumer });
  expect([sights, sought]).toEqual([['made-anew'], ['0', '0']]);
});

test('a partition that it got while the brokers were asked is not judged by that answer', async () => {
  const { partitions, consumer, sights, read } = reading();
  const stood = new Map<number, number>();
  await read(0, 10);
  partitions.endsAt(0, 3, { stood, consumer });
  expect(sights).toEqual([]);
});
