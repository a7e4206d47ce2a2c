import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../../collector/web/page/views/history/filters.ts';
import { understand } from '../../collector/web/page/views/history/search.ts';
import { credentialOfToken, looksLikeToken } from '../../collector/web/page/views/history/token.ts';

const JTI = '82e2dfb2-adf9-47d8-a0f7-56ff04859724';
const jwt = (claims: unknown): string =>
  [{ alg: 'RS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2lnbmF0dXJl')
    .join('.');

const firstOf = (typed: string) => understand(typed).readings[0]?.filters;

describe('what is typed into the search line', () => {
  const meant: [string, Record<string, string>][] = [
    ['203.0.113.66', { source: '203.0.113.66' }],
    [' 10.0.0.1 ', { source: '10.0.0.1' }],
    ['2001:DB8:0:0::1', { source: '2001:db8::1' }],
    [`JTI=${JTI}`, { credential: `JTI=${JTI}` }],
    [`"authentication.kubernetes.io/credential-id":["JTI=${JTI}"]`, { credential: `JTI=${JTI}` }],
    ['secret:shop/legacy', { credential: 'secret:shop/legacy' }],
    [JTI, { credential: `JTI=${JTI}` }],
    ['0123456789abcdef0123456789abcdef', { pod: '0123456789abcdef0123456789abcdef' }],
    ['shop/cart', { principal: 'shop/cart' }],
    ['system:serviceaccount:shop:cart', { principal: 'system:serviceaccount:shop:cart' }],
    ['User "system:serviceaccount:shop:cart" cannot list', { principal: 'system:serviceaccount:shop:cart' }],
    ['pods/exec', { resource: 'pods/exec' }],
    ['curl/8.5.0', { userAgent: 'curl/8.5.0' }],
    [
      'kubectl/v1.30.0 (linux/amd64) kubernetes/7c48c2b',
      { userAgent: 'kubectl/v1.30.0 (linux/amd64) kubernetes/7c48c2b' },
    ],
    ['kubectl*', { userAgent: 'kubectl*' }],
    ['secrets', { resource: 'secrets' }],
    ['LIST', { verb: 'list' }],
    ['403', { code: '403' }],
    ['away', { placement: 'away' }],
    ['internet', { where: 'internet' }],
    ['read', { kind: 'read' }],
    ['node-a', { node: 'node-a' }],
    ['system:node:node-a', { node: 'node-a' }],
    ['verb=list resource=secrets', { verb: 'list', resource: 'secrets' }],
    ['useragent="kubectl/v1.30 (linux)" code=403', { userAgent: 'kubectl/v1.30 (linux)', code: '403' }],
  ];
  it.each(meant)('%s', (typed, filters) => {
    expect(firstOf(typed)).toEqual(filters);
  });

  it('offers what else it may be', () => {
    expect(understand(JTI).readings.map(({ filters }) => filters)).toContainEqual({ pod: JTI });
    expect(understand('shop/cart').readings.map(({ says }) => says)).toEqual([
      'principal shop/cart',
      'pod shop/cart',
      'user agent shop/cart',
    ]);
  });

  it('means nothing by nothing', () => {
    expect(understand('  ')).toEqual({ readings: [] });
  });

  it('says of what is too long that it is', () => {
    expect(understand('x'.repeat(1025)).refused).toContain('1024');
  });

  it('sets only filters that there are, whatever is typed', () => {
    const names = new Set<string>(FIELDS.map(({ name }) => name));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9=/.:" *-]{0,60}$/)), (typed) => {
        for (const { filters, says } of understand(typed).readings) {
          expect(says).not.toBe('');
          for (const name of Object.keys(filters)) expect(names).toContain(name);
        }
      }),
    );
  });
});

describe('a token that is pasted', () => {
  const projected = jwt({ sub: 'system:serviceaccount:shop:cart', jti: JTI });

  it('is searched for by the id that it names, and by nothing else of it', () => {
    const { readings } = understand(projected);
    expect(readings.map(({ filters }) => filters)).toEqual([{ credential: `JTI=${JTI}` }]);
    expect(JSON.stringify(readings)).not.toContain(projected.slice(0, 20));
  });

  it('of a Secret is named by that', () => {
    const claims = { sub: 'system:serviceaccount:shop:cart', 'kubernetes.io/serviceaccount/secret.name': 'cart-token' };
    expect(credentialOfToken(jwt(claims))).toBe('secret:shop/cart-token');
  });

  it.each([
    ['without an id', jwt({ sub: 'somebody' })],
    ['cut in two', projected.slice(0, 40)],
    ['that is none', 'eyJhbGciOi.%%%.x'],
    ['with an id that is no id', jwt({ sub: 'x', jti: '<img onerror=alert(1)>' })],
    ['in a header', `Authorization: Bearer ${jwt({})}`],
    ['behind a name', `token:${jwt({})}`],
  ])('%s goes nowhere', (_what, text) => {
    expect(looksLikeToken(text)).toBe(true);
    expect(understand(text)).toMatchObject({ readings: [], refused: expect.stringContaining('not sent') });
  });
});
