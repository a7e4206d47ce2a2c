import { expect, test } from 'vitest';
import { fromClaims } from '../../shared/normalise/claims.ts';
import { TokenClaims } from '../../shared/schema/token-open.ts';

const SUB = 'system:serviceaccount:shop:cart';
const POD = { name: 'cart-1', uid: 'u-1' };
const NODE = { name: 'node-a', uid: 'n-1' };
const BOUND = { namespace: 'shop', pod: { namespace: 'shop', ...POD } };
const LEGACY = {
  'kubernetes.io/serviceaccount/namespace': 'shop',
  'kubernetes.io/serviceaccount/secret.name': 'ci-token',
};

test.each([
  [
    'of a pod',
    { jti: '1', aud: ['a', 'b'], 'kubernetes.io': { namespace: 'shop', pod: POD, node: NODE } },
    { credential: { id: 'JTI=1', kind: 'projected' }, binding: { pod: BOUND.pod, node: NODE }, audiences: ['a', 'b'] },
  ],
  [
    'of a pod whose namespace only the account tells, on a node without uid',
    { jti: '1', 'kubernetes.io': { pod: POD, node: { name: 'node-a' } } },
    { credential: { id: 'JTI=1', kind: 'projected' }, binding: { pod: BOUND.pod, node: { name: 'node-a' } } },
  ],
  [
    'bound to a node alone',
    { jti: '1', 'kubernetes.io': { namespace: 'shop', node: NODE } },
    { credential: { id: 'JTI=1', kind: 'minted' }, binding: { node: NODE } },
  ],
  [
    'bound to a Secret',
    { jti: '1', 'kubernetes.io': { namespace: 'shop', secret: { name: 's', uid: 's-1' } } },
    { credential: { id: 'JTI=1', kind: 'minted' }, binding: {} },
  ],
  [
    'bound to nothing, for one audience',
    { jti: '1', aud: 'a' },
    { credential: { id: 'JTI=1', kind: 'minted' }, binding: {}, audiences: ['a'] },
  ],
  ['out of a Secret', LEGACY, { credential: { id: 'secret:shop/ci-token', kind: 'legacy' }, binding: {} }],
  [
    'of a pod before tokens had ids',
    { 'kubernetes.io': { namespace: 'shop', pod: POD } },
    { credential: { id: 'pod:u-1', kind: 'projected' }, binding: { pod: BOUND.pod } },
  ],
  ['that nothing names', { jti: '' }, { binding: {} }],
])('a token %s', (_, claims, said) => {
  expect(fromClaims(TokenClaims.parse({ sub: SUB, ...claims }))).toEqual({ principal: SUB, ...said });
});

test.each(['', 'alice', 'system:serviceaccount:shop', 'system:serviceaccount:shop:cart:x', 'system:node:node-a'])(
  'nothing is said of a token of %j, who is no ServiceAccount',
  (sub) => {
    const claims = { sub, jti: '1', aud: ['a'], 'kubernetes.io': { namespace: 'shop', pod: POD, node: NODE } };
    expect(fromClaims(TokenClaims.parse(claims))).toEqual({ binding: {} });
  },
);

test('nothing is said where there are no claims', () => {
  expect(fromClaims(null)).toEqual({ binding: {} });
});
