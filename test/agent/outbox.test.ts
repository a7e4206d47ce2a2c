import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, test, vi } from 'vitest';
import { Outbox, type OutboxOptions } from '../../agent/outbox.ts';
import { decodeRecord, encodeRecord, observationOf, type SpoolRecord } from '../../agent/spool/record.ts';
import { type Delivery, REFUSALS, type Refusal, type Run } from '../../agent/transport/transport.ts';
import { Envelope } from '../../shared/schema/envelope.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { silent } from '../audit-file/lab.ts';
import { use } from '../collector/support/make.ts';

/** As a spool, in memory: of its records every third number is left out. */
class FakeSpool implements Pick<OutboxOptions['spool'], keyof OutboxOptions['spool']> {
  readonly uuid = 'a-uuid';
  readonly acknowledged: number[] = [];
  #records: SpoolRecord[] = [];
  #onMore = (): void => undefined;
  fails = 0;

  put(from: number, until: number): void {
    for (let n = from; n < until; n += 1) {
      const position = positionOf(n);
      const value = encodeRecord({ observation: use(n), findings: [] }, position, 0);
      this.#records.push(decodeRecord(value, position) as SpoolRecord);
    }
    this.#onMore();
  }

  read(most: { records: number }, after = -1): SpoolRecord[] {
    if (this.fails > 0) {
      this.fails -= 1;
      throw new Error('MDB_CORRUPTED');
    }
    return this.#records.filter(({ position }) => position > after).slice(0, most.records);
  }

  acknowledge(records: readonly SpoolRecord[]): void {
    this.#records = this.#records.filter((record) => !records.includes(record));
    this.acknowledged.push(...records.map(({ position }) => position));
  }

