import { describe, expect, it } from 'vitest';
import {
  activeFilters,
  apiQuery,
  fromLocalInput,
  rangeOf,
  timeChange,
  toLocalInput,
  widened,
} from '../../collector/web/page/views/history/filters.ts';
import { DAY, HOUR, parseTime, SECOND } from '../../shared/time.ts';

const NOW = parseTime('2030-01-31T12:00:00Z') ?? 0;

describe('what the API is asked', () => {
  it.each([
    [{}, {}],
    [{ verb: 'list', by: 'source', new: 'only' }, { verb: 'list' }],
    [{ last: '24h', since: 'x', until: 'y' }, { since: '2030-01-30T12:00:00.000000Z' }],
    [{ last: 'ever', since: '2030-01-01T00:00:00Z' }, { since: '2030-01-01T00:00:00Z' }],
    [
      { since: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' },
      { since: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' },
    ],
  ] as [Record<string, string>, Record<string, string>][])('%j', (address, query) => {
    expect(apiQuery(address, NOW)).toEqual(query);
  });

  it('has filters in the order of the fields', () => {
    expect(activeFilters({ code: '403', principal: 'a/b' }).map(({ field }) => field.name)).toEqual([
      'principal',
      'code',
    ]);
  });
});

describe('a stretch of time', () => {
  it('goes through the address and comes back the same', () => {
    const change = timeChange(NOW + 123_456, NOW + HOUR);
    expect(change.last).toBeNull();
    expect(rangeOf({ since: change.since ?? '', until: change.until ?? '' })).toEqual({
      since: NOW + 123_456,
      until: NOW + HOUR,
    });
  });

  it.each([
    [timeChange(NOW, undefined), { since: '2030-01-31T12:00:00Z', until: null }],
    [timeChange(undefined, NOW + 5000), { since: null, until: '2030-01-31T12:00:00.005Z' }],
  ])('is written short: %j', (change, expected) => {
    expect(change).toEqual({ last: null, ...expected });
  });

  it('is four times as long around the same middle', () => {
    const { since, until } = widened(NOW, NOW + HOUR, NOW + DAY);
    expect(until - since).toBe(4 * HOUR);
    expect(since + until).toBe(2 * NOW + HOUR);
  });

  it('does not grow beyond now, nor shrink to it', () => {
    expect(widened(NOW - HOUR, NOW, NOW).until).toBe(NOW);
    expect(widened(NOW - HOUR, NOW + SECOND, NOW).until).toBe(NOW + SECOND);
    expect(widened(0, HOUR, NOW).since).toBe(0);
  });

  it('is the same after it was shown in a field, to the second', () => {
    expect(fromLocalInput(toLocalInput(NOW + 123))).toBe(NOW);
    expect(toLocalInput(undefined)).toBe('');
    expect(fromLocalInput('')).toBeUndefined();
    expect(fromLocalInput('nonsense')).toBeUndefined();
  });
});
