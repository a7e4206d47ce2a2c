import { describe, expect, test } from 'vitest';
import { AlertFeed } from '../../cli/ui/alert-feed.ts';
import { createStyle } from '../../cli/ui/style.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { sink } from './harness.ts';
import { alert } from './samples.ts';

const DAY = 86_400_000_000;
const [{ time }] = alert.story as [Alert['story'][number]];
const line = (observation: string, sentence: string, after = 0) => ({ observation, sentence, time: time + after });
const changed = (story: Alert['story'], over: Partial<Alert> = {}): Alert => ({ ...alert, ...over, story });

function feed() {
  const made = new AlertFeed(createStyle({ env: {} }, sink()), 100);
  return (shown: Alert): string[] => made.tell(shown);
}

describe('AlertFeed', () => {
  test('tells the headline and the day once, and each step once', () => {
    const tell = feed();
    const headline = tell(changed([line('a', '5 requests.')]));
    expect(headline).toEqual([
      '',
      `● CRITICAL  ${alert.title}`,
      `  ${alert.summary}`,
      '  2030-01-01 (UTC)',
      '  12:00:00  5 requests.',
    ]);
    expect(tell(changed([line('a', '5 requests.')]))).toEqual([]);
    expect(tell(changed([line('a', '5 requests.'), line('b', '1 request.', 1_000_000)]))).toEqual([
      '  12:00:01  1 request.',
    ]);
  });

  test('what grew counts anew what was told, and says so', () => {
    const tell = feed();
    tell(changed([line('a', '5 requests.')]));
    expect(tell(changed([line('a', '8 requests.')]))).toEqual(['  12:00:00  It went on. In all: 8 requests.']);
  });

  test('another day is told, whichever alert it is of', () => {
    const tell = feed();
    tell(changed([line('a', 'Today.')]));
    const later = [line('a', 'Today.'), line('b', 'Later.', 9 * DAY)];
    expect(tell(changed(later))).toEqual(['  2030-01-10', '  12:00:00  Later.']);
    expect(tell(changed([line('c', 'Again.')], { id: 'al_2' })).slice(-2)).toEqual([
      '  2030-01-01',
      '  12:00:00  Again.',
    ]);
  });

  test('a severity that rises has the headline again', () => {
    const tell = feed();
    tell(changed([], { severity: 'medium' }));
    expect(tell(changed([]))[1]).toBe(`● now CRITICAL  ${alert.title}`);
  });
});
