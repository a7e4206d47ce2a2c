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
  ['a namespace', { namespace: 'backup' }, ['backup']],
  ['an image up to its tag', { image: 'velero/velero:*' }, ['backup']],
  [
    'a program in a namespace: the sensor can not tell it from others there',
    { namespace: 'bank', executable: '/x' },
    ['pay'],
  ],
  ['an exception that has ended', { namespace: 'backup', expires: '2020-01-01' }, []],
])('let through by %s are the right pods', (_, entry, pods) => {
  expect(guarded({}, [{ ...entry, reason }])).toMatchObject({ allowPods: pods, allowExecutables: [] });
});

test('a program of the node is let through by its path', () => {
  const { allowPods, allowExecutables } = guarded({}, [{ executable: '/usr/bin/restic', reason }]);
  expect({ allowPods, allowExecutables }).toEqual({ allowPods: [], allowExecutables: ['/usr/bin/restic'] });
});
