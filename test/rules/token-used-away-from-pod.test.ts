import rule from '../../shared/detection/rules/token-used-away-from-pod.ts';
import { ADMIN, INTERNET, legacy, OUTSIDE, ordinary, unbound, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const TWO_PLACES = ['token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: 'outside of the cluster',
      given: [use(10, 'cart-1', { from: OUTSIDE })],
      severity: 'critical',
      confidence: 'high',
      summary:
        'Token of system:serviceaccount:shop:cart used from outside the cluster (10.10.0.66): list pods in shop: 200.',
      alerts: [TWO_PLACES],
    },
    {
      name: 'on the internet',
      given: [use(10, 'cart-1', { from: INTERNET, request: { resource: 'secrets', code: 403 } })],
      severity: 'critical',
      confidence: 'high',
      summary:
        'Token of system:serviceaccount:shop:cart used from the internet (198.51.100.66): list secrets in shop: 403.',
      alerts: [[...TWO_PLACES, 'token-recon']],
    },
    {
      name: 'in another pod, of the same account too',
      given: [use(10, 'cart-1', { from: '10.244.1.3', request: { verb: 'get', name: 'x' } })],
      severity: 'high',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:cart used from another pod (10.244.1.3): get pods x in shop: 200.',
      alerts: [TWO_PLACES],
    },
    {
      name: 'on another node',
      given: [use(10, 'cart-1', { from: '10.10.0.12' })],
      severity: 'high',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:cart used from another node (10.10.0.12): list pods in shop: 200.',
      alerts: [TWO_PLACES],
    },
    {
      name: 'on the own node, while the pod itself goes on',
      given: [...ordinary(0, 60, 2), use(30, 'cart-1', { from: '10.10.0.11' })],
      severity: 'high',
      confidence: 'high',
      summary:
        'Token of system:serviceaccount:shop:cart used from the node itself, not the pod (10.10.0.11): list pods in shop: 200.',
      alerts: [TWO_PLACES],
    },
    {
      name: 'on the own node, when only the neighbours tell',
      given: [...ordinary(0, 60, 2), use(30, 'idle', { from: '10.10.0.11' })],
      severity: 'medium',
      confidence: 'medium',
      summary:
        'Token of system:serviceaccount:shop:idle used from the node itself, not the pod (10.10.0.11): list pods in shop: 200.',
      alerts: [['token-used-away-from-pod']],
    },
    {
      name: 'outside, of a pod that never used it itself',
      given: [use(10, 'idle', { from: OUTSIDE })],
      severity: 'high',
      confidence: 'medium',
      summary:
        'Token of system:serviceaccount:shop:idle used from outside the cluster (10.10.0.66): list pods in shop: 200.',
      alerts: [['token-used-away-from-pod']],
    },
    {
      name: 'again and again: one alert',
      given: [10, 11, 12].map((seconds) => use(seconds, 'cart-1', { from: OUTSIDE })),
      severity: 'critical',
      confidence: 'high',
      summary:
        'Token of system:serviceaccount:shop:cart used from outside the cluster (10.10.0.66): list pods in shop: 200.',
      alerts: [TWO_PLACES],
    },
  ],
  ignores: [
    { name: 'the pod itself', given: ordinary(0, 60), because: 'it is at home' },
    { name: 'a hostNetwork pod at its node', given: [use(10, 'agent')], because: 'its home is its node' },
    {
      name: 'the own node, when the pod is silent',
      given: [use(300, 'cart-1', { from: '10.10.0.11' })],
      because: 'it may be the pod behind masquerading',
    },
    {
      name: 'a token that is bound to nothing and was issued before the log',
      given: [unbound(10, OUTSIDE)],
      because: 'nothing tells where it belongs',
    },
    { name: "a legacy token's first place", given: [legacy(10, ADMIN)], because: 'it has no home of its own' },
  ],
});
