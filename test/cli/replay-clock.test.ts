import { expect, test } from 'vitest';
import { ReplayClock } from '../../agent/sources/playback/replay-clock.ts';

test.each([
  [0, 1000],
  [2, 1000 + 2 * 4000],
  [10, 1000 + 10 * 4000],
  [11, 1000 + 10 * 4000 + 1000],
  [70, 1000 + 10 * 4000 + 60_000],
])('after %i ms of a recording of 40 ms at four times its speed', (passed, expected) => {
  let wall = 5;
  const clock = new ReplayClock({ from: 1000, to: 41_000 }, 4, () => wall);
  wall += passed;
  expect(clock.now()).toBe(expected);
});
