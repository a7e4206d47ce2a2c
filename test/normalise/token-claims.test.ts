import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_TOKEN_BYTES, readClaims } from '../../shared/normalise/token-claims.ts';
import { TokenClaims } from '../../shared/schema/token-open.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (payload: unknown): Buffer =>
  Buffer.from(`${encode({ alg: 'RS256', kid: 'k' })}.${encode(payload)}.${'s'.repeat(342)}`);

const NAMES = { namespace: 'shop', pod: { name: 'cart-1', uid: 'u-1' }, node: { name: 'node-a', uid: 'n-1' } };
const PROJECTED = {
  aud: ['https://kubernetes.default.svc.cluster.local'],
  exp: 1826993262,
  iat: 1795457262,
  iss: 'https://kubernetes.default.svc.cluster.local',
  jti: 'c19b5bbf-2afb-4adc-ba31-f93d60db140e',
  'kubernetes.io': { ...NAMES, serviceaccount: { name: 'cart', uid: 's-1' }, warnafter: 1795460869 },
  nbf: 1795457262,
  sub: 'system:serviceaccount:shop:cart',
};

describe('readClaims', () => {
  test('reads what the kubelet wrote, and leaves out what nobody asks for', () => {
    expect(readClaims(jwt(PROJECTED))).toEqual({
      jti: PROJECTED.jti,
      sub: PROJECTED.sub,
      aud: PROJECTED.aud,
      exp: PROJECTED.exp,
      iat: PROJECTED.iat,
      warnafter: 1795460869,
      'kubernetes.io': NAMES,
    });
  });

  test('reads a legacy token, with the line end that a Secret may have', () => {
    const legacy = {
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/secret.name': 'ci-token',
      'kubernetes.io/serviceaccount/service-account.name': 'ci',
      sub: 'system:serviceaccount:shop:ci',
    };
    expect(readClaims(Buffer.concat([jwt(legacy), Buffer.from('\n')]))).toEqual({
      sub: legacy.sub,
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/secret.name': 'ci-token',
    });
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a certificate', Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n')],
    ['a namespace', Buffer.from('shop')],
    ['a payload that is no JSON', Buffer.from(`${encode({})}.${Buffer.from('{"sub":').toString('base64url')}.s`)],
    ['a payload that is no object', jwt('system:serviceaccount:shop:cart')],
    ['null', jwt(null)],
    ['no subject', jwt({ ...PROJECTED, sub: undefined })],
    ['the token of a person', jwt({ ...PROJECTED, sub: 'alice' })],
    ['a subject that only looks like it', jwt({ ...PROJECTED, sub: 'system:serviceaccount:shop:cart:more' })],
    ['a subject that is too long', jwt({ ...PROJECTED, sub: `system:serviceaccount:shop:${'x'.repeat(600)}` })],
    ['two parts', Buffer.from(`${encode({})}.${encode(PROJECTED)}`)],
    ['more than a token', Buffer.concat([jwt(PROJECTED), Buffer.alloc(MAX_TOKEN_BYTES, ' ')])],
  ])('is undefined for %s', (_, content) => {
    expect(readClaims(content)).toBeUndefined();
  });

  test('keeps what fits of claims of which some do not', () => {
    const long = 'x'.repeat(300);
    const claims = {
      ...PROJECTED,
      jti: long,
      aud: Array.from({ length: 17 }, () => 'x'.repeat(520)),
      'kubernetes.io': {
        namespace: 'shop',
        pod: { name: long, uid: 'u' },
        node: { name: 'node-a', uid: long },
        secret: { name: 'ci-token', uid: 's' },
      },
    };
    expect(readClaims(jwt(claims))).toEqual({
      sub: PROJECTED.sub,
      aud: Array.from({ length: 16 }, () => 'x'.repeat(512)),
      exp: PROJECTED.exp,
      iat: PROJECTED.iat,
      'kubernetes.io': { namespace: 'shop', node: { name: 'node-a' }, secret: { name: 'ci-token', uid: 's' } },
    });
  });

  test('takes one audience for a list of one', () => {
    expect(readClaims(jwt({ ...PROJECTED, aud: 'vault' }))?.aud).toEqual(['vault']);
  });

  test('never throws, and says nothing but claims that fit the schema', () => {
    const payload = fc.oneof(
      fc.json(),
      fc
        .record({
          sub: fc.constant(PROJECTED.sub),
          jti: fc.anything(),
          aud: fc.anything(),
          'kubernetes.io': fc.object(),
        })
        .map((claims) => JSON.stringify(claims, (_, value) => (typeof value === 'bigint' ? null : value))),
    );
    fc.assert(
      fc.property(payload, (text) => {
        const claims = readClaims(Buffer.from(`e30.${Buffer.from(text).toString('base64url')}.x`));
        if (claims) expect(TokenClaims.parse(claims)).toEqual(claims);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readClaims(Buffer.from(bytes))));
  });
});
