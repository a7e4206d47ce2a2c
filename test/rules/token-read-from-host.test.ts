import rule from '../../shared/detection/rules/token-read-from-host.ts';
import { fromHost, read } from '../detection/reads.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const READER = 'cat (pid 4711), a process of node node-a,';
const usual = {
  severity: 'high' as const,
  confidence: 'medium' as const,
  summary: `${READER} read the token of shop/cart.`,
};

testRule(rule, {
  fires: [
    { name: 'cat in a session', given: [fromHost(10, 'cart-1')], ...usual, alerts: [['token-read-from-host']] },
    {
      name: 'of a token for somebody else than the API server',
      given: [fromHost(10, 'cart-1', { read: { audiences: ['sts.amazonaws.com'] } })],
      ...usual,
      summary: `${READER} read the token of shop/cart for sts.amazonaws.com.`,
      alerts: [['token-read-from-host']],
    },
    {
      name: 'one that was denied',
      given: [fromHost(10, 'cart-1', { read: { outcome: 'denied' } })],
      ...usual,
      severity: 'medium',
      summary: `${READER} was denied the token of shop/cart.`,
      alerts: [['token-read-denied', 'token-read-from-host']],
    },
    {
      name: 'one that a policy on trial would have denied',
      given: [fromHost(10, 'cart-1', { read: { outcome: 'would-deny' } })],
      ...usual,
      alerts: [['token-read-denied', 'token-read-from-host']],
    },
    {
      name: "in the guise of the pod's own",
      given: [
        fromHost(10, 'cart-1', { opener: { disguised: true, pod: { uid: 'u', namespace: 'shop', name: 'cart-1' } } }),
      ],
      severity: 'high',
      confidence: 'high',
      summary:
        'cat (pid 4711), a process of node node-a in the guise of the pod shop/cart-1, read the token of shop/cart.',
      alerts: [['token-read-from-host']],
    },
    {
      name: 'that calls itself otherwise than it is',
      given: [fromHost(10, 'cart-1', { opener: { comm: 'kubelet' } })],
      ...usual,
      summary: 'kubelet (pid 4711, /usr/bin/cat), a process of node node-a, read the token of shop/cart.',
      alerts: [['token-read-from-host']],
    },
    {
      name: 'of which nothing is known but that it is there',
      given: [fromHost(10, 'cart-1', { opener: { comm: '', exe: undefined as never, args: [] } })],
      ...usual,
      summary: 'a process (pid 4711), a process of node node-a, read the token of shop/cart.',
      alerts: [['token-read-from-host']],
    },
    {
      name: 'of a file without a token that could be read',
      given: [fromHost(10, 'cart-1', { read: { credential: undefined } })],
      ...usual,
      alerts: [['token-read-from-host']],
    },
    {
      name: 'two tokens by one session: one alert',
      given: [fromHost(10, 'cart-1'), fromHost(11, 'pay')],
      ...usual,
      summary: `${READER} read the token of bank/pay.`,
      alerts: [['token-read-from-host']],
    },
    {
      name: 'two tokens by two sessions: two alerts',
      given: [fromHost(10, 'cart-1'), fromHost(11, 'pay', { opener: { actor: '71@71' } })],
      ...usual,
      summary: `${READER} read the token of bank/pay.`,
      alerts: [['token-read-from-host'], ['token-read-from-host']],
    },
    {
      name: 'the theft that follows joins it',
      given: [fromHost(10, 'cart-1'), use(60, 'cart-1', { from: OUTSIDE })],
      ...usual,
      alerts: [
        ['token-read-from-host', 'token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'],
      ],
    },
    {
      name: 'told after the theft that followed it: it joins that',
      given: [fromHost(10, 'cart-1', { late: 80 }), use(60, 'cart-1', { from: OUTSIDE })],
      ...usual,
      alerts: [
        ['token-read-from-host', 'token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'],
      ],
    },
  ],
  ignores: [
    { name: 'the kubelet', given: [read(10, 'cart-1', { relation: 'kubelet' })], because: 'it keeps the files' },
    { name: 'the runtime', given: [read(10, 'cart-1', { relation: 'runtime' })], because: 'it mounts them' },
    { name: 'the workload', given: [read(10, 'cart-1')], because: 'it is not on the host' },
    {
      name: 'a backup agent',
      given: [fromHost(10, 'cart-1', { read: { excused: 'backups' } })],
      because: 'the configuration lets it pass',
    },
    {
      name: 'what wrote',
      given: [fromHost(10, 'cart-1', { read: { access: 'write' } })],
      because: 'that is told by token-file-tampered',
    },
    { name: 'nobody knows who', given: [read(10, 'cart-1', { opener: null })], because: 'that is told as blindness' },
  ],
});
