import { describe, expect, it } from 'vitest';
import { SERIES } from '../../collector/store/history-summaries.ts';
import { countsOf, moved, SHOWN, stacked, told } from '../../collector/web/page/views/history/series.ts';

type Bucket = Parameters<typeof told>[0][number];

const NONE = Object.fromEntries(SERIES.map((name) => [name, 0])) as Omit<Bucket, 'time'>;
const bucket = (counts: Partial<Bucket>): Bucket => ({ time: 0, ...NONE, ...counts });

describe('a histogram', () => {
  it('counts whatever the API tells apart', () => {
    const one = bucket(Object.fromEntries(SERIES.map((name) => [name, 1])));
    expect(countsOf([one]).total).toBe(SERIES.length);
  });

  it('is stacked from away up', () => {
    const tops = stacked([bucket({ away: 2, home: 5, read: 1 }), bucket({ denied: 3 })]);
    expect(SHOWN.map(({ name }) => name)).toEqual(['away', 'unclear', 'home', 'read', 'other']);
    expect(tops).toEqual([
      [2, 0],
      [2, 0],
      [7, 0],
      [8, 0],
      [8, 3],
    ]);
  });

  it.each([
    [[bucket({})], 'nothing'],
    [[], 'nothing'],
    [[bucket({ away: 1 })], '1 event: 1 away'],
    [[bucket({ away: 1, home: 3 }), bucket({ issue: 1 })], '5 events: 1 away, 3 home, 1 other'],
  ])('is told: %#', (buckets, words) => {
    expect(told(buckets)).toBe(words);
  });
});

describe('keys on a histogram', () => {
  it.each([
    [undefined, 'ArrowRight', false, { at: 0, anchor: 0 }],
    [undefined, 'ArrowLeft', false, { at: 9, anchor: 9 }],
    [{ at: 4, anchor: 4 }, 'ArrowRight', false, { at: 5, anchor: 5 }],
    [{ at: 4, anchor: 4 }, 'ArrowRight', true, { at: 5, anchor: 4 }],
    [{ at: 4, anchor: 2 }, 'ArrowLeft', false, { at: 3, anchor: 3 }],
    [{ at: 9, anchor: 9 }, 'ArrowRight', false, { at: 9, anchor: 9 }],
    [{ at: 0, anchor: 3 }, 'ArrowLeft', true, { at: 0, anchor: 3 }],
    [{ at: 4, anchor: 4 }, 'End', true, { at: 9, anchor: 4 }],
    [{ at: 4, anchor: 4 }, 'Home', false, { at: 0, anchor: 0 }],
    [{ at: 4, anchor: 4 }, 'x', false, undefined],
  ])('%j %s %s', (mark, key, extend, expected) => {
    expect(moved(mark, key, extend, 10)).toEqual(expected);
  });

  it('do nothing where there is nothing', () => {
    expect(moved(undefined, 'ArrowRight', false, 0)).toBeUndefined();
  });
});
