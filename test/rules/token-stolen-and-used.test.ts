import rule from '../../shared/detection/rules/token-stolen-and-used.ts';
import { byChild, fromHost, read, steady } from '../detection/reads.ts';
import { INTERNET, mint, NODES, OUTSIDE, ordinary, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const ON_NODE = NODES['node-a'] as string;
const HOST = 'cat (pid 4711), a process of node node-a';
const SESSION = 'cat (pid 4711), in an exec session in the pod shop/cart-1 (container app)';
const session = (seconds: number, changes = {}) => read(seconds, 'cart-1', { relation: 'exec-session', ...changes });
const curl = (seconds: number, changes = {}) =>
  use(seconds, 'cart-1', { request: { userAgent: 'curl/8' }, ...changes });
const AWAY = ['token-stolen-and-used', 'token-used-away-from-pod', 'token-used-in-two-places'];
const away = {
  severity: 'critical' as const,
  confidence: 'high' as const,
  summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used from 10.10.0.66: list pods in shop: 200.`,
};
const told = {
  severity: 'critical' as const,
  confidence: 'high' as const,
  summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used away from its home.`,
};

testRule(rule, {
  fires: [
    {
      name: 'read on the node, used outside',
      given: [fromHost(10, 'cart-1'), use(60, 'cart-1', { from: OUTSIDE })],
      ...away,
      alerts: [['token-read-from-host', ...AWAY]],
    },
    {
      name: '... hours later',
      given: [fromHost(10, 'cart-1'), use(6 * 86_400, 'cart-1', { from: OUTSIDE })],
      ...away,
      alerts: [['token-read-from-host', 'token-stolen-and-used', 'token-used-away-from-pod']],
    },
    {
      name: '... told first',
      given: [fromHost(10, 'cart-1', { late: 100 }), use(60, 'cart-1', { from: OUTSIDE })],
      ...away,
      alerts: [['token-read-from-host', ...AWAY]],
    },
    {
      name: '... told so long before that it is hardly remembered',
      given: [
        use(60, 'cart-1', { from: OUTSIDE }),
        ...ordinary(70, 7000, 1, ['pay', 'agent', 'bot']),
        fromHost(10, 'cart-1', { late: 7200 }),
      ],
      ...told,
      alerts: [['token-read-from-host', ...AWAY]],
    },
    {
      name: "... the node's clock two seconds ahead",
      given: [fromHost(62, 'cart-1'), use(60, 'cart-1', { from: OUTSIDE })],
      ...away,
      alerts: [['token-read-from-host', ...AWAY]],
    },
    {
      name: '... the newest read is the one that it was',
      given: [
        fromHost(10, 'cart-1', { opener: { comm: 'dd', exe: '/usr/bin/dd', actor: '9@9' } }),
        fromHost(20, 'cart-1'),
        use(60, 'cart-1', { from: OUTSIDE }),
      ],
      ...away,
      alerts: [['token-read-from-host', ...AWAY]],
    },
    {
      name: 'read in a session, used outside',
      given: [session(10), use(60, 'cart-1', { from: OUTSIDE })],
      ...away,
      summary: away.summary.replace(HOST, SESSION),
      alerts: [['token-read-in-exec-session', ...AWAY]],
    },
    {
      name: 'read by somebody who may yet be part of the workload, used outside',
      given: [...steady(-50, 0, 5, 'cart-1'), byChild(10, 'cart-1'), use(60, 'cart-1', { from: OUTSIDE })],
      ...away,
      summary: away.summary.replace(HOST, 'cat (pid 4711), in the pod shop/cart-1 (container app)'),
      alerts: [['token-read-by-unfamiliar-process', ...AWAY]],
    },
    {
      name: 'read on the node, used there by a client that it never had',
      given: [fromHost(10, 'cart-1'), curl(60, { from: ON_NODE })],
      severity: 'high',
      confidence: 'high',
      summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used by a client it had not shown before: list pods in shop: 200.`,
      alerts: [['token-read-from-host', 'token-stolen-and-used']],
    },
    {
      name: "read on the node, used at the pod's own address by a client that it never had",
      given: [fromHost(10, 'cart-1'), curl(60)],
      severity: 'high',
      confidence: 'high',
      summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used by a client it had not shown before: list pods in shop: 200.`,
      alerts: [['token-read-from-host', 'token-stolen-and-used']],
    },
    {
      name: '... told first',
      given: [fromHost(10, 'cart-1', { late: 100 }), curl(60)],
      severity: 'high',
      confidence: 'high',
      summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used by a client it had not shown before: list pods in shop: 200.`,
      alerts: [['token-read-from-host', 'token-stolen-and-used']],
    },
    {
      name: 'read on the node, used at its home for what it never did',
      given: [
        ...ordinary(-1200, 0, 10, ['cart-1']),
        fromHost(10, 'cart-1'),
        use(60, 'cart-1', { request: { resource: 'secrets' } }),
      ],
      severity: 'medium',
      confidence: 'medium',
      summary: `Token of system:serviceaccount:shop:cart was read by ${HOST}, and then used by somebody who asks for what it had not shown before: list secrets in shop: 200.`,
      alerts: [['token-read-from-host', 'token-stolen-and-used']],
    },
    {
      name: 'what was minted with it is of the theft',
      given: [
        fromHost(10, 'cart-1'),
        ...mint(60, 'cart-1', 'ci', 'JTI=unbound', { from: INTERNET }),
        use(70, 'cart-1', { from: INTERNET }),
      ],
      ...away,
      summary: away.summary.replace(OUTSIDE, INTERNET),
      alerts: [['token-read-from-host', 'token-minted-by-non-kubelet', ...AWAY]],
    },
  ],
  ignores: [
    {
      name: 'a use before the read',
      given: [use(5, 'cart-1', { from: OUTSIDE }), fromHost(10, 'cart-1')],
      because: 'it was not read for that',
    },
    {
      name: 'a use before the read, told after it',
      given: [fromHost(100, 'cart-1'), { ...use(5, 'cart-1', { from: OUTSIDE }), seen: use(110, 'cart-1').seen }],
      because: 'it was not read for that',
    },
    {
      name: 'another token',
      given: [fromHost(10, 'cart-1'), use(60, 'pay', { from: OUTSIDE })],
      because: 'that was not read',
    },
    {
      name: 'the workload itself, after somebody read it',
      given: [fromHost(10, 'cart-1'), ...ordinary(10, 60)],
      because: 'it does what it always did',
    },
    {
      name: '... where the pod cannot be told from its node',
      given: [fromHost(10, 'cart-1'), use(60, 'cart-1', { from: ON_NODE })],
      because: 'it does what it always did',
    },
    {
      name: 'a new version of the usual client',
      given: [fromHost(10, 'cart-1'), use(60, 'cart-1', { request: { userAgent: 'app/2' } })],
      because: 'it is the same client',
    },
    {
      name: 'an account of which little is known',
      given: [fromHost(10, 'idle'), use(60, 'idle', { request: { userAgent: 'curl/8' } })],
      because: 'everything would be new',
    },
    {
      name: 'read in its own pod, used from there',
      given: [session(10), curl(60)],
      because: 'that is told by token-misused-from-home',
    },
    {
      name: 'read by somebody who may yet be part of the workload, used at home',
      given: [...steady(-50, 0, 5, 'cart-1'), byChild(10, 'cart-1'), curl(60, { from: ON_NODE })],
      because: 'both may be',
    },
    {
      name: 'a read that was denied',
      given: [fromHost(10, 'cart-1', { read: { outcome: 'denied' } }), use(60, 'cart-1', { from: OUTSIDE })],
      because: 'nobody got it',
    },
    {
      name: 'a backup agent',
      given: [fromHost(10, 'cart-1', { read: { excused: 'backups' } }), use(60, 'cart-1', { from: OUTSIDE })],
      because: 'it may read',
    },
    {
      name: 'a week later',
      given: [fromHost(10, 'cart-1'), use(8 * 86_400, 'cart-1', { from: OUTSIDE })],
      because: 'that is told by its place alone',
    },
    {
      name: 'the kubelet reads all the time',
      given: [read(10, 'cart-1', { relation: 'kubelet' }), use(60, 'cart-1', { from: OUTSIDE })],
      because: 'it keeps the file',
    },
  ],
});
