import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rate } from '../../collector/dispatch/rate.ts';
import { SECOND } from '../../shared/time.ts';

test('so many in a time that begins with the first', () => {
  const rate = new Rate({ alerts: 3, perSeconds: 10 });
  expect(rate.left(0)).toBe(3);
  rate.sent(2, 5 * SECOND);
  expect([rate.left(5 * SECOND), rate.endsAt(6 * SECOND)]).toEqual([1, 15 * SECOND]);
  rate.sent(1, 14 * SECOND);
  expect(rate.left(15 * SECOND - 1)).toBe(0);
  expect([rate.left(15 * SECOND), rate.endsAt(15 * SECOND)]).toEqual([3, 25 * SECOND]);
});

test('without a limit all of them', () => {
  const rate = new Rate({ perSeconds: 10 });
  rate.sent(1e9, 0);
  expect(rate.left(0)).toBe(Number.POSITIVE_INFINITY);
});

test('a clock that is put back does not make anybody wait for it', () => {
  const rate = new Rate({ alerts: 1, perSeconds: 10 });
  rate.sent(1, 1000 * SECOND);
  expect(rate.left(10 * SECOND)).toBe(1);
});

test('whoever sends what is left, and waits when nothing is, never sends more than that in any such time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.record({ after: fc.integer({ min: 0, max: 15 }), wants: fc.integer({ min: 0, max: 9 }) })),
      (alerts, turns) => {
        const rate = new Rate({ alerts, perSeconds: 10 });
        const windows: { from: number; sent: number }[] = [];
        let now = 0;
        for (const { after, wants } of turns) {
          now += after * SECOND;
          const sent = Math.min(wants, rate.left(now));
          expect(rate.endsAt(now)).toBeGreaterThan(now);
          rate.sent(sent, now);
          const current = windows.at(-1);
          if (sent > 0 && (!current || now >= current.from + 10 * SECOND)) windows.push({ from: now, sent });
          else if (current && sent > 0) current.sent += sent;
        }
        expect(windows.every(({ sent }) => sent <= alerts)).toBe(true);
      },
    ),
  );
});
