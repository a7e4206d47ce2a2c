import { expect, test } from 'vitest';
import type { StreamState } from '../../collector/store/store.ts';
import { streamsToForget } from '../../collector/store/streams.ts';

const stream = (name: string, lastSeen: number): StreamState => {
  const [cluster = '', agent = ''] = name.split('/');
  const counts = { position: 1, accepted: 1, rejected: 0, missing: 0 };
  return { stream: name, cluster, agent, ...counts, firstSeen: 0, lastSeen, newest: null };
};
const known = (...streams: StreamState[]) => new Map(streams.map((one) => [one.stream, one]));
const many = (agent: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => stream(`demo/${agent}/${n}`, from + n));

test.each([
  ['nothing for a stream that is known', known(...many('a', 3)), [stream('demo/a/0', 9)], 3, []],
  ['nothing while there is room', known(...many('a', 3)), [stream('demo/b/0', 9)], 4, []],
  ['the one silent longest', known(...many('a', 3)), [stream('demo/b/0', 9)], 3, ['demo/a/0']],
  ['none that speaks now', known(...many('a', 2)), [stream('demo/a/0', 9), stream('demo/b/0', 9)], 2, ['demo/a/1']],
  [
    "an agent's own, however silent others are",
    known(stream('demo/b/0', 0), ...many('a', 8, 100)),
    [stream('demo/a/new', 200)],
    100,
    ['demo/a/0'],
  ],
  ["and no other cluster's", known(...many('a', 8)), [stream('other/a/new', 9)], 100, []],
])('forgets %s', (_what, streams, coming, max, forgotten) => {
  expect(streamsToForget(streams, coming, max)).toEqual(forgotten);
});
