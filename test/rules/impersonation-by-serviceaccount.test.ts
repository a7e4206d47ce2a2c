import rule from '../../shared/detection/rules/impersonation-by-serviceaccount.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const as = (impersonated: string) => ({ use: { impersonated } });
const THEFT = ['token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: 'with a stolen token',
      given: [use(10, 'cart-1', { from: OUTSIDE, ...as('alice') })],
      severity: 'high',
      confidence: 'high',
      summary: 'system:serviceaccount:shop:cart acted as alice.',
      alerts: [[...THEFT, 'impersonation-by-serviceaccount']],
    },
    {
      name: 'at home, as somebody powerful, for the first time',
      given: [use(10, 'bot', as('system:masters'))],
      severity: 'medium',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:bot acted as system:masters.',
      alerts: [['impersonation-by-serviceaccount']],
    },
    {
      name: 'at home, as anybody, for the first time',
      given: [use(10, 'bot', as('alice')), use(11, 'bot', as('bob'))],
      severity: 'low',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:bot acted as bob.',
      alerts: [['impersonation-by-serviceaccount']],
    },
    {
      name: 'what it does at home never joins a theft',
      given: [use(10, 'cart-1', as('alice')), use(20, 'cart-1', { from: OUTSIDE })],
      severity: 'low',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:cart acted as alice.',
      alerts: [['impersonation-by-serviceaccount'], THEFT],
    },
  ],
  ignores: [{ name: 'a request as itself', given: [use(10, 'bot')], because: 'nobody is impersonated' }],
});
