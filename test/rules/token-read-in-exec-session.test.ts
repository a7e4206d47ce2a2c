import rule from '../../shared/detection/rules/token-read-in-exec-session.ts';
import { fromHost, read } from '../detection/reads.ts';
import { entry, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const usual = {
  severity: 'medium' as const,
  confidence: 'medium' as const,
  summary: 'cat (pid 4711), in an exec session in the pod shop/cart-1 (container app), read the token of shop/cart.',
};
const session = (seconds: number, name: 'cart-1' | 'pay', changes = {}) =>
  read(seconds, name, { relation: 'exec-session', ...changes });

testRule(rule, {
  fires: [
    { name: 'cat', given: [session(10, 'cart-1')], ...usual, alerts: [['token-read-in-exec-session']] },
    {
      name: 'one that was denied',
      given: [session(10, 'cart-1', { read: { outcome: 'denied' } })],
      ...usual,
      summary:
        'cat (pid 4711), in an exec session in the pod shop/cart-1 (container app), was denied the token of shop/cart.',
      alerts: [['token-read-denied', 'token-read-in-exec-session']],
    },
    {
      name: 'what the log tells of the same session joins it',
      given: [entry(9.9, 'kubernetes-admin', ['cat', TOKEN]), session(10, 'cart-1')],
      ...usual,
      alerts: [['exec-reads-token', 'token-read-in-exec-session']],
    },
    {
      name: '... also when the read is told first',
      given: [session(9.8, 'cart-1'), entry(9.9, 'kubernetes-admin', ['cat', TOKEN])],
      ...usual,
      alerts: [['exec-reads-token', 'token-read-in-exec-session']],
    },
    {
      name: 'the theft that follows joins it',
      given: [session(10, 'cart-1'), use(60, 'cart-1', { from: OUTSIDE })],
      ...usual,
      alerts: [
        ['token-read-in-exec-session', 'token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'],
      ],
    },
    {
      name: 'the theft of another token does not',
      given: [session(10, 'cart-1'), use(60, 'pay', { from: OUTSIDE })],
      ...usual,
      alerts: [['token-read-in-exec-session'], ['token-used-away-from-pod', 'token-used-in-two-places']],
    },
  ],
  ignores: [
    {
      name: 'a probe of the pod',
      given: [session(10, 'cart-1', { opener: { expected: 'hook' } })],
      because: "it is in the pod's own spec",
    },
    { name: 'the workload', given: [read(10, 'cart-1')], because: 'nobody entered' },
    { name: 'the node', given: [fromHost(10, 'cart-1')], because: 'it is in no pod' },
    { name: 'the log alone', given: [entry(10, 'dev', ['sh'])], because: 'nothing was read' },
    {
      name: 'somebody whom the configuration lets pass',
      given: [session(10, 'cart-1', { read: { excused: 'x' } })],
      because: 'it says so',
    },
    {
      name: 'what wrote',
      given: [session(10, 'cart-1', { read: { access: 'write' } })],
      because: 'that is told by token-file-tampered',
    },
  ],
});
