import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthenticator } from '../../collector/identity/certificate.ts';
import { wallClock } from '../../shared/time.ts';
import { authenticatorContract } from '../contract/authenticator.ts';
import { Authority, type Parts } from '../support/certificates.ts';

const authority = new Authority();
const presenting = (parts: Parts) => ({ certificate: new X509Certificate(authority.issue(parts).cert) });
const nodeA = { role: 'writer' as const, id: 'agent shop/node-a', writes: { cluster: 'shop', agent: 'node-a' } };

authenticatorContract('certificates', async () => ({
  authenticator: createCertificateAuthenticator(wallClock),
  good: [
    [presenting({ uri: ['truant://shop/node-a'] }), nodeA],
    [
      presenting({
        dns: ['node-a.example', 'x, URI:truant://shop/node-b'],
        uri: ['spiffe://x/y', 'truant://shop/node-a'],
      }),
      nodeA,
    ],
  ],
  bad: {
    'one that somebody else signed': [{ strange: true }, 'unknown-certificate'],
    'no name at all': [presenting({}), 'no-identity'],
    'another name': [presenting({ dns: ['node-a'], uri: ['spiffe://shop/node-a'] }), 'no-identity'],
    'two names': [presenting({ uri: ['truant://shop/node-a', 'truant://shop/node-b'] }), 'ambiguous'],
    'a name in capitals': [presenting({ uri: ['truant://Shop/node-a'] }), 'no-identity'],
    'a name that goes on': [presenting({ uri: ['truant://shop/node-a/x'] }), 'no-identity'],
    'a name with a query': [presenting({ uri: ['truant://shop/node-a?x'] }), 'no-identity'],
    'a name with a user': [presenting({ uri: ['truant://x@shop/node-a'] }), 'no-identity'],
    'a name that is encoded': [presenting({ uri: ['truant://shop/node%2da'] }), 'no-identity'],
    'a name with another within': [
      presenting({ uri: ['truant://shop/node-a, URI:truant://shop/node-b'] }),
      'no-identity',
    ],
    'one that has expired': [presenting({ uri: ['truant://shop/node-a'], to: new Date(Date.now() - 1000) }), 'expired'],
    'one for later': [
      presenting({ uri: ['truant://shop/node-a'], from: new Date(Date.now() + 60_000) }),
      'not-yet-valid',
    ],
  },
  foreign: [
    { token: 'x' },
    { token: 'x', strange: true },
    { token: 'x', ...presenting({ uri: ['truant://shop/node-a'] }) },
  ],
}));

describe('names', () => {
  test('whatever else a certificate is called, it is only who its one name says', async () => {
    const authenticator = createCertificateAuthenticator(wallClock);
    const ascii = fc.string({
      unit: fc.constantFrom(
        'a',
        ',',
        ', ',
        ':',
        '"',
        '\\',
        '\u0000',
        'URI:',
        'truant://',
        'shop/',
        'node-b',
        'truant://shop/node-b',
      ),
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(ascii, { maxLength: 3 }), fc.array(ascii, { maxLength: 3 }), async (dns, uri) => {
        const verdict = await authenticator.authenticate(presenting({ dns, uri }));
        if (!verdict || !('role' in verdict) || verdict.role !== 'writer') return;
        const { cluster, agent } = verdict.writes;
        expect(uri.filter((name) => name === `truant://${cluster}/${agent}`)).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });
});
