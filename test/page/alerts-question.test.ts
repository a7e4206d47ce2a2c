import { expect, test } from 'vitest';
import { blindnessOf } from '../../collector/web/page/views/alerts/blindness.ts';
import {
  filterOf,
  isAtLeast,
  orderOf,
  statusesOf,
  withStatus,
} from '../../collector/web/page/views/alerts/question.ts';
import { fullPrincipal } from '../../collector/web/page/views/exceptions/principal.ts';
import { stateOf } from '../../collector/web/page/views/exceptions/state.ts';

test('an empty address asks for what has to be looked after, worst first', () => {
  expect(filterOf({})).toMatchObject({ status: 'open,acknowledged', q: undefined });
  expect(orderOf({})).toBe('worst');
  expect(orderOf({ order: 'latest' })).toBe('latest');
  expect(orderOf({ order: 'toString' })).toBe('worst');
});

test.each([
  [undefined, 'closed', 'open,acknowledged,closed'],
  [undefined, 'acknowledged', 'open'],
  ['open', 'acknowledged', null],
  ['open', 'open', null],
  ['closed', 'open', 'open,closed'],
  ['nonsense', 'closed', 'closed'],
] as const)('with status=%s, choosing %s makes it %s', (status, chosen, after) => {
  expect(withStatus({ status }, chosen)).toBe(after);
});

test.each([
  ['critical', 'high', true],
  ['high', 'high', true],
  ['medium', 'high', false],
  ['critical', undefined, false],
  ['critical', 'nonsense', false],
] as const)('whether %s is among severity=%s: %s', (severity, asked, is) => {
  expect(isAtLeast(severity, asked)).toBe(is);
});

test('statuses that there are not are not chosen', () => {
  expect(statusesOf({ status: 'closed,<b>,open' })).toEqual(['open', 'closed']);
});

test('agents that are late see everything, if later; those that are silent or blind do not', () => {
  const agent = { cluster: 'c', version: null, startedAt: null, firstSeen: 1, lastSeen: 1, newest: null, lag: null };
  const rest = { ...agent, waiting: null, parts: [], accepted: 0, rejected: 0, missing: 0, blindSpots: [] };
  const agents = [
    { ...rest, agent: 'node-a', health: 'ok', because: null },
    { ...rest, agent: 'node-b', health: 'late', because: 'Two minutes behind.' },
    { ...rest, agent: 'node-c', health: 'silent', because: 'Nothing was heard of it for an hour.' },
    { ...rest, agent: 'node-d', health: 'blind', because: null },
  ] as const;
  const spot = {
    cluster: 'c',
    node: 'node-x',
    source: 'audit-file',
    status: 'gap',
    reason: 'gap',
    detail: '',
    time: 1,
  } as const;
  expect(blindnessOf({ agents: [...agents], blindSpots: [spot] })).toEqual([
    { who: 'node-c', what: 'Nothing was heard of it for an hour.' },
    { who: 'node-d', what: 'blind' },
    { who: 'node-x, audit-file', what: 'gap' },
  ]);
});

test.each([
  ['shop/cart', 'system:serviceaccount:shop:cart'],
  [' system:serviceaccount:shop:cart ', 'system:serviceaccount:shop:cart'],
  ['kubernetes-admin', 'kubernetes-admin'],
  ['a/b/c', 'a/b/c'],
])('%j is the principal %s', (typed, principal) => {
  expect(fullPrincipal(typed)).toBe(principal);
});

test.each([
  [{ revokedAt: null, expiresAt: null }, 'in force'],
  [{ revokedAt: null, expiresAt: 101 }, 'in force'],
  [{ revokedAt: null, expiresAt: 100 }, 'expired'],
  [{ revokedAt: 50, expiresAt: 101 }, 'revoked'],
])('at 100, %o is %s', (exception, state) => {
  expect(stateOf(exception, 100)).toBe(state);
});
