import rule from '../../shared/detection/rules/token-misused-from-home.ts';
import { HOUR } from '../../shared/time.ts';
import { byChild, fromHost, read, steady } from '../detection/reads.ts';
import { OUTSIDE, ordinary, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const SESSION = 'cat (pid 4711), in an exec session in the pod shop/cart-1 (container app)';
const session = (seconds: number, changes = {}) => read(seconds, 'cart-1', { relation: 'exec-session', ...changes });
const curl = (seconds: number, changes = {}) =>
  use(seconds, 'cart-1', { request: { userAgent: 'curl/8' }, ...changes });
const usual = {
  severity: 'high' as const,
  confidence: 'medium' as const,
  summary: `Token of system:serviceaccount:shop:cart was read by ${SESSION}, and then used from the pod by a client it had not shown before: list pods in shop: 200.`,
};
const BOTH = [['token-misused-from-home', 'token-read-in-exec-session']];

testRule(rule, {
  fires: [
    { name: 'curl in a session', given: [session(10), curl(60)], ...usual, alerts: BOTH },
    { name: 'told after the use', given: [session(10, { late: 30 }), curl(20)], ...usual, alerts: BOTH },
    { name: 'at once', given: [session(10), curl(10.01)], ...usual, alerts: BOTH },
    { name: "at once, the node's clock a second ahead", given: [session(11), curl(10.01)], ...usual, alerts: BOTH },
    {
      name: "at once, the node's clock a second ahead, told after the use",
      given: [session(11, { late: 20 }), curl(10.01)],
      ...usual,
      alerts: BOTH,
    },
    { name: "at once, the node's clock a second behind", given: [session(9), curl(10.01)], ...usual, alerts: BOTH },
    {
      name: 'all that it does with that client',
      given: [session(10), curl(10.01), curl(15), curl(20)],
      ...usual,
      alerts: BOTH,
    },
    {
      name: 'for what it never did, by its usual client',
      given: [
        ...ordinary(-1200, 0, 10, ['cart-1']),
        session(10),
        use(60, 'cart-1', { request: { resource: 'secrets' } }),
      ],
      severity: 'medium',
      confidence: 'low',
      summary: `Token of system:serviceaccount:shop:cart was read by ${SESSION}, and then used from the pod for what it had not shown before: list secrets in shop: 200.`,
      alerts: BOTH,
    },
    {
      name: 'a web shell',
      given: [...steady(-3900, 0, 60, 'cart-1'), byChild(10, 'cart-1'), curl(60)],
      policy: { learningPeriod: HOUR },
      ...usual,
      summary: usual.summary.replace(SESSION, 'cat (pid 4711), in the pod shop/cart-1 (container app)'),
      alerts: [['token-misused-from-home', 'token-read-by-unfamiliar-process']],
    },
    {
      name: 'another container of the pod',
      given: [read(10, 'cart-1', { relation: 'other-container-of-pod' }), curl(60)],
      ...usual,
      summary: usual.summary.replace(SESSION, 'cat (pid 4711), in the pod shop/cart-1 (container sidecar)'),
      alerts: [['token-misused-from-home', 'token-read-by-other-pod']],
    },
    {
      name: 'and from elsewhere: one alert',
      given: [session(10), curl(60), curl(70, { from: OUTSIDE })],
      ...usual,
      alerts: [
        [
          'token-misused-from-home',
          'token-read-in-exec-session',
          'token-stolen-and-used',
          'token-used-away-from-pod',
          'token-used-in-two-places',
        ],
      ],
    },
  ],
  ignores: [
    {
      name: 'what it never did, by its usual client, soon after it began',
      given: [session(10), use(60, 'cart-1', { request: { resource: 'secrets' } })],
      because: 'much is new then',
    },
    { name: 'nobody read it', given: [curl(60)], because: 'a new client alone is none' },
    { name: 'before it was read', given: [curl(5), session(10)], because: 'it was there before' },
    { name: 'with a client that it had before', given: [curl(-30), session(10), curl(60)], because: 'it is known' },
    { name: 'the workload goes on', given: [session(10), ...ordinary(10, 100)], because: 'it does what it always did' },
    {
      name: 'a hook reads it',
      given: [session(10, { opener: { expected: 'hook' } }), curl(60)],
      because: "that is in the pod's own spec",
    },
    {
      name: 'read on the node',
      given: [fromHost(10, 'cart-1'), curl(60)],
      because: 'that is told by token-stolen-and-used',
    },
    {
      name: 'used elsewhere',
      given: [session(10), curl(60, { from: OUTSIDE })],
      because: 'that is told by its place',
    },
    {
      name: 'read by somebody who may yet be part of the workload',
      given: [...steady(-50, 0, 5, 'cart-1'), byChild(10, 'cart-1'), curl(60)],
      because: 'both may be',
    },
    { name: 'denied', given: [session(10, { read: { outcome: 'denied' } }), curl(60)], because: 'nobody got it' },
    {
      name: "of another pod's token",
      given: [session(10), use(60, 'pay', { request: { userAgent: 'curl/8' } })],
      because: 'that was not read',
    },
    {
      name: 'of another pod of the account, which it was not read in',
      given: [session(10), use(60, 'cart-2', { request: { userAgent: 'curl/8' } })],
      because: 'that was not read',
    },
  ],
});
