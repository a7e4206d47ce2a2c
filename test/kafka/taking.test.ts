/** Records into a store that is busy, away, or never takes one of them. */
import { describe, expect, test } from 'vitest';
import type { Intake } from '../../collector/correlate/correlation.ts';
import type { DeadLetter } from '../../collector/receive/kafka/dead-letters.ts';
import { Place } from '../../collector/receive/kafka/place.ts';
import { Taking, type TakingFrom } from '../../collector/receive/kafka/taking.ts';
import type { Consumed } from '../../collector/store/store.ts';
import { type ErrorCode, TruantError } from '../../shared/errors.ts';
import { START, use } from '../collector/support/make.ts';
import { envelopeOf, type RunParts } from '../support/runs.ts';

/** A store that fails as it is told to. */
function lab({ fails = (_intake: Intake): ErrorCode | undefined => undefined, clusters = [] as string[] } = {}) {
  const stored: string[] = [];
  const consumed: Consumed[] = [];
  const letters: DeadLetter[] = [];
  const failures: unknown[] = [];
  let down = 0;
  const guard = (code: ErrorCode | undefined): void => {
    if (down > 0) down -= 1;
    else if (code === undefined) return;
    throw new TruantError(code ?? 'STORE_UNAVAILABLE', 'no');
  };
  const place = new Place();
  const taking = new Taking({
    take: async (intake, at) => {
      guard(fails(intake));
      const ids = intake.arrivals.flatMap(({ records }) => records.flatMap(({ observation }) => observation?.id ?? []));
      stored.push(...ids);
      if (at) consumed.push(at);
      return { accepted: ids.length, duplicates: 0, rejected: 0 };
    },
    consume: async (at) => {
      guard(undefined);
      consumed.push(at);
    },
    clusters: new Set(clusters),
    clock: { now: () => START },
  });
  const from: TakingFrom = {
    here: () => place.here('t', 0),
    after: (record) => place.after(record, 't', 0),
    moved: (at) => place.moveTo(at),
    setAside: async (some) => void letters.push(...some),
    failed: async (error) => void failures.push(error),
  };
  const takeAll = (values: (Buffer | null)[]) =>
    taking.takeAll(
      values.map((value, offset) => taking.candidate({ offset: String(offset), value })),
      from,
    );
  return { stored, consumed, letters, failures, place, takeAll, breakFor: (times: number) => (down = times) };
}

const value = (n: number, parts: RunParts = {}): Buffer => Buffer.from(JSON.stringify(envelopeOf(n, use(n), parts)));
const many = (count: number): Buffer[] => Array.from({ length: count }, (_, n) => value(n));
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => use(n).id);
const has =
  (bad: string, code: ErrorCode) =>
  ({ arrivals }: Intake): ErrorCode | undefined =>
    arrivals.some(({ records }) => records.some(({ observation }) => observation?.id === bad)) ? code : undefined;

describe('records', () => {
  test('are stored in order, with the place behind the last', async () => {
    const { takeAll, stored, consumed, place } = lab();
    await takeAll(many(10));
    expect(stored).toEqual(ids(10));
    expect(consumed).toMatchObject([{ offset: 10 }]);
    expect(place.next).toBe(10);
  });

  test('of several clusters are stored in their runs, the place each time behind what is stored', async () => {
    const { takeAll, stored, consumed } = lab();
    await takeAll([value(0), value(1, { cluster: 'b' }), value(2, { cluster: 'b' }), value(3), Buffer.from('x')]);
    expect(stored).toEqual(ids(4));
    expect(consumed.map(({ offset }) => offset)).toEqual([1, 3, 5]);
  });

  test('that nobody can read are set aside, and the place goes on', async () => {
    const { takeAll, stored, letters, consumed } = lab({ clusters: ['demo'] });
    await takeAll([Buffer.from('x'), null, value(2, { cluster: 'b' })]);
    expect(stored).toEqual([]);
    expect(letters.map(({ reason, offset }) => [reason, offset])).toEqual([
      ['not-json', 0],
      ['not-an-envelope', 1],
      ['foreign-cluster', 2],
    ]);
    expect(consumed.at(-1)).toMatchObject({ offset: 3 });
  });

  test.each([1, 5, 12, 40])('wait for a store that fails %i times, and none is set aside', async (times) => {
    const { takeAll, stored, letters, breakFor, failures } = lab();
    breakFor(times);
    await takeAll(many(20));
    expect(stored).toEqual(ids(20));
    expect(letters).toEqual([]);
    expect(failures.length).toBeGreaterThan(0);
  });

  test('wait for a store that has too much to do, as long as it takes', async () => {
    let left = 100;
    const { takeAll, stored, letters } = lab({ fails: () => ((left -= 1) > 0 ? 'OVERLOADED' : undefined) });
    await takeAll(many(3));
    expect(stored).toEqual(ids(3));
    expect(letters).toEqual([]);
  });

  test('of a cluster that cannot be stored at all are waited for, though others can', async () => {
    let left = 100;
    const { takeAll, stored, letters } = lab({ fails: () => ((left -= 1) > 0 ? 'STORE_UNAVAILABLE' : undefined) });
    await takeAll(many(20));
    expect([stored, letters]).toEqual([ids(20), []]);
  });

  test.each<[ErrorCode, string]>([
    ['STORE_UNAVAILABLE', 'not-stored'],
    ['LIMIT_REACHED', 'limit-reached'],
  ])('one of which the store never takes (%s) is set aside by itself', async (code, reason) => {
    const { takeAll, stored, letters, place } = lab({ fails: has(use(7).id, code) });
    await takeAll(many(20));
    expect(stored).toEqual(ids(20).filter((id) => id !== use(7).id));
    expect(letters).toMatchObject([{ reason, offset: 7 }]);
    expect(place.next).toBe(20);
  });

  test('are left untaken when it is said not to try again', async () => {
    const { takeAll, stored, breakFor, failures } = lab();
    breakFor(1000);
    failures.push = () => {
      throw new Error('stopped');
    };
    await expect(takeAll(many(3))).rejects.toThrow('stopped');
    expect(stored).toEqual([]);
  });
});
