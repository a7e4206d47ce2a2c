import { expect, test } from 'vitest';
import { guardedBy } from '../../agent/sensors/guarded.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { toPolicy } from '../../shared/config/policy.ts';
import { Workloads } from '../../shared/inventory/workloads.ts';
import { wallClock } from '../../shared/time.ts';

const workloads = new Workloads();
for (const [uid, namespace, image, labels] of [
  ['cart', 'shop', 'shop/cart:1', { app: 'cart', tier: 'front' }],
  ['pay', 'bank', 'bank/pay:1', { app: 'pay' }],
  ['backup', 'backup', 'velero/velero:1.18', {}],
] as const) {
  const containers = [{ name: 'main', image, ids: [], volumes: [], hooks: [] }];
  workloads.apply({
    type: 'pod-upsert',
    time: 0,
    initial: true,
    pod: {
      uid,
      namespace,
      name: `${uid}-1`,
      addresses: [],
      hostNetwork: false,
      ended: false,
      workload: { containers, sharesPids: false, labels },
    },
  });
}
// Known by its name alone: its labels are not.
workloads.apply({
  type: 'pod-upsert',
  time: 0,
  initial: true,
  pod: { uid: 'bare', namespace: 'shop', name: 'bare-1', addresses: [], hostNetwork: false, ended: false },
});

const guarded = (enforce: object, allowedReaders: object[] = []) => {
  const config = parseConfig({ agent: { tokenFiles: { enforce } }, detection: { allowedReaders } });
  return guardedBy(config.agent.tokenFiles.enforce, toPolicy(config, wallClock), workloads);
};
const reason = 'It may.';

test.each([
  ['nothing named', {}, 'all'],
  ['a namespace', { namespaces: ['shop'] }, ['cart', 'bare']],
  ['a label', { labels: { app: 'pay' } }, ['pay']],
  ['labels, all of which it must have', { labels: { app: 'cart', tier: 'back' } }, []],
  ['both', { namespaces: ['shop'], labels: { tier: 'front' } }, ['cart']],
])('with %s, guarded are the right pods', (_, enforce, pods) => {
  expect(guarded(enforce).pods).toEqual(pods);
});

test.each([
  ['none', [], 'all'],
  ['a namespace', [{ namespace: 'backup' }], ['cart', 'pay']],
  ['an image up to its tag', [{ image: 'velero/velero:*' }], ['cart', 'pay']],
  [
    'a program in a namespace: the sensor can not tell it from others',
    [{ namespace: 'bank', executable: '/x' }],
    ['cart', 'backup'],
  ],
  ['one that has ended', [{ namespace: 'backup', expires: '2020-01-01' }], 'all'],
])('with an exception for %s, only who is known to be no exception may be denied', (_, entries, openers) => {
  expect(
    guarded(
      {},
      entries.map((entry) => ({ ...entry, reason })),
    ),
  ).toMatchObject({ openers, allowExecutables: [] });
});

test('a program of the node is let through by its path', () => {
  const { openers, allowExecutables } = guarded({}, [{ executable: '/usr/bin/restic', reason }]);
  expect({ openers, allowExecutables }).toEqual({ openers: 'all', allowExecutables: ['/usr/bin/restic'] });
});
