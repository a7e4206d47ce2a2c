import rule from '../../shared/detection/rules/legacy-secret-read-by-principal.ts';
import { ADMIN, legacy, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const get = (name: string, more: object = {}) => ({ verb: 'get', resource: 'secrets', name, ...more });

testRule(rule, {
  fires: [
    {
      name: 'a Secret that the inventory knows to be a token',
      given: [use(10, 'bot', { request: get('anything'), use: { secretOf: 'ci' } })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot fetched the token Secret shop/anything of ci.',
      alerts: [['legacy-secret-read-by-principal']],
    },
    {
      name: 'a Secret that is named like one',
      given: [use(10, 'bot', { request: get('builder-token-x7k2p') })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot fetched the token Secret shop/builder-token-x7k2p.',
      alerts: [['legacy-secret-read-by-principal']],
    },
    {
      name: 'a Secret that was used as a token before',
      given: [legacy(5, ADMIN), use(10, 'bot', { request: get('ci-token') })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot fetched the token Secret shop/ci-token.',
      alerts: [['legacy-token-used'], ['legacy-secret-read-by-principal']],
    },
    {
      name: 'with a stolen token: part of that theft',
      given: [
        use(10, 'cart-1', { from: OUTSIDE }),
        use(12, 'cart-1', { from: OUTSIDE, request: get('anything'), use: { secretOf: 'ci' } }),
      ],
      severity: 'medium',
      confidence: 'high',
      summary: 'system:serviceaccount:shop:cart fetched the token Secret shop/anything of ci.',
      alerts: [['token-used-away-from-pod', 'token-used-in-two-places', 'legacy-secret-read-by-principal']],
    },
    {
      name: 'the use of that token joins it',
      given: [use(10, 'bot', { request: get('ci-token'), use: { secretOf: 'ci' } }), legacy(20, OUTSIDE)],
      severity: 'medium',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot fetched the token Secret shop/ci-token of ci.',
      alerts: [['legacy-secret-read-by-principal', 'legacy-token-used', 'token-used-away-from-pod']],
    },
  ],
  ignores: [
    { name: 'another Secret', given: [use(10, 'bot', { request: get('database') })], because: 'it holds no token' },
    {
      name: 'its own',
      given: [use(10, 'bot', { request: get('bot-token'), use: { secretOf: 'bot' } })],
      because: 'it has that token anyway',
    },
    {
      name: 'one that was refused',
      given: [use(10, 'bot', { request: get('x', { code: 403 }), use: { secretOf: 'ci' } })],
      because: 'it got nothing',
    },
    {
      name: 'a list',
      given: [use(10, 'bot', { request: { verb: 'list', resource: 'secrets' } })],
      because: 'many controllers list Secrets',
    },
    {
      name: 'something of another API group',
      given: [use(10, 'bot', { request: get('x', { apiGroup: 'example.org' }), use: { secretOf: 'ci' } })],
      because: 'that is no Secret of Kubernetes',
    },
  ],
});
