import rule from '../../shared/detection/rules/token-read-denied.ts';
import { fromHost, read } from '../detection/reads.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const denied = { outcome: 'denied' } as const;
const onTrial = { outcome: 'would-deny' } as const;

testRule(rule, {
  fires: [
    {
      name: 'the workload itself',
      given: [read(10, 'cart-1', { read: denied })],
      severity: 'medium',
      confidence: 'high',
      summary: 'server (pid 100), in the pod shop/cart-1 (container app), was denied the token of shop/cart.',
      alerts: [['token-read-denied']],
    },
    {
      name: 'somebody whom nobody knows',
      given: [read(10, 'cart-1', { opener: null, read: denied })],
      severity: 'medium',
      confidence: 'high',
      summary: 'a process of node node-a that could not be identified, was denied the token of shop/cart.',
      alerts: [['token-read-denied']],
    },
    {
      name: 'a dry run',
      given: [read(10, 'cart-1', { read: onTrial })],
      severity: 'info',
      confidence: 'high',
      summary:
        'server (pid 100), in the pod shop/cart-1 (container app), read the token of shop/cart, which the policy would have denied.',
      alerts: [['token-read-denied']],
    },
    {
      name: 'a use after it is no use of what was read: it was not',
      given: [fromHost(10, 'cart-1', { read: denied }), use(60, 'cart-1', { from: OUTSIDE })],
      severity: 'medium',
      confidence: 'high',
      summary: 'cat (pid 4711), a process of node node-a, was denied the token of shop/cart.',
      alerts: [['token-read-denied', 'token-read-from-host', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: '... but in a dry run it is',
      given: [fromHost(10, 'cart-1', { read: onTrial }), use(60, 'cart-1', { from: OUTSIDE })],
      severity: 'info',
      confidence: 'high',
      summary:
        'cat (pid 4711), a process of node node-a, read the token of shop/cart, which the policy would have denied.',
      alerts: [
        [
          'token-read-denied',
          'token-read-from-host',
          'token-stolen-and-used',
          'token-used-away-from-pod',
          'token-used-in-two-places',
        ],
      ],
    },
  ],
  ignores: [
    { name: 'what was allowed', given: [fromHost(10, 'cart-1')], because: 'nothing was denied' },
    {
      name: 'somebody whom the configuration lets pass',
      given: [fromHost(10, 'cart-1', { read: { ...onTrial, excused: 'backups' } })],
      because: 'it says so',
    },
  ],
});
