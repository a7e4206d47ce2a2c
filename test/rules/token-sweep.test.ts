import rule from '../../shared/detection/rules/token-sweep.ts';
import { fromHost, read } from '../detection/reads.ts';
import type { PodName } from '../detection/world.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const ALL: PodName[] = ['cart-1', 'pay', 'idle', 'bot', 'agent'];
/** One after the other, `every` seconds apart. */
const sweep = (names: readonly PodName[], changes = {}, every = 1) =>
  names.map((name, i) => fromHost(10 + i * every, name, changes));
const READ = ['token-read-from-host'];
const usual = {
  severity: 'critical' as const,
  confidence: 'high' as const,
  summary:
    'cat (pid 4711), a process of node node-a, read the tokens of at least 3 pods of node node-a within 10 minutes.',
};
const others = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const one = fromHost(20 + i / 10, 'pay', { read: { credential: { id: `JTI=${i}`, kind: 'projected' } } });
    return { ...one, file: { ...one.file, pod: { uid: `uid-${i}` } }, binding: {} };
  });

testRule(rule, {
  fires: [
    { name: 'three pods', given: sweep(ALL.slice(0, 3)), ...usual, alerts: [['token-sweep', ...READ]] },
    { name: 'five: told once', given: sweep(ALL), ...usual, alerts: [['token-sweep', ...READ]] },
    {
      name: 'slowly',
      given: sweep(ALL.slice(0, 3), {}, 299),
      ...usual,
      alerts: [['token-sweep', ...READ]],
    },
    {
      name: 'told of out of order',
      given: sweep(ALL.slice(0, 3)).map((one, i) => ({ ...one, seen: one.seen + (i === 0 ? 5_000_000 : 0) })),
      ...usual,
      alerts: [['token-sweep', ...READ]],
    },
    {
      name: 'ten: told again',
      given: others(12),
      ...usual,
      summary:
        'cat (pid 4711), a process of node node-a, read the tokens of at least 10 pods of node node-a within 10 minutes.',
      alerts: [['token-sweep', ...READ]],
    },
    {
      name: 'by another pod',
      given: ALL.slice(0, 3).map((name, i) => read(10 + i, name, { relation: 'other-pod', by: 'agent' })),
      severity: 'critical',
      confidence: 'high',
      summary:
        'cat (pid 4711), in the pod monitoring/agent (container app), read the tokens of at least 3 pods of node node-a within 10 minutes.',
      alerts: [['token-read-by-other-pod', 'token-sweep']],
    },
    {
      name: 'all that was read and used is one theft',
      given: [
        ...sweep(ALL.slice(0, 3)),
        use(60, 'cart-1', { from: OUTSIDE }),
        use(61, 'pay', { from: '10.10.0.67' }),
        use(62, 'idle', { from: OUTSIDE }),
      ],
      ...usual,
      alerts: [
        ['token-sweep', ...READ, 'token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'],
      ],
    },
  ],
  ignores: [
    { name: 'two pods', given: sweep(['cart-1', 'pay', 'cart-1', 'pay']), because: 'that may be chance' },
    { name: 'too slowly', given: sweep(ALL, {}, 400), because: 'they are hardly one go' },
    {
      name: 'by three sessions',
      given: ALL.slice(0, 3).map((name, i) => fromHost(10 + i, name, { opener: { actor: `${i}@1` } })),
      because: 'each read one',
    },
    {
      name: 'by sessions of the same name on three nodes',
      given: ALL.slice(0, 3).map((name, i) => fromHost(10 + i, name, { read: { node: `node-${i}` } })),
      because: 'each read one',
    },
    {
      name: 'the kubelet',
      given: ALL.map((name, i) => read(10 + i, name, { relation: 'kubelet' })),
      because: 'it keeps the files',
    },
    { name: 'the pods their own', given: ALL.map((name) => read(10, name)), because: 'they are their own' },
    { name: 'a backup agent', given: sweep(ALL, { read: { excused: 'backups' } }), because: 'it may' },
    {
      name: 'somebody in a place where a backup agent opens all of them',
      given: [...sweep(['idle', 'bot'], { read: { excused: 'backups' } }), fromHost(16, 'cart-1')],
      because: 'what it opens is no part of it',
    },
    { name: 'all denied', given: sweep(ALL, { read: { outcome: 'denied' } }), because: 'nobody got any' },
    {
      name: 'two, and one that was denied',
      given: [...sweep(['idle'], { read: { outcome: 'denied' } }), fromHost(16, 'cart-1'), fromHost(17, 'pay')],
      because: 'it got two',
    },
    { name: 'writing', given: sweep(ALL, { read: { access: 'write' } }), because: 'nothing was read' },
  ],
});
