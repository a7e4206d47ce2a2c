import rule from '../../shared/detection/rules/denied-source.ts';
import { denied, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const THEFT = ['token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: 'from where a stolen token came before',
      given: [use(10, 'cart-1', { from: OUTSIDE }), denied(20, OUTSIDE)],
      severity: 'low',
      confidence: 'medium',
      summary: 'A credential was refused (401) from 10.10.0.66: list pods in shop: 401.',
      alerts: [[...THEFT, 'denied-source']],
    },
    {
      name: 'joins the newest of two thefts from there',
      given: [
        use(10, 'cart-1', { from: OUTSIDE }),
        use(11, 'pay', { from: OUTSIDE }),
        denied(20, OUTSIDE, { request: { resource: 'secrets' } }),
      ],
      severity: 'low',
      confidence: 'medium',
      summary: 'A credential was refused (401) from 10.10.0.66: list secrets in shop: 401.',
      alerts: [THEFT, [...THEFT, 'denied-source']],
    },
  ],
  ignores: [
    { name: 'a 401 from anywhere', given: [denied(10, OUTSIDE)], because: 'expired tokens are common' },
    {
      name: 'before the theft',
      given: [denied(10, OUTSIDE), use(20, 'cart-1', { from: OUTSIDE })],
      because: 'nothing was known of that address then',
    },
    {
      name: 'long after the theft',
      given: [use(10, 'cart-1', { from: OUTSIDE }), denied(2 * 3600, OUTSIDE)],
      because: 'addresses change hands',
    },
    {
      name: 'from the pod whose token was stolen',
      given: [use(10, 'cart-1', { from: OUTSIDE }), denied(20, '10.244.0.3')],
      because: 'it is the victim',
    },
  ],
});
