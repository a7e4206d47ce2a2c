import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Silences } from '../../shared/detection/silences.ts';
import { SECOND } from '../../shared/time.ts';

const after = (...seconds: number[]): Silences => {
  const silences = new Silences();
  for (const each of seconds) silences.seen(each * SECOND);
  return silences;
};
const fill = (silences: Silences, from: number, to: number): boolean => silences.fill(from * SECOND, to * SECOND);

describe('silences', () => {
  it('fill a pause that nobody spoke in', () => {
    const silences = after(0, 1, 60, 61);
    expect(fill(silences, 1, 60)).toBe(true);
    expect(fill(silences, 0, 61)).toBe(true);
    expect(fill(silences, 0, 120)).toBe(false);
  });

  it('are broken by who is heard of late', () => {
    expect(fill(after(0, 60, 30), 0, 60)).toBe(false);
    expect(fill(after(0, 60, 5), 0, 60)).toBe(true);
  });

  it('are the same in whatever order what was heard is told', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 30 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 1, max: 60 }),
        (seconds, from, length) => {
          const [first, ...rest] = seconds.toSorted((a, b) => a - b) as [number, ...number[]];
          const sorted = after(first, ...rest);
          const shuffled = after(first, ...seconds.filter((each) => each !== first));
          expect(fill(shuffled, from, from + length)).toBe(fill(sorted, from, from + length));
        },
      ),
    );
  });
});
