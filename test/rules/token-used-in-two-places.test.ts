import rule from '../../shared/detection/rules/token-used-in-two-places.ts';
import { issue, OUTSIDE, ordinary, unbound, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

testRule(rule, {
  fires: [
    {
      name: 'the pod and somebody outside, within minutes',
      given: [use(10, 'cart-1', { from: OUTSIDE })],
      severity: 'medium',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:cart used from 10.244.0.3 and from 10.10.0.66 within minutes.',
      alerts: [['token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: 'who had it issued and somebody else',
      given: [issue(10, 'kubernetes-admin', 'ci', 'JTI=unbound'), unbound(11, '10.10.0.1'), unbound(100, OUTSIDE)],
      severity: 'medium',
      confidence: 'medium',
      summary: 'Token of system:serviceaccount:shop:ci used from 10.10.0.1 and from 10.10.0.66 within minutes.',
      alerts: [['token-minted-by-non-kubelet', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
  ],
  ignores: [
    {
      name: 'a pod that moved',
      given: [use(10, 'cart-1'), use(12, 'cart-1', { from: '10.10.0.11' })],
      because: 'the second place is not known to be wrong',
    },
    {
      name: 'a pod that was silent for long',
      given: [...ordinary(0, 600, 5, ['pay']), use(600, 'cart-1', { from: OUTSIDE })],
      because: 'the two did not take turns',
    },
    {
      name: 'two places that are both wrong',
      given: [use(10, 'idle', { from: OUTSIDE }), use(100, 'idle', { from: '10.10.0.67' })],
      because: 'it takes the owner to be two',
    },
  ],
});
