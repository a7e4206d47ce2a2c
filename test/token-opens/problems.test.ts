import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problems, type TokenOpensStatus } from '../../agent/sources/token-opens/problems.ts';

let told: TokenOpensStatus[];
let problems: Problems;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  problems = new Problems((status) => told.push(status));
});
afterEach(() => void vi.useRealTimers());

test('each problem is told once, and that all are over', () => {
  problems.update({ 'no-reader': 'a', 'no-guard': 'b' });
  problems.update({ 'no-reader': 'a again' });
  problems.settle('fine');
  expect(problems.summary).toBe('no-reader: a again; no-guard: b');
  problems.update({ 'no-reader': undefined });
  problems.settle('fine');
  problems.update({ 'no-guard': undefined });
  problems.settle('fine');
  problems.settle('fine');
  expect(problems.summary).toBeUndefined();
  expect(told.map(({ status, reason }) => `${status} ${reason}`)).toEqual([
    'blind no-reader',
    'blind no-guard',
    'ok watching',
  ]);
  problems.set('no-reader', 'c');
  expect(told).toHaveLength(4);
});

test('losses are told at once, then summed up', () => {
  problems.lost('opens-dropped', 3);
  problems.lost('opens-dropped', 4);
  problems.lost('opens-overflow', 1);
  problems.lost('opens-unidentified', 2);
  expect(told.map(({ detail }) => /\d+/.exec(detail)?.[0])).toEqual(['3', '1', '2']);
  vi.advanceTimersByTime(10_000);
  expect(told.slice(3)).toMatchObject([
    { status: 'gap', reason: 'opens-dropped', detail: expect.stringMatching(/^4 /) },
  ]);
  problems.lost('opens-dropped', 5);
  problems.lost('opens-dropped', 6);
  problems.close();
  expect(told.slice(4)).toMatchObject([
    { detail: expect.stringMatching(/^5 /) },
    { detail: expect.stringMatching(/^6 /) },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});
