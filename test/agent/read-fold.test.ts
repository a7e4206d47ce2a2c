import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReadFold } from '../../agent/read-fold.ts';
import type { TokenRead } from '../../shared/schema/observation.ts';
import { SECOND } from '../../shared/time.ts';
import { at, openLine, readOf } from './reads.ts';

const read = (seconds: number, more: Parameters<typeof openLine>[1] = {}) => readOf(openLine(seconds, more));
const WINDOW = 60 * SECOND;
/** How many openings some reads tell of. */
const told = (reads: readonly TokenRead[]): number => reads.reduce((sum, { repeats = 0 }) => sum + 1 + repeats, 0);

describe('reads that are just alike', () => {
  test('are told of once, and after the window with their number', () => {
    const fold = new ReadFold(WINDOW);
    expect(fold.see(read(0), false)).toHaveLength(1);
    for (let second = 1; second < 60; second += 1) expect(fold.see(read(second), false)).toEqual([]);
    expect(fold.see(read(60), false)).toMatchObject([{ time: at(60), repeats: 59 }]);
    expect(fold.see(read(61), false)).toEqual([]);
  });

  test('are told of when the window is over though none comes any more', () => {
    const fold = new ReadFold(WINDOW);
    fold.see(read(0), false);
    fold.see(read(1), false);
    fold.see(read(2), false);
    expect(fold.advance(at(59))).toEqual([]);
    expect(fold.advance(at(61))).toMatchObject([{ time: at(2), repeats: 1 }]);
    expect(fold.advance(at(200))).toEqual([]);
    // Forgotten by now.
    expect(fold.see(read(201), false)).toHaveLength(1);
  });

  test('are all told of where nothing is to be folded', () => {
    const fold = new ReadFold(0);
    expect([0, 1, 2].flatMap((second) => fold.see(read(second), false))).toHaveLength(3);
    expect(fold.flush()).toEqual([]);
  });

  test('are each told of beyond the limit of kinds', () => {
    const fold = new ReadFold(WINDOW, 1);
    fold.see(read(0), false);
    const other = [1, 2, 3].flatMap((second) => fold.see(read(second, { exe: '/app/other' }), false));
    expect(other).toHaveLength(3);
  });
});

test('who is another with each read is one after a while, and nobody else is taken for it', () => {
  const fold = new ReadFold(WINDOW);
  const flood = (from: number, count: number): number =>
    Array.from({ length: count }, (_, n) => fold.see(read(0, { comm: `x${from + n}`, onHost: true }), true)).flat()
      .length;
  expect(flood(0, 128)).toBe(128);
  expect(flood(128, 1000)).toBe(20);
  expect(fold.see(read(1), false)).toHaveLength(1);
  expect(fold.see(read(2), false)).toEqual([]);
  expect(fold.see(read(2, { volume: 'another' }), false)).toHaveLength(1);
  expect(told(fold.advance(at(61)))).toBe(980 + 1);
  // All of them are forgotten in the end.
  fold.advance(at(200));
  fold.advance(at(300));
  expect(flood(0, 128)).toBe(128);
});

test.each([
  ['another program', { exe: '/app/other' }],
  ['another name of a program that is many', { comm: 'cat' }],
])('%s is not alike', (_, more) => {
  const fold = new ReadFold(WINDOW);
  fold.see(read(0), false);
  expect(fold.see(read(1, more), false)).toHaveLength(1);
});

test.each([
  ['in which a rule found something', {}, true],
  ['of a process of the host', { onHost: true }, false],
])('reads %s are told of one by one first, and then folded', (_, more, isFound) => {
  const fold = new ReadFold(WINDOW);
  const seconds = Array.from({ length: 30 }, (_value, at) => at);
  expect(seconds.flatMap((second) => fold.see(read(second, more), isFound))).toHaveLength(20);
  expect(fold.flush()).toMatchObject([{ time: at(29), repeats: 9 }]);
});

test('an opening is told of exactly once, one by one or by its number', () => {
  const opening = fc.record({
    seconds: fc.integer({ min: 0, max: 600 }),
    exe: fc.constantFrom('/a', '/b', '/c'),
    onHost: fc.boolean(),
    isFound: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(opening, { maxLength: 200 }), fc.integer({ min: 0, max: 4 }), (openings, max) => {
      const fold = new ReadFold(WINDOW, max);
      const reads = openings
        .toSorted((a, b) => a.seconds - b.seconds)
        .flatMap(({ seconds, exe, onHost, isFound }) => [
          ...fold.advance(at(seconds)),
          ...fold.see(read(seconds, { exe, onHost }), isFound),
        ]);
      expect(told([...reads, ...fold.flush()])).toBe(openings.length);
    }),
    { numRuns: 100 },
  );
});
