import rule from '../../shared/detection/rules/token-read-by-other-pod.ts';
import { fromHost, read } from '../detection/reads.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const usual = {
  severity: 'high' as const,
  confidence: 'high' as const,
  summary: 'cat (pid 4711), in the pod shop/bot (container app), read the token of shop/cart.',
};
const byOther = (seconds: number, name: 'cart-1' | 'pay', changes = {}) =>
  read(seconds, name, { relation: 'other-pod', ...changes });

testRule(rule, {
  fires: [
    { name: 'through a hostPath', given: [byOther(10, 'cart-1')], ...usual, alerts: [['token-read-by-other-pod']] },
    {
      name: 'from a pod that nobody knows',
      given: [byOther(10, 'cart-1', { opener: { pod: { uid: 'u-1' }, container: { id: 'c' } } })],
      ...usual,
      summary: 'cat (pid 4711), in the pod u-1, read the token of shop/cart.',
      alerts: [['token-read-by-other-pod']],
    },
    {
      name: 'by a session in another pod',
      given: [byOther(10, 'cart-1', { opener: { entered: true } })],
      ...usual,
      alerts: [['token-read-by-other-pod']],
    },
    {
      name: 'from a container of the pod that does not have the volume',
      given: [read(10, 'cart-1', { relation: 'other-container-of-pod' })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'cat (pid 4711), in the pod shop/cart-1 (container sidecar), read the token of shop/cart.',
      alerts: [['token-read-by-other-pod']],
    },
    {
      name: 'one that was denied',
      given: [byOther(10, 'cart-1', { read: { outcome: 'denied' } })],
      ...usual,
      severity: 'medium',
      summary: 'cat (pid 4711), in the pod shop/bot (container app), was denied the token of shop/cart.',
      alerts: [['token-read-by-other-pod', 'token-read-denied']],
    },
    {
      name: 'two tokens by one container: one alert',
      given: [byOther(10, 'cart-1'), byOther(300, 'pay')],
      ...usual,
      summary: 'cat (pid 4711), in the pod shop/bot (container app), read the token of bank/pay.',
      alerts: [['token-read-by-other-pod']],
    },
    {
      name: 'the uses of what it read join it, by whatever account',
      given: [
        byOther(10, 'cart-1'),
        byOther(11, 'pay'),
        use(60, 'cart-1', { from: OUTSIDE }),
        use(61, 'pay', { from: OUTSIDE }),
      ],
      ...usual,
      summary: 'cat (pid 4711), in the pod shop/bot (container app), read the token of bank/pay.',
      alerts: [
        ['token-read-by-other-pod', 'token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'],
      ],
    },
  ],
  ignores: [
    { name: 'the own container', given: [read(10, 'cart-1')], because: 'it is its own' },
    { name: 'the node', given: [fromHost(10, 'cart-1')], because: 'that is told by token-read-from-host' },
    {
      name: 'a session in the pod',
      given: [read(10, 'cart-1', { relation: 'exec-session' })],
      because: 'that is told by token-read-in-exec-session',
    },
    {
      name: 'a security agent',
      given: [byOther(10, 'cart-1', { read: { excused: 'scans' } })],
      because: 'the configuration lets it pass',
    },
    {
      name: 'what wrote',
      given: [byOther(10, 'cart-1', { read: { access: 'write' } })],
      because: 'that is told by token-file-tampered',
    },
  ],
});
