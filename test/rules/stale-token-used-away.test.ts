import rule from '../../shared/detection/rules/stale-token-used-away.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const stale = { use: { staleBy: 600 } };
const THEFT = ['token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: 'at home: hygiene',
      given: [use(10, 'cart-1', stale)],
      severity: 'info',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:cart uses a token 600 s after it should have been replaced.',
      alerts: [['stale-token-used-away']],
    },
    {
      name: 'away: part of the theft',
      given: [use(10, 'cart-1', { from: OUTSIDE, ...stale })],
      severity: 'medium',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:cart used away from home 600 s after it should have been replaced.',
      alerts: [[...THEFT, 'stale-token-used-away']],
    },
    {
      name: 'hygiene never joins a theft',
      given: [use(10, 'cart-1', stale), use(20, 'cart-1', { from: OUTSIDE })],
      severity: 'info',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:cart uses a token 600 s after it should have been replaced.',
      alerts: [['stale-token-used-away'], THEFT],
    },
  ],
  ignores: [
    { name: 'a fresh token', given: [use(10, 'cart-1', { from: OUTSIDE })], because: 'it was replaced in time' },
  ],
});
