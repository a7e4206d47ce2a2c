import rule from '../../shared/detection/rules/token-read-by-unfamiliar-process.ts';
import { HOUR, SECOND } from '../../shared/time.ts';
import { APP, byChild, file, fromHost, process, read, steady } from '../detection/reads.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const DAY = 86_400;
const SHORT = { policy: { learningPeriod: HOUR } };
/** A workload that has read its token all through its learning period. */
const mature = steady(0, 3700, 60, 'cart-1');
const young = steady(0, 60, 5, 'cart-1');
const usual = {
  severity: 'medium' as const,
  confidence: 'medium' as const,
  summary: 'cat (pid 4711), in the pod shop/cart-1 (container app), read the token of shop/cart.',
};
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
/** The same image in the other pod of the account. */
const replica = { opener: { container: { id: 'id-of-cart-2', name: 'app', image: 'registry/cart:1' } } };
const newImage = (id: string) => ({ opener: { container: { id, name: 'app', image: 'registry/cart:2' } } });

testRule(rule, {
  fires: [
    {
      name: 'a shell of the application, after the learning period',
      given: [...mature, byChild(3700, 'cart-1')],
      ...SHORT,
      ...usual,
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'the same before it has ended: a note',
      given: [...young, byChild(61, 'cart-1')],
      ...usual,
      severity: 'info',
      confidence: 'low',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'in another replica',
      given: [...mature, byChild(3700, 'cart-2', replica)],
      ...SHORT,
      ...usual,
      summary: 'cat (pid 4711), in the pod shop/cart-2 (container app), read the token of shop/cart.',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'of a workload that never read its token since it is watched',
      given: [file(0, 'cart-1'), byChild(3700, 'cart-1')],
      ...SHORT,
      ...usual,
      severity: 'low',
      confidence: 'low',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'the usual program, started by another',
      given: [...mature, read(3700, 'cart-1', { opener: { lineage: [process(300, '/bin/sh'), APP, APP] } })],
      ...SHORT,
      ...usual,
      summary: 'server (pid 100), in the pod shop/cart-1 (container app), read the token of shop/cart.',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'another file under the usual path',
      given: [...mature, read(3700, 'cart-1', { opener: { exeSize: 5 } })],
      ...SHORT,
      ...usual,
      summary: 'server (pid 100), in the pod shop/cart-1 (container app), read the token of shop/cart.',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'the usual path, whose file was deleted',
      given: [...mature, read(3700, 'cart-1', { opener: { exeState: 'deleted' } })],
      ...SHORT,
      ...usual,
      summary: 'server (pid 100), in the pod shop/cart-1 (container app), read the token of shop/cart.',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'another tool of a program that is many',
      given: [
        ...times(62, (i) => byChild(i * 60, 'cart-1', { opener: { exe: '/bin/busybox', comm: 'cat' } })),
        byChild(3720, 'cart-1', { opener: { exe: '/bin/busybox', comm: 'wget' } }),
      ],
      ...SHORT,
      ...usual,
      summary: 'wget (pid 4711), in the pod shop/cart-1 (container app), read the token of shop/cart.',
      alerts: [['token-read-by-unfamiliar-process']],
    },
    {
      name: 'the theft that follows joins it',
      given: [...mature, byChild(3700, 'cart-1'), use(3710, 'cart-1', { from: OUTSIDE })],
      ...SHORT,
      ...usual,
      alerts: [['token-read-by-unfamiliar-process', 'token-stolen-and-used', 'token-used-away-from-pod']],
    },
  ],
  ignores: [
    { name: 'the usual process', given: mature, ...SHORT, because: 'it is familiar' },
    {
      name: 'the usual process of a replica',
      given: [...mature, read(3700, 'cart-2', replica)],
      ...SHORT,
      because: 'all replicas teach one profile',
    },
    {
      name: 'after a restart of its container',
      given: [
        ...mature,
        read(3700, 'cart-1', {
          opener: { pid: 7, started: 9, actor: 'new', container: { id: 'new', name: 'app', image: 'registry/cart:1' } },
        }),
      ],
      ...SHORT,
      because: 'the image is the same',
    },
    {
      name: 'a rollout of a new image with other programs',
      given: [...mature, ...times(4, (i) => byChild(3700 + i, 'cart-2', newImage('new')))],
      ...SHORT,
      because: 'a new image has a learning period of its own',
    },
    {
      name: 'another container of the pod',
      given: [
        ...mature,
        byChild(3700, 'cart-1', { opener: { container: { id: 'x', name: 'proxy', image: 'registry/proxy:1' } } }),
      ],
      ...SHORT,
      because: 'it has a profile of its own',
    },
    { name: 'the very first reads', given: times(5, (i) => byChild(i, 'cart-1')), because: 'nothing is usual yet' },
    {
      name: 'two programs from the beginning',
      given: [
        ...times(6, (i) => [read(i, 'cart-1'), byChild(i + 0.5, 'cart-1')]).flat(),
        ...times(6, (i) => byChild(3700 + i, 'cart-1')),
      ],
      ...SHORT,
      because: 'both were there when it was learned',
    },
    {
      name: 'a stranger who goes on',
      after: [...mature, ...times(5, (i) => byChild(3700 + i, 'cart-1'))],
      given: [byChild(3800, 'cart-1')],
      ...SHORT,
      because: 'it was told of often enough',
    },
    {
      name: 'a stranger who has come every hour for a day',
      after: [...mature, ...times(25, (i) => byChild(3700 + i * 3600, 'cart-1'))],
      given: [byChild(3700 + 2 * DAY, 'cart-1')],
      ...SHORT,
      because: 'it is part of the workload by now',
    },
    {
      name: 'a session',
      given: [...mature, read(3700, 'cart-1', { relation: 'exec-session' })],
      ...SHORT,
      because: 'that is told by token-read-in-exec-session',
    },
    {
      name: 'the node',
      given: [...mature, fromHost(3700, 'cart-1')],
      ...SHORT,
      because: 'that is told by token-read-from-host',
    },
    {
      name: 'somebody whom the configuration lets pass',
      given: [...mature, byChild(3700, 'cart-1', { read: { excused: 'a mesh' } })],
      ...SHORT,
      because: 'it says so',
    },
    {
      name: 'what wrote',
      given: [...mature, byChild(3700, 'cart-1', { read: { access: 'write' } })],
      ...SHORT,
      because: 'that is told by token-file-tampered',
    },
    {
      name: 'a process whose container is not known',
      given: [...mature, byChild(3700, 'cart-1', { opener: { container: undefined as never } })],
      ...SHORT,
      because: 'there is nothing to compare it with',
    },
    {
      name: 'a workload just begun, with a learning period of seconds',
      given: times(3, (i) => byChild(i, 'cart-1')),
      policy: { learningPeriod: 10 * SECOND },
      because: 'it is watched only since',
    },
  ],
});
