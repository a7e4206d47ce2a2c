import rule from '../../shared/detection/rules/client-address-forged.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const ALERT = ['client-address-forged', 'token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: "outside, claiming the pod's address",
      given: [use(10, 'cart-1', { from: OUTSIDE, claimed: ['10.244.0.3'] })],
      severity: 'high',
      confidence: 'high',
      summary: 'A client at 10.10.0.66 using the token of system:serviceaccount:shop:cart claims to be at 10.244.0.3.',
      alerts: [ALERT],
    },
    {
      name: 'among other claims',
      given: [use(10, 'cart-1', { from: '10.10.0.12', claimed: ['1.1.1.1', '10.244.0.3', '2.2.2.2'] })],
      severity: 'high',
      confidence: 'high',
      summary: 'A client at 10.10.0.12 using the token of system:serviceaccount:shop:cart claims to be at 10.244.0.3.',
      alerts: [ALERT],
    },
  ],
  ignores: [
    {
      name: 'the pod claims something',
      given: [use(10, 'cart-1', { claimed: ['10.244.0.9'] })],
      because: 'its connection comes from home',
    },
    {
      name: 'a thief claims something else',
      given: [use(10, 'cart-1', { from: OUTSIDE, claimed: ['10.244.1.3', '1.1.1.1'] })],
      because: "that is not the pod's address",
    },
    {
      name: 'a use that cannot be told',
      given: [use(10, 'cart-1', { from: '127.0.0.1', claimed: ['10.244.0.3'] })],
      because: 'a proxy beside the API server may say so rightly',
    },
  ],
});
