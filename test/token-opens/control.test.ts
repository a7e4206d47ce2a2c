import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Control } from '../../agent/sources/token-opens/control.ts';

const EVENT = { mask: 0x10000, fd: 9, pid: 77, group: 20 };

test('an event belongs to who settles it first, and to nobody else', () => {
  const [reader, guard] = pair();
  const first = reader.begin(1, EVENT, 1000);
  expect(guard.busyWith(1)).toEqual({ ...EVENT, sequence: first, since: 1000, asked: 0 });
  expect(guard.busyWith(0)).toBeUndefined();
  expect(guard.settle(1, first)).toBe(true);
  expect(reader.settle(1, first)).toBe(false);
  expect(guard.busyWith(1)).toBeUndefined();
});

test('a guard that was slow does not settle the next event for the last', () => {
  const [reader, guard] = pair();
  reader.begin(0, EVENT, 1000);
  const seen = guard.busyWith(0)!;
  expect(reader.settle(0, seen.sequence)).toBe(true);
  const next = reader.begin(0, EVENT, 2000);
  expect(guard.settle(0, seen.sequence)).toBe(false);
  expect(reader.settle(0, next)).toBe(true);
});

test('one reader is in charge at a time', () => {
  const [a, b] = pair();
  expect(a.active).toBeUndefined();
  expect([a.takeOver(0), b.takeOver(1), b.active]).toEqual([true, false, 0]);
  expect([b.resign(1), b.resign(0), a.active]).toEqual([false, true, undefined]);
  expect([b.takeOver(1), a.active]).toEqual([true, 1]);
});

test('readers end before the guard', () => {
  const [main, guard] = pair();
  expect([guard.isRunning, guard.hasEnded]).toEqual([true, false]);
  main.stop();
  expect([guard.isRunning, guard.hasEnded]).toEqual([false, false]);
  main.end();
  expect([guard.isRunning, guard.hasEnded]).toEqual([false, true]);
});

test('silence is counted over the turn of the clock', () => {
  const [reader, guard] = pair();
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(1_000_000), (now, later) => {
      reader.beat(2, now);
      expect(guard.millisSilent(2, (now + later) | 0)).toBe(later);
    }),
  );
});

/** Two threads' views of the same. */
function pair(): [Control, Control] {
  const control = new Control();
  return [control, new Control(control.shared)];
}
