import rule from '../../shared/detection/rules/serviceaccount-by-certificate.ts';
import { OUTSIDE, unbound, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const certificate = { credential: { id: 'X509SHA256=ab', kind: 'certificate' as const } };

testRule(rule, {
  fires: [
    {
      name: 'from anywhere',
      given: [unbound(10, OUTSIDE, certificate)],
      severity: 'high',
      confidence: 'high',
      summary: 'system:serviceaccount:shop:ci was authenticated by a client certificate, from 10.10.0.66.',
      alerts: [['serviceaccount-by-certificate']],
    },
    {
      name: 'again from elsewhere: one alert',
      given: [unbound(10, OUTSIDE, certificate), unbound(20, '10.10.0.67', certificate)],
      severity: 'high',
      confidence: 'high',
      summary: 'system:serviceaccount:shop:ci was authenticated by a client certificate, from 10.10.0.67.',
      alerts: [['serviceaccount-by-certificate']],
    },
  ],
  ignores: [{ name: 'a token', given: [use(10, 'cart-1')], because: 'accounts have tokens' }],
});
