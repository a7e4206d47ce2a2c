import rule from '../../shared/detection/rules/token-minted-by-non-kubelet.ts';
import { issue, mint, OUTSIDE, unbound, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const THEFT = ['token-used-away-from-pod', 'token-used-in-two-places'];

testRule(rule, {
  fires: [
    {
      name: 'an account for another',
      given: mint(10, 'bot', 'ci', 'JTI=unbound'),
      severity: 'medium',
      confidence: 'medium',
      summary: 'system:serviceaccount:shop:bot had a token minted for system:serviceaccount:shop:ci.',
      alerts: [['token-minted-by-non-kubelet']],
    },
    {
      name: 'a person',
      given: [issue(10, 'kubernetes-admin', 'ci', 'JTI=unbound')],
      severity: 'info',
      confidence: 'low',
      summary: 'kubernetes-admin had a token minted for system:serviceaccount:shop:ci.',
      alerts: [['token-minted-by-non-kubelet']],
    },
    {
      name: 'elsewhere than where it was minted',
      given: [...mint(10, 'bot', 'ci', 'JTI=unbound'), unbound(20, OUTSIDE)],
      severity: 'high',
      confidence: 'medium',
      summary:
        'Token of system:serviceaccount:shop:ci minted by system:serviceaccount:shop:bot is used elsewhere than where it was minted.',
      alerts: [['token-minted-by-non-kubelet', 'token-used-away-from-pod']],
    },
    {
      name: 'with a stolen token: part of that theft, and what was minted too',
      given: [...mint(10, 'cart-1', 'ci', 'JTI=unbound', { from: OUTSIDE }), unbound(20, OUTSIDE)],
      severity: 'high',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:ci that a stolen credential had minted is used from 10.10.0.66.',
      alerts: [[...THEFT, 'token-minted-by-non-kubelet']],
    },
    {
      name: 'with a token that was minted so: the chain is one theft',
      given: [
        ...mint(10, 'cart-1', 'bot', 'JTI=first', { from: OUTSIDE }),
        ...mint(20, 'bot', 'ci', 'JTI=unbound', {
          from: OUTSIDE,
          binding: {},
          credential: { id: 'JTI=first', kind: 'minted' },
        }),
        unbound(30, '10.10.0.67'),
      ],
      severity: 'high',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:ci that a stolen credential had minted is used from 10.10.0.67.',
      alerts: [[...THEFT, 'token-minted-by-non-kubelet']],
    },
  ],
  ignores: [
    {
      name: 'a kubelet',
      given: [issue(10, 'system:node:node-a', 'cart', 'JTI=1', { from: '10.10.0.11' })],
      because: 'that is its task',
    },
    { name: 'an account for itself', given: mint(10, 'bot', 'bot', 'JTI=1'), because: 'it can act as itself anyway' },
    {
      name: 'one that was refused',
      given: [issue(10, 'bot', 'ci', undefined)],
      because: 'nothing was issued',
    },
    {
      name: 'one that is allowed',
      given: [...mint(10, 'bot', 'ci', 'JTI=unbound'), unbound(20, OUTSIDE)],
      policy: { allowedMinter: () => 'the operator says so' },
      because: 'that is its task',
    },
    {
      name: 'its use where it was minted',
      given: [use(10, 'bot'), unbound(20, '10.244.0.6')],
      because: 'nothing tells that it was minted',
    },
  ],
});
