/** Where a partition is read: against a log that goes on, loses its beginning, and is made anew. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Place, type Placed } from '../../collector/receive/kafka/place.ts';
import type { Consumed } from '../../collector/store/store.ts';

const record = (offset: number, text = `record ${offset}`): Placed => ({ offset, value: Buffer.from(text) });
const consumedUpTo = (offset: number): Consumed => new Place().after(record(offset - 1), 't', 0);

describe('a place', () => {
  test('of which nothing is known begins at the beginning', () => {
    const place = new Place();
    expect(place.readFrom()).toBe(0);
    expect(place.see(record(0))).toEqual({ found: 'go-on', from: 0 });
  });

  test('that is known is looked at again, and goes on behind it', () => {
    const place = new Place(consumedUpTo(8));
    expect(place.readFrom()).toBe(7);
    expect(place.see(record(7))).toEqual({ found: 'go-on', from: 1 });
    place.moveTo(place.after(record(8), 't', 0));
    expect(place.see(record(9))).toEqual({ found: 'go-on', from: 0 });
  });

  test.each([
    ['another record stands there', record(7, 'other'), { found: 'made-anew', from: undefined }, 0],
    ['no value stands there', { offset: 7, value: null }, { found: 'made-anew', from: undefined }, 0],
    ['the log ends before it, and begins at 0', record(0, 'other'), { found: 'made-anew', from: 0 }, 0],
    ['the log ends before it, and begins later', record(3, 'other'), { found: 'made-anew', from: 0 }, 3],
    ['just that record was deleted', record(8), { found: 'go-on', from: 0 }, 8],
    ['more was deleted', record(11), { found: 'gap', from: 0, missing: 3 }, 11],
  ])('where %s', (_because, first, sight, next) => {
    const place = new Place(consumedUpTo(8));
    place.readFrom();
    expect(place.see(first)).toEqual(sight);
    expect(place.next).toBe(next);
  });

  test('of a topic made anew is read from 0, and believed from then on', () => {
    const place = new Place(consumedUpTo(8));
    place.readFrom();
    place.see(record(7, 'other'));
    expect(place.readFrom()).toBe(0);
    expect(place.see(record(0, 'other 0'))).toEqual({ found: 'go-on', from: 0 });
  });

  test.each([
    [7, true],
    [8, false],
    [9, false],
  ])('behind the last record of a log that ends at %i: %s', (end, is) => {
    const place = new Place(consumedUpTo(8));
    expect(place.isBeyond(end)).toBe(is);
    expect(place.readFrom()).toBe(is ? 0 : 7);
  });

  test('that goes back while it is read is of a topic made anew', () => {
    const place = new Place();
    place.readFrom();
    place.see(record(0));
    place.moveTo(place.after(record(41), 't', 0));
    expect(place.see(record(0, 'other'))).toEqual({ found: 'made-anew', from: 0 });
  });
});

/** As a broker and kafkajs show it: what there is from an offset on, or, where nothing can be there, from the beginning. */
class Log {
  records: Placed[] = [];
  #made = 0;

  append(count: number): void {
    const next = (this.records.at(-1)?.offset ?? -1) + 1;
    for (let n = 0; n < count; n += 1) this.records.push(record(next + n, `${this.#made} ${next + n}`));
  }

  /** Keeps at least one, so that the next offset is known. */
  deleteFirst(count: number): void {
    this.records.splice(0, Math.min(count, this.records.length - 1));
  }

  makeAnew(count: number): void {
    this.records = [];
    this.#made += 1;
    this.append(count);
  }

  from(offset: number): Placed[] {
    const [first, last] = [this.records[0], this.records.at(-1)];
    if (!first || !last) return [];
    if (offset < first.offset || offset > last.offset + 1) return this.records;
    return this.records.filter((one) => one.offset >= offset);
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant('delete' as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant('anew' as const), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('restart' as const), count: fc.constant(0) }),
);

test('whatever happens to the log, what it still has at the end has been read after a restart', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const log = new Log();
      const taken = new Set<string>();
      let stored: Consumed | undefined;
      let place = new Place();
      let at = place.readFrom();
      const restart = (): void => {
        place = new Place(stored);
        place.isBeyond((log.records.at(-1)?.offset ?? -1) + 1);
        at = place.readFrom();
      };
      const read = (most: number): void => {
        const records = log.from(at).slice(0, most);
        const [first, last] = [records[0], records.at(-1)];
        if (!first || !last) return;
        const sight = place.see(first);
        if (sight.from === undefined) {
          at = place.readFrom();
          return;
        }
        for (const one of records.slice(sight.from)) {
          taken.add(String(one.value));
          stored = place.after(one, 't', 0);
          place.moveTo(stored);
        }
        at = last.offset + 1;
      };
      for (const { do: what, count } of steps) {
        if (what === 'append') log.append(count);
        if (what === 'delete') log.deleteFirst(count);
        // A broker closes its connections, or the group is formed anew.
        if (what === 'anew') {
          log.makeAnew(count);
          restart();
        }
        if (what === 'read') read(count);
        if (what === 'restart') restart();
      }
      restart();
      for (let n = 0; n < 300; n += 1) read(5);
      for (const { value } of log.records) expect(taken).toContain(String(value));
    }),
    { numRuns: 2000 },
  );
});
