import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { Outbox } from '../../agent/outbox.ts';
import { type Delivery, REFUSALS, type Refusal, type Run } from '../../agent/transport/transport.ts';
import type { Envelope } from '../../shared/schema/envelope.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { use } from '../collector/support/make.ts';

const items = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, n) => ({ observation: use(from + n), findings: [] }));

interface Batch {
  position: number;
  observations: Envelope['observation'][];
}

const batchOf = ({ records }: Run): Batch => {
  const envelopes = records.map(({ value }) => JSON.parse(value.toString()) as Envelope);
  expect(envelopes.map(({ position }) => position)).toEqual(records.map(({ position }) => position));
  return { position: records[0]?.position ?? -1, observations: envelopes.map(({ observation }) => observation) };
};

interface Refused extends Refusal {
  ids: string[];
}

function outboxWith(
  send: (batch: Batch, signal: AbortSignal) => Delivery | Promise<Delivery>,
  onAcknowledged: (position: number, signal: AbortSignal) => Promise<void> = async () => undefined,
) {
  const registry = new Registry();
  const sent: Batch[] = [];
  const refused: Refused[] = [];
  const positions: number[] = [];
  const outbox = new Outbox({
    cluster: 'lab',
    agent: 'node-a',
    stream: 'lab/node-a/audit-file/1',
    position: 100,
    metrics: componentMetrics(registry, 'outbox', { dropped: REFUSALS }),
    transport: {
      send: async (run, signal) => {
        const batch = batchOf(run);
        sent.push(batch);
        return send(batch, signal);
      },
      trouble: () => undefined,
    },
    onAcknowledged: (position, signal) => {
      positions.push(position);
      return onAcknowledged(position, signal);
    },
    onRefused: (refusal, observations) => refused.push({ ...refusal, ids: observations.map(({ id }) => id) }),
  });
  return { outbox, sent, refused, positions, registry };
}

describe('Outbox', () => {
  test('sends a burst as one batch, and then hands on its position', async () => {
    const { outbox, sent, positions } = outboxWith(() => 'stored');
    outbox.put(items(0, 2));
    outbox.put(items(2, 5));
    await outbox.stop(10_000);
    expect(sent.map(({ position, observations }) => [position, observations.length])).toEqual([[100, 5]]);
    expect(positions).toEqual([105]);
  });

  test('what is too large is halved until what is too large stands alone, and all else is delivered in order', async () => {
    const huge = use(37).id;
    const { outbox, sent, refused, positions } = outboxWith(({ observations }) =>
      observations.some(({ id }) => id === huge) ? { reason: 'too-large', detail: '413' } : 'stored',
    );
    outbox.put(items(0, 100));
    await outbox.stop(10_000);
    expect(refused).toEqual([{ reason: 'too-large', detail: '413', ids: [huge] }]);
    const stored = sent.filter(({ observations }) => !observations.some(({ id }) => id === huge));
    expect(stored.flatMap(({ observations }) => observations.map(({ id }) => id))).toEqual(
      items(0, 100).flatMap(({ observation }) => (observation.id === huge ? [] : [observation.id])),
    );
    for (const { position, observations } of sent) expect(observations[0]?.id).toBe(use(position - 100).id);
    expect(positions.at(-1)).toBe(200);
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
        const { outbox, sent, refused, positions, registry } = outboxWith(({ observations }) => {
          if (observations.length > fits) return { reason: 'too-large', detail: '' };
          return observations.length === 1 && badIds.has(observations[0]?.id ?? '')
            ? { reason: 'refused', detail: '' }
            : 'stored';
        });
        outbox.put(items(0, total));
        await outbox.stop(10_000);
        const outcome = new Map<number, number>();
        for (const { position, observations } of sent) {
          if (observations.length > fits) continue;
          for (const n of observations.keys()) outcome.set(position + n, (outcome.get(position + n) ?? 0) + 1);
        }
        expect([...outcome]).toEqual(Array.from({ length: total }, (_, n) => [100 + n, 1]));
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        expect(positions.at(-1)).toBe(100 + total);
        const metrics = await registry.getMetricsAsJSON();
        const sum = (name: string) =>
          metrics.find((metric) => metric.name === name)?.values.reduce((all, { value }) => all + value, 0);
        expect(sum('truant_received_total')).toBe(total);
        expect(sum('truant_dropped_total')).toBe(refused.flatMap(({ ids }) => ids).length);
        expect(sum('truant_sent_total')).toBe(total - refused.flatMap(({ ids }) => ids).length);
      }),
    );
  });

  test('sends nothing more before the position is remembered', async () => {
    let remember = (): void => undefined;
    const { outbox, sent } = outboxWith(
      () => 'stored',
      () => new Promise((resolve) => (remember = resolve)),
    );
    outbox.put(items(0, 1));
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    outbox.put(items(1, 2));
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toHaveLength(1);
    remember();
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent.map(({ position }) => position)).toEqual([100, 101]);
    remember();
    await outbox.stop(10_000);
  });

  test('who waits for room is let go when it closes, so that a full one can be stopped', async () => {
    const { outbox } = outboxWith(() => new Promise(() => undefined));
    outbox.put(items(0, 20_000));
    let isLet = false;
    const waiting = outbox.room().then(() => {
      isLet = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isLet).toBe(false);
    outbox.close();
    await waiting;
    await outbox.room();
  });

  test('what is not delivered when it is stopped keeps its position', async () => {
    const { outbox, positions } = outboxWith(
      (_batch, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('stopped'));
        }),
    );
    outbox.put(items(0, 3));
    await outbox.stop(0);
    expect(positions).toEqual([]);
    expect(outbox.end).toBe(103);
  });
});
