import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Agenda } from '../../agent/sources/token-files/agenda.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('each thing is due once, at the earliest time that was asked for, in order', async () => {
  const agenda = new Agenda();
  agenda.plan('b', 100);
  agenda.plan('a', 500);
  agenda.plan('a', 200);
  agenda.plan('a', 300);
  agenda.plan('forgotten', 50);
  agenda.forget('forgotten');
  vi.advanceTimersByTime(1000);
  agenda.plan('a', 0);
  agenda.plan('c', 10);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(10);
  expect([await agenda.next(), await agenda.next(), await agenda.next()]).toEqual(['b', 'a', 'c']);
});

test('who waits is woken by what becomes due, and by the end', async () => {
  const agenda = new Agenda();
  const first = agenda.next();
  agenda.plan('a', 100);
  vi.advanceTimersByTime(100);
  expect(await first).toBe('a');
  const second = agenda.next();
  agenda.plan('b', 100);
  agenda.close();
  expect(await second).toBeUndefined();
  agenda.plan('c', 0);
  expect(vi.getTimerCount()).toBe(0);
  expect(await agenda.next()).toBeUndefined();
});
