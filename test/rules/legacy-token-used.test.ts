import rule from '../../shared/detection/rules/legacy-token-used.ts';
import { ADMIN, INTERNET, legacy, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const read = use(5, 'bot', {
  request: { verb: 'get', resource: 'secrets', name: 'ci-token' },
  use: { secretOf: 'ci' },
});
const listed = use(5, 'bot', {
  request: { verb: 'list', resource: 'secrets', uri: '/api/v1/namespaces/shop/secrets' },
});
const steady = Array.from({ length: 60 }, (_, i) => legacy(10 + i * 2, ADMIN));

testRule(rule, {
  fires: [
    {
      name: 'the first place',
      given: [legacy(10, ADMIN)],
      severity: 'info',
      confidence: 'low',
      summary: 'Legacy token of system:serviceaccount:shop:ci is in use from 10.10.0.1.',
      alerts: [['legacy-token-used']],
    },
    {
      name: 'another place, without anything else: information still',
      given: [legacy(10, ADMIN), legacy(20, OUTSIDE)],
      severity: 'info',
      confidence: 'low',
      summary: 'Legacy token of system:serviceaccount:shop:ci is in use from 10.10.0.66.',
      alerts: [['legacy-token-used']],
    },
    {
      name: 'a new place after another account fetched its Secret',
      given: [read, legacy(10, OUTSIDE)],
      severity: 'critical',
      confidence: 'high',
      summary: 'Legacy token of system:serviceaccount:shop:ci used from a new place, 10.10.0.66.',
      alerts: [['legacy-secret-read-by-principal', 'legacy-token-used', 'token-used-away-from-pod']],
    },
    {
      name: 'a new place after another account listed all Secrets',
      given: [listed, legacy(10, OUTSIDE)],
      severity: 'high',
      confidence: 'medium',
      summary: 'Legacy token of system:serviceaccount:shop:ci used from a new place, 10.10.0.66.',
      alerts: [['legacy-token-used', 'token-used-away-from-pod']],
    },
    {
      name: 'a new place while it goes on at the usual one',
      given: [...steady, legacy(99, INTERNET)],
      severity: 'high',
      confidence: 'medium',
      summary: 'Legacy token of system:serviceaccount:shop:ci used from a new place, 198.51.100.66.',
      alerts: [['legacy-token-used'], ['legacy-token-used', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: 'one that the cluster had invalidated',
      given: [legacy(10, ADMIN, { use: { invalidated: true } })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'Invalidated legacy token of system:serviceaccount:shop:ci used from 10.10.0.1.',
      alerts: [['legacy-token-used']],
    },
  ],
  ignores: [
    {
      name: 'a place that is configured',
      given: [read, legacy(10, OUTSIDE)],
      policy: { knownLegacySource: (_, address) => (address === OUTSIDE ? 'the CI' : undefined) },
      because: 'somebody said that it is right',
    },
    {
      name: "a pod of the account's own namespace",
      after: [legacy(9, '10.244.0.3')],
      given: [legacy(10, '10.244.1.3')],
      because: 'pods may mount Secrets of their namespace',
    },
    { name: 'any other token', given: [use(10, 'cart-1', { from: OUTSIDE })], because: 'it is no legacy one' },
  ],
});
