import { describe, expect, it } from 'vitest';
import { fromClaims } from '../../shared/normalise/claims.ts';
import { TokenClaims } from '../../shared/schema/token-open.ts';
import { fakeToken } from './lines.ts';

const POD = { name: 'cart-1', uid: 'uid-cart-1' };
const claims = (more: Record<string, unknown> = {}): TokenClaims =>
  TokenClaims.parse({ jti: '82e2', sub: 'system:serviceaccount:shop:cart', ...more });
const bound = (more: Record<string, unknown> = {}) => ({
  'kubernetes.io': { namespace: 'shop', pod: POD, node: { name: 'node-a', uid: 'uid-a' }, ...more },
});

describe('what claims say', () => {
  it('of a pod’s token', () => {
    expect(fromClaims(claims({ ...bound(), aud: ['api', 'sts'] }))).toEqual({
      principal: 'system:serviceaccount:shop:cart',
      credential: { id: 'JTI=82e2', kind: 'projected' },
      binding: { pod: { namespace: 'shop', ...POD }, node: { name: 'node-a', uid: 'uid-a' } },
      audiences: ['api', 'sts'],
    });
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    ['without an id it is the pod’s', { ...bound(), jti: undefined }, { id: 'pod:uid-cart-1', kind: 'projected' }],
    ['of one that is bound to nothing', {}, { id: 'JTI=82e2', kind: 'minted' }],
    ['of one that is bound to a node alone', bound({ pod: undefined }), { id: 'JTI=82e2', kind: 'minted' }],
    [
      'of a legacy token',
      { jti: undefined, 'kubernetes.io/serviceaccount/secret.name': 'cart-token' },
      { id: 'secret:shop/cart-token', kind: 'legacy' },
    ],
    [
      'of a legacy token, which names its namespace',
      {
        jti: '',
        'kubernetes.io/serviceaccount/secret.name': 'cart-token',
        'kubernetes.io/serviceaccount/namespace': 'other',
      },
      { id: 'secret:other/cart-token', kind: 'legacy' },
    ],
    ['nothing that names it', { jti: undefined }, undefined],
  ])('%s', (_, more, credential) => {
    expect(fromClaims(claims(more)).credential).toEqual(credential);
  });

  it('an audience may be a bare text', () => {
    expect(fromClaims(claims({ aud: 'api' })).audiences).toEqual(['api']);
    expect(fromClaims(claims({ aud: 5 })).audiences).toBeUndefined();
  });

  it('where the namespace is not said it is the account’s', () => {
    expect(fromClaims(claims(bound({ namespace: undefined }))).binding.pod?.namespace).toBe('shop');
  });

  it.each([
    ['nothing', null],
    ['a person', claims({ sub: 'kubernetes-admin' })],
    ['half an account', claims({ sub: 'system:serviceaccount:shop' })],
    ['more than an account', claims({ sub: 'system:serviceaccount:a:b:c' })],
  ])('of %s: nothing', (_, given) => {
    expect(fromClaims(given)).toEqual({ binding: {} });
  });

  it('nothing in them is longer than it may be, and no token', () => {
    const long = 'x'.repeat(5000);
    const token = fakeToken();
    const said = fromClaims(
      claims({
        sub: `system:serviceaccount:${long}:cart`,
        jti: token,
        aud: Array.from({ length: 40 }, () => long),
        ...bound({ pod: { name: long, uid: long }, node: { name: token, uid: long }, namespace: long }),
      }),
    );
    expect(JSON.stringify(said).length).toBeLessThan(512 * 17 + 253 * 3 + 64 * 2 + 1000);
    expect(JSON.stringify(said)).not.toContain('eyJ');
    expect(said.audiences).toHaveLength(16);
  });
});
