import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../shared/inventory/bounded-map.ts';

/** A map of three, with these keys touched one after another; a key's value is itself. */
function touched(keys: string): BoundedMap<string, string> {
  const map = new BoundedMap<string, string>(3);
  for (const key of keys) map.touch(key, () => key);
  return map;
}

describe('a map of three', () => {
  it.each([
    ['keeps what fits', 'abc', 'abc', 0],
    ['lets go of the oldest', 'abcd', 'bcd', 1],
    ['not of one that was touched again', 'abcad', 'acd', 1],
    ['not of the newest, though all others were touched', 'abcabcd', 'bcd', 1],
    ['nor of the newest, touched again and again', 'aabbccddeeff', 'def', 3],
  ])('%s', (_, keys, left, evicted) => {
    const map = touched(keys);
    expect([...map.values()].toSorted().join('')).toBe(left);
    expect(map).toMatchObject({ size: left.length, evicted });
  });

  it('gives the same value for a key as long as that is there', () => {
    const map = new BoundedMap<string, { uses: number }>(3);
    for (const key of 'abcabcdd') map.touch(key, () => ({ uses: 0 })).uses += 1;
    expect(map.peek('d')).toEqual({ uses: 2 });
    map.delete('d');
    expect(map.peek('d')).toBeUndefined();
  });
});

it('never more than its bound, never without what was touched last, and every loss counted', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('touch', 'set', 'delete', 'peek'), fc.integer({ min: 0, max: 12 })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), steps, (max, script) => {
      const map = new BoundedMap<number, number>(max);
      let entered = 0;
      let deleted = 0;
      for (const [step, key] of script) {
        const isNew = map.peek(key) === undefined;
        if (step === 'delete') {
          map.delete(key);
          if (!isNew) deleted += 1;
        } else if (step !== 'peek') {
          if (step === 'touch') map.touch(key, () => key);
          else map.set(key, key);
          if (isNew) entered += 1;
          expect(map.peek(key)).toBe(key);
        }
        expect(map.size).toBeLessThanOrEqual(max);
        expect(map.size).toBe(entered - deleted - map.evicted);
      }
    }),
  );
});
