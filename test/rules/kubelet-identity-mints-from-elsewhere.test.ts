import rule from '../../shared/detection/rules/kubelet-identity-mints-from-elsewhere.ts';
import { bindingOf, issue, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const KUBELET = 'system:node:node-a';
/** The kubelet as usual: its way to the API server is known. */
const usual = issue(1, KUBELET, 'cart', 'JTI=usual', { from: '10.10.0.11' });
const minted = { credential: { id: 'JTI=minted', kind: 'projected' as const }, binding: bindingOf('cart-1') };

testRule(rule, {
  fires: [
    {
      name: 'from outside, by a kubelet that is at its node otherwise',
      given: [usual, issue(10, KUBELET, 'cart', 'JTI=minted', { from: OUTSIDE })],
      severity: 'critical',
      confidence: 'high',
      summary: `${KUBELET} asked for a token of system:serviceaccount:shop:cart from 10.10.0.66, which is not node-a.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
    {
      name: 'from another node',
      given: [issue(10, KUBELET, 'cart', 'JTI=minted', { from: '10.10.0.12' })],
      severity: 'critical',
      confidence: 'high',
      summary: `${KUBELET} asked for a token of system:serviceaccount:shop:cart from 10.10.0.12, which is not node-a.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
    {
      name: 'from a pod, and refused',
      given: [issue(10, KUBELET, 'cart', undefined, { from: '10.244.1.3' })],
      severity: 'critical',
      confidence: 'high',
      summary: `${KUBELET} asked for a token of system:serviceaccount:shop:cart from 10.244.1.3, which is not node-a.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
    {
      name: 'from outside, when nothing shows by which way kubelets come',
      given: [issue(10, KUBELET, 'cart', 'JTI=minted', { from: OUTSIDE })],
      severity: 'high',
      confidence: 'medium',
      summary: `${KUBELET} asked for a token of system:serviceaccount:shop:cart from 10.10.0.66, which is not node-a.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
    {
      name: "from where a pod's stolen token came",
      given: [issue(10, KUBELET, 'idle', 'JTI=minted', { from: OUTSIDE }), use(20, 'pay', { from: OUTSIDE })],
      severity: 'critical',
      confidence: 'high',
      summary: `${KUBELET} asked for a token of system:serviceaccount:shop:idle from 10.10.0.66, which is not node-a.`,
      alerts: [['kubelet-identity-mints-from-elsewhere'], ['token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: "the minted token at the pod's own address",
      given: [usual, issue(10, KUBELET, 'cart', 'JTI=minted', { from: OUTSIDE }), use(20, 'cart-1', minted)],
      severity: 'critical',
      confidence: 'high',
      summary: `Token of system:serviceaccount:shop:cart, minted with the identity of ${KUBELET} away from its node, is used from 10.244.0.3.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
    {
      name: 'a use that came before it was known',
      given: [
        issue(10, KUBELET, 'cart', 'JTI=minted', { from: OUTSIDE }),
        use(20, 'cart-1', minted),
        { ...usual, time: usual.time + 30e6, seen: usual.seen + 30e6 },
      ],
      severity: 'critical',
      confidence: 'high',
      summary: `Token of system:serviceaccount:shop:cart, minted with the identity of ${KUBELET} away from its node, is used from 10.244.0.3.`,
      alerts: [['kubelet-identity-mints-from-elsewhere']],
    },
  ],
  ignores: [
    { name: 'the kubelet at its node', given: [usual], because: 'that is its task' },
    {
      name: 'two kubelets at one address that is nobody’s',
      given: [
        issue(10, KUBELET, 'cart', 'JTI=1', { from: '10.10.0.100' }),
        issue(20, 'system:node:node-b', 'cart', 'JTI=2', { from: '10.10.0.100' }),
      ],
      because: 'that is a load balancer',
    },
    {
      name: 'a kubelet of a node that nobody knows',
      given: [issue(10, 'system:node:node-z', 'cart', 'JTI=1', { from: OUTSIDE })],
      because: 'it may be right there',
    },
    {
      name: 'a person',
      given: [issue(10, 'kubernetes-admin', 'cart', 'JTI=1', { from: OUTSIDE })],
      because: 'that is another rule',
    },
    {
      name: "the API server's own machine",
      given: [usual, issue(10, KUBELET, 'cart', 'JTI=1', { from: '127.0.0.1' })],
      because: 'anything there looks like this',
    },
  ],
});
