import { describe, expect, test } from 'vitest';
import { type LifeFacts, lifeTimeline, type UseEpisode } from '../../collector/store/life-timeline.ts';
import { HOUR, SECOND } from '../../shared/time.ts';
import { CLUSTER, idOf, issue, read, START, tokenFile } from './support/make.ts';

const ID = 'JTI=cart';
const nothing: LifeFacts = {
  cluster: CLUSTER,
  id: ID,
  issues: [],
  minted: [],
  files: [],
  reads: [],
  episodes: [],
  newer: undefined,
  podGone: undefined,
  now: START + 24 * HOUR,
  left: 0,
};

const request = { verb: 'get', resource: 'configmaps', namespace: 'shop', uri: '', code: 200 };

function episode(n: number, parts: Partial<UseEpisode> = {}): UseEpisode {
  const first = START + n * SECOND;
  return {
    principal: 'system:serviceaccount:shop:cart',
    source: '10.244.0.7',
    userAgent: 'cart/1.0',
    placement: 'home',
    where: null,
    first,
    last: first,
    count: 1,
    observation: idOf(n),
    kinds: 1,
    deeds: [{ request, count: 1 }],
    ...parts,
  };
}

const kubelet = { username: 'system:node:node-a', binding: {} };
const cat = 'cat (pid 4242), in an exec session in the pod';

describe('a line of the life of a credential', () => {
  test.each<[string, Partial<LifeFacts>, string[]]>([
    ['nothing is known', {}, []],
    [
      'issued',
      { issues: [issue(0, { issued: ID, actor: kubelet })] },
      [
        'issued: system:node:node-a asked for a token of system:serviceaccount:shop:cart and got JTI=cart from 10.244.0.7 with cart/1.0.',
      ],
    ],
    [
      'in a file that was there before',
      { files: [tokenFile(0, { event: 'present', file: { path: '/t', volume: 'v', pod: { uid: 'u' } } })] },
      ['appeared: It is in a file of the pod u on node node-a, /t.'],
    ],
    [
      'rotated in, and gone with its file',
      {
        files: [
          tokenFile(0, {
            event: 'rotated',
            file: { path: '/t', volume: 'v', pod: { uid: 'u', name: 'n', namespace: 's' } },
          }),
          tokenFile(9, { event: 'gone', file: { path: '/t', volume: 'v', pod: { uid: 'u' } } }),
        ],
      },
      [
        'appeared: It took the place of an older one in a file of the pod s/n on node node-a, /t.',
        'file-gone: Its file is gone: of the pod u on node node-a, /t.',
      ],
    ],
    [
      'used without an address and a client, and not judged yet',
      { episodes: [episode(0, { source: null, userAgent: null, placement: null })] },
      ['used: The token of shop/cart was used: get configmaps in shop: 200.'],
    ],
    [
      'used for more than is told',
      {
        episodes: [
          episode(0, { placement: 'away', where: 'host', count: 9, kinds: 7, deeds: [{ request, count: 3 }] }),
        ],
      },
      [
        'used: The token of shop/cart was used from 10.244.0.7, the node itself, with cart/1.0: 9 requests: get configmaps in shop: 200 (3 times); and 6 more kinds of request.',
      ],
    ],
    [
      'superseded in its file',
      { newer: { id: 'JTI=n', how: 'in-file', time: START, observation: idOf(1) } },
      ['superseded: A newer token of the same pod took its place in its file: JTI=n.'],
    ],
    [
      'superseded, as far as uses tell',
      { newer: { id: 'JTI=n', how: 'used', time: START, observation: idOf(1) } },
      ['superseded: A newer token of the same pod was used for the first time: JTI=n.'],
    ],
    [
      'expired as its claims say, not as it was asked for',
      {
        files: [
          tokenFile(0, {
            event: 'gone',
            expiresAt: START + HOUR,
            file: { path: '/t', volume: 'v', pod: { uid: 'u' } },
          }),
        ],
        issues: [issue(0, { issued: ID, actor: kubelet, expirationSeconds: 60 })],
      },
      [
        'issued: system:node:node-a asked for a token of system:serviceaccount:shop:cart and got JTI=cart from 10.244.0.7 with cart/1.0.',
        'file-gone: Its file is gone: of the pod u on node node-a, /t.',
        'expired: The token of shop/cart expired.',
      ],
    ],
    [
      'an expiry to come is not told',
      { minted: [], files: [], now: START, issues: [issue(0, { issued: ID, actor: kubelet, expirationSeconds: 60 })] },
      [
        'issued: system:node:node-a asked for a token of system:serviceaccount:shop:cart and got JTI=cart from 10.244.0.7 with cart/1.0.',
      ],
    ],
  ])('%s', (_name, facts, expected) => {
    const { lines } = lifeTimeline({ ...nothing, ...facts });
    expect(lines.map(({ event, sentence }) => `${event}: ${sentence}`)).toEqual(expected);
  });
});

describe('what goes on in the same way', () => {
  test('is one line, with what the agent folded before; a long pause begins another', () => {
    const reads = [read(0), read(1, { repeats: 4 }), read(2, { outcome: 'denied' }), read(7200)];
    const { lines } = lifeTimeline({ ...nothing, reads });
    expect(lines.map(({ time, until, count }) => [time, until, count])).toEqual([
      [START, START + SECOND, 6],
      [START + 2 * SECOND, null, 1],
      [START + 7200 * SECOND, null, 1],
    ]);
    expect(lines[0]?.sentence).toContain(cat);
    expect(lines[1]?.sentence).toContain('was denied');
  });

  test('is in order of time, and at the same time in order of life', () => {
    const { lines } = lifeTimeline({
      ...nothing,
      issues: [issue(5, { issued: ID, actor: kubelet })],
      files: [tokenFile(5)],
      episodes: [episode(5), episode(3, { source: '10.244.0.8' })],
    });
    expect(lines.map(({ event }) => event)).toEqual(['used', 'issued', 'appeared', 'used']);
  });
});

describe('a long life', () => {
  const many = (count: number, parts: (n: number) => Partial<UseEpisode>) =>
    Array.from({ length: count }, (_, n) => episode(n * 3 * (HOUR / SECOND), parts(n)));

  test.each([
    ['within bounds', 500, 0, 500, 0],
    ['of what is usual the middle goes', 700, 0, 500, 200],
    ['what is unusual stays', 700, 100, 500, 200],
    ['too much that is unusual', 700, 650, 500, 200],
  ])('%s', (_name, all, unusual, kept, left) => {
    const isAway = (n: number) => n >= (all - unusual) / 2 && n < (all + unusual) / 2;
    const episodes = many(all, (n) => (isAway(n) ? { placement: 'away', where: 'internet' } : {}));
    const timeline = lifeTimeline({ ...nothing, episodes, left: 7 });
    expect([timeline.lines.length, timeline.left]).toEqual([kept, left + 7]);
    expect(timeline.lines.filter(({ placement }) => placement === 'away')).toHaveLength(Math.min(unusual, 500));
    const times = timeline.lines.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    if (unusual < 500) expect(times.at(-1)).toBe(START + (all - 1) * 3 * HOUR);
  });
});