  more(): Promise<void> {
    return new Promise((resolve) => (this.#onMore = resolve));
  }

  wake(): void {
    this.#onMore();
  }

  written(): Promise<void> {
    return Promise.resolve();
  }
}

const positionOf = (n: number): number => 100 + n + Math.floor(n / 2);
const positions = (from: number, until: number): number[] =>
  Array.from({ length: until - from }, (_, n) => positionOf(from + n));

interface Refused extends Refusal {
  ids: string[];
}

function outboxWith(send: (run: Run, signal: AbortSignal) => Delivery | Promise<Delivery>) {
  const prepared: Run[] = [];
  const registry = new Registry();
  const spool = new FakeSpool();
  const sent: Run[] = [];
  const refused: Refused[] = [];
  const outbox = new Outbox({
    cluster: 'lab',
    agent: 'node-a',
    spool,
    metrics: componentMetrics(registry, 'outbox', { dropped: REFUSALS }),
    transport: {
      send: async (run, signal) => {
        sent.push(run);
        return send(run, signal);
      },
      prepare: (run) => void prepared.push(run),
      trouble: () => 'no connection',
    },
    onRefused: (refusal, records) =>
      refused.push({ ...refusal, ids: records.map((record) => observationOf(record).id) }),
    logger: silent,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  outbox.start();
  return { outbox, spool, sent, prepared, refused, registry };
}

const idsOf = ({ records }: Run): string[] => records.map(({ value }) => envelopeOf(value).observation.id);
const envelopeOf = (value: Buffer) => Envelope.parse(JSON.parse(value.toString()));

describe('Outbox', () => {
  test('sends envelopes of one stream, each with its number', async () => {
    const { outbox, spool, sent } = outboxWith(() => 'stored');
    spool.put(0, 3);
    await outbox.stop(10_000);
    const stream = 'lab/node-a/a-uuid';
    expect(sent).toMatchObject([{ cluster: 'lab', agent: 'node-a', stream }]);
    expect(
      sent.flatMap(({ records }) => records.map(({ key, value }) => ({ key, envelope: envelopeOf(value) }))),
    ).toEqual(
      [0, 1, 2].map((n) => {
        const observation = use(n);
        const { kind, time } = observation;
        const sender = { schema: 1, cluster: 'lab', agent: 'node-a', stream, position: positionOf(n) };
        return { key: 'JTI=cart', envelope: { ...sender, kind, time, observation, findings: [] } };
      }),
    );
    expect(spool.acknowledged).toEqual(positions(0, 3));
  });

  test('goes on as soon as there is more', async () => {
    const { outbox, spool } = outboxWith(() => 'stored');
    for (let n = 0; n < 5; n += 1) {
      spool.put(n, n + 1);
      await vi.waitFor(() => expect(spool.acknowledged).toEqual(positions(0, n + 1)));
    }
    await outbox.stop(10_000);
  });

  test('where much waits, the next run is made ready while one is on its way, and that very run is sent', async () => {
    let arrive = (): void => undefined;
    const { outbox, spool, sent, prepared } = outboxWith(
      () => new Promise((resolve) => (arrive = () => resolve('stored'))),
    );
    spool.put(0, 7000);
    await vi.waitFor(() => expect(prepared).toHaveLength(1));
    expect(sent).toHaveLength(1);
    arrive();
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toBe(prepared[0]);
    arrive();
    await outbox.stop(10_000);
    expect(sent.flatMap(idsOf)).toEqual(Array.from({ length: 7000 }, (_, n) => use(n).id));
    expect(spool.acknowledged).toEqual(positions(0, 7000));
  });

  test('a run that could not even be sent is sent again before any that is behind it', async () => {
    let failures = 1;
    const { outbox, spool, sent } = outboxWith(async (): Promise<Delivery> => {
      if (failures-- > 0) throw new Error('out of memory');
      return 'stored';
    });
    spool.put(0, 7000);
    await vi.waitFor(() => expect(spool.acknowledged).toHaveLength(7000));
    await outbox.stop(10_000);
    expect(sent.slice(1).flatMap(idsOf)).toEqual(Array.from({ length: 7000 }, (_, n) => use(n).id));
    expect(spool.acknowledged).toEqual(positions(0, 7000));
  });

  test('what is too large is halved until what is too large stands alone, and all else is delivered in order', async () => {
    const huge = use(37).id;
    const { outbox, spool, sent, refused } = outboxWith((run) =>
      idsOf(run).includes(huge) ? { reason: 'too-large', detail: '413' } : 'stored',
    );
    spool.put(0, 100);
    await outbox.stop(10_000);
    expect(refused).toEqual([{ reason: 'too-large', detail: '413', ids: [huge] }]);
    const stored = sent.map(idsOf).filter((ids) => !ids.includes(huge));
    expect(stored.flat()).toEqual(Array.from({ length: 100 }, (_, n) => use(n).id).filter((id) => id !== huge));
    expect(spool.acknowledged).toEqual(positions(0, 100));
  });

  test('whatever is too large or refused, each observation is delivered once or told as refused, in its place', async () => {
    const world = fc.record({
      total: fc.integer({ min: 1, max: 60 }),
      fits: fc.integer({ min: 1, max: 60 }),
      bad: fc.uniqueArray(fc.nat(59), { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ total, fits, bad }) => {
        const badIds = new Set(bad.map((n) => use(n).id));
        const { outbox, spool, sent, refused, registry } = outboxWith((run) => {
          if (run.records.length > fits) return { reason: 'too-large', detail: '' };
          return run.records.length === 1 && badIds.has(idsOf(run)[0] ?? '')
            ? { reason: 'refused', detail: '' }
            : 'stored';
        });
        spool.put(0, total);
        await outbox.stop(10_000);
        const outcome = sent.filter(({ records }) => records.length <= fits).flatMap(idsOf);
        expect(outcome).toEqual(Array.from({ length: total }, (_, n) => use(n).id));
        expect(spool.acknowledged).toEqual(positions(0, total));
        const metrics = await registry.getMetricsAsJSON();
        const sum = (name: string) =>
          metrics.find((metric) => metric.name === name)?.values.reduce((all, { value }) => all + value, 0);
        expect(sum('truant_received_total')).toBe(total);
        expect(sum('truant_dropped_total')).toBe(refused.flatMap(({ ids }) => ids).length);
        expect(sum('truant_sent_total')).toBe(total - refused.flatMap(({ ids }) => ids).length);
      }),
    );
  });

  test('what is not delivered when it is stopped stays in the spool', async () => {
    const { outbox, spool } = outboxWith(
      (_run, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('stopped'));
        }),
    );
    spool.put(0, 3);
    await outbox.stop(0);
    expect(spool.acknowledged).toEqual([]);
    expect(spool.read({ records: 10 })).toHaveLength(3);
  });

  test('a spool that can not be read is tried again, and told', async () => {
    const troubles: (string | undefined)[] = [];
    const { outbox, spool } = outboxWith(() => {
      troubles.push(outbox.trouble);
      return 'stored';
    });
    expect(outbox.trouble).toBe('no connection');
    spool.fails = 3;
    spool.put(0, 3);
    await vi.waitFor(() => expect(spool.acknowledged).toHaveLength(3));
    expect(spool.fails).toBe(0);
    expect(troubles).toEqual(['no connection']);
    spool.fails = Number.POSITIVE_INFINITY;
    spool.put(3, 4);
    await vi.waitFor(() => expect(outbox.trouble).toMatch(/can't be read: MDB_CORRUPTED/));
    await outbox.stop(0);
  });
});
