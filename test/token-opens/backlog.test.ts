import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backlog } from '../../agent/sources/token-opens/backlog.ts';

test('no event came earlier than is said, and one that comes to an idle reader did not wait', () => {
  // Steps of a clock: an event comes, one is read, or the reader rests because there is none.
  const step = fc.record({ after: fc.nat(5), does: fc.constantFrom('come', 'read', 'rest') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let now = 1;
      const came: number[] = [];
      const queue = {
        waiting: () => came.length,
        next: () => (came.length > 0 ? { mask: 0, fd: 0, group: 0, pid: came.shift()! } : undefined),
      };
      const backlog = new Backlog(queue);
      let isIdle = false;
      for (const { after, does } of steps) {
        now += after;
        if (does === 'come') came.push(now);
        if (does === 'rest' && isIdle && came.length === 0) backlog.rested(now);
        if (does !== 'read') continue;
        const event = backlog.next({ ticks: () => now });
        if (event) expect(backlog.cameAfter).toBeLessThanOrEqual(event.pid);
        isIdle = event === undefined;
      }
    }),
  );
});

test('those that wait longer than a round are told from those that have just come', () => {
  let now = 100;
  let waiting = 2;
  const event = { mask: 0, fd: 0, group: 0, pid: 1 };
  const backlog = new Backlog({ waiting: () => waiting, next: () => event });
  const clocks = { ticks: () => now };
  backlog.rested(100);
  backlog.next(clocks);
  expect(backlog.cameAfter).toBe(100);
  now = 900;
  waiting = 1;
  backlog.next(clocks);
  backlog.next(clocks);
  // It was counted at 900, when it may have waited since the count at 100.
  expect(backlog.cameAfter).toBe(100);
  now = 1000;
  backlog.next(clocks);
  expect(backlog.cameAfter).toBe(900);
});
