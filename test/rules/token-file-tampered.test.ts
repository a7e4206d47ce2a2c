import rule from '../../shared/detection/rules/token-file-tampered.ts';
import { fromHost, read } from '../detection/reads.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const write = { access: 'write' } as const;

testRule(rule, {
  fires: [
    {
      name: 'a process of the node',
      given: [fromHost(10, 'cart-1', { read: write })],
      severity: 'high',
      confidence: 'medium',
      summary: 'cat (pid 4711), a process of node node-a, wrote into the volume of the token of shop/cart.',
      alerts: [['token-file-tampered']],
    },
    {
      name: 'another pod',
      given: [read(10, 'cart-1', { relation: 'other-pod', read: write })],
      severity: 'high',
      confidence: 'medium',
      summary: 'cat (pid 4711), in the pod shop/bot (container app), wrote into the volume of the token of shop/cart.',
      alerts: [['token-file-tampered']],
    },
    {
      name: 'the runtime: it never does',
      given: [read(10, 'cart-1', { relation: 'runtime', read: write })],
      severity: 'high',
      confidence: 'medium',
      summary: 'cat (pid 4711), the container runtime of node node-a, wrote into the volume of the token of shop/cart.',
      alerts: [['token-file-tampered']],
    },
    {
      name: 'what is used later is no use of what was read: nothing was',
      given: [fromHost(10, 'cart-1', { read: write }), use(60, 'cart-1', { from: OUTSIDE })],
      severity: 'high',
      confidence: 'medium',
      summary: 'cat (pid 4711), a process of node node-a, wrote into the volume of the token of shop/cart.',
      alerts: [['token-file-tampered', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
  ],
  ignores: [
    {
      name: 'the kubelet',
      given: [read(10, 'cart-1', { relation: 'kubelet', read: write })],
      because: 'it is the one who writes',
    },
    { name: 'a read', given: [fromHost(10, 'cart-1')], because: 'nothing was written' },
    {
      name: 'nobody knows who',
      given: [read(10, 'cart-1', { opener: null, read: write })],
      because: 'it is the kubelet nearly always',
    },
    {
      name: 'somebody whom the configuration lets pass',
      given: [fromHost(10, 'cart-1', { read: { ...write, excused: 'x' } })],
      because: 'it says so',
    },
  ],
});
