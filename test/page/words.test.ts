import { expect, test } from 'vitest';
import { placementName } from '../../collector/web/page/parts/words.ts';

test.each([
  ['home', 'home'],
  ['unclear', 'unclear'],
  ['away: outside-cluster', 'away: outside the cluster'],
  ['away: host', 'away: the node itself'],
  ['away: the-moon', 'away: the-moon'],
  ['\u202egnp', '\\u{202e}gnp'],
])('a placement in words: %s', (placement, words) => {
  expect(placementName(placement)).toBe(words);
});
