import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../agent/sources/token-opens/messages.ts';
import { Reports } from '../../agent/sources/token-opens/reports.ts';
import type { TokenOpen } from '../../shared/schema/token-open.ts';

const open = (pid: number, cmdline: string[] = []): TokenOpen => ({
  t: '2026-11-23T18:39:33.850203Z',
  pid,
  tgid: pid,
  path: '/p',
  volume: 'v',
  pod_uid: 'u',
  allowed: true,
  access: 'read',
  proc: { pid, comm: 'cat', exe: null, cmdline, cgroup: [], uid: [], gid: [], ancestors: [] },
  credential: null,
});

function reports(max: number): { reports: Reports; posted: Report[]; take: () => void } {
  const posted: Report[] = [];
  let taken = 0;
  return {
    reports: new Reports(
      max,
      (report) => posted.push(report),
      () => taken,
    ),
    posted,
    take: () => {
      taken = posted.reduce((sum, { opens }) => sum + opens.length, 0);
    },
  };
}
const pids = (posted: Report[]): number[] => posted.flatMap(({ opens }) => opens.map(({ pid }) => pid));

describe('opens on their way', () => {
  test('are told in order, and none twice or never but those that are counted', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(900), fc.constant('take' as const))), (steps) => {
        const { reports: waiting, posted, take } = reports(500);
        let added = 0;
        for (const step of steps) {
          if (step === 'take') take();
          else for (let i = 0; i < step; i += 1) waiting.add(open((added += 1)));
          waiting.flush();
        }
        while (waiting.hasMore) {
          take();
          waiting.flush();
        }
        const told = pids(posted);
        expect(told).toEqual([...told].sort((a, b) => a - b));
        expect(told.length + posted.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(added);
        expect(new Set(told).size).toBe(told.length);
      }),
      { numRuns: 50 },
    );
  });

  test('no more than a thousand go to one who does not take them, and the oldest of the rest give way', () => {
    const { reports: waiting, posted, take } = reports(16);
    for (let i = 1; i <= 1000; i += 1) {
      waiting.add(open(i));
      waiting.flush();
    }
    expect(pids(posted)).toHaveLength(1000);
    for (let i = 1001; i <= 1040; i += 1) {
      waiting.add(open(i));
      waiting.flush();
    }
    expect(pids(posted)).toHaveLength(1000);
    take();
    waiting.flush();
    expect(pids(posted).slice(1000)).toEqual(Array.from({ length: 16 }, (_, i) => 1025 + i));
    expect(posted.at(-1)).toMatchObject({ dropped: 24 });
  });

  test('give way when their arguments are too much, though they be few', () => {
    const { reports: waiting, posted } = reports(10_000);
    for (let i = 0; i < 6000; i += 1) waiting.add(open(i, ['x'.repeat(4000)]));
    waiting.flush();
    expect(posted.reduce((sum, { dropped }) => sum + dropped, 0)).toBeGreaterThan(1000);
  });

  test('what else there was is told once', () => {
    const { reports: waiting, posted } = reports(10);
    waiting.overflow();
    waiting.outside();
    waiting.outside();
    waiting.flush();
    waiting.flush();
    expect(posted).toEqual([{ opens: [], dropped: 0, overflows: 1, outside: 2 }]);
  });
});
