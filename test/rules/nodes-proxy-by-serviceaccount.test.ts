import rule from '../../shared/detection/rules/nodes-proxy-by-serviceaccount.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const proxy = (path: string) => ({
  verb: 'get',
  resource: 'nodes',
  subresource: 'proxy',
  name: 'node-a',
  namespace: '',
  uri: `/api/v1/nodes/node-a/proxy/${path}`,
  longRunning: true,
});

testRule(rule, {
  fires: [
    {
      name: 'metrics, at home',
      given: [use(10, 'bot', { request: proxy('metrics/cadvisor') })],
      severity: 'info',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:bot used nodes/proxy: get nodes/proxy node-a: 200.',
      alerts: [['nodes-proxy-by-serviceaccount']],
    },
    {
      name: 'a command, at home',
      given: [use(10, 'bot', { request: { ...proxy('run/shop/cart-1/app'), verb: 'create' } })],
      severity: 'high',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot used nodes/proxy: create nodes/proxy node-a: 200.',
      alerts: [['nodes-proxy-by-serviceaccount']],
    },
    {
      name: 'anything, with a stolen token',
      given: [use(10, 'cart-1', { from: OUTSIDE, request: proxy('pods') })],
      severity: 'high',
      confidence: 'high',
      summary: 'system:serviceaccount:shop:cart used nodes/proxy: get nodes/proxy node-a: 200.',
      alerts: [['nodes-proxy-by-serviceaccount', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: 'what it does at home never joins a theft',
      given: [use(10, 'cart-1', { request: proxy('metrics') }), use(20, 'cart-1', { from: OUTSIDE })],
      severity: 'info',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:cart used nodes/proxy: get nodes/proxy node-a: 200.',
      alerts: [['nodes-proxy-by-serviceaccount'], ['token-used-away-from-pod', 'token-used-in-two-places']],
    },
  ],
  ignores: [
    {
      name: 'other things about nodes',
      given: [use(10, 'bot', { request: { ...proxy(''), subresource: 'status' } })],
      because: 'they are not the kubelet’s API',
    },
    {
      name: 'a proxy to a pod',
      given: [use(10, 'bot', { request: { ...proxy(''), resource: 'pods' } })],
      because: 'that is what the pod serves',
    },
  ],
});
