import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCRUBBED, scrub } from '../../shared/normalise/scrub.ts';

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const SIGNATURE = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 37) % 256)).toString('base64url');
const HEADER = base64url({ alg: 'RS256', kid: 'x3JsVZ0b1tS9qvJb2l8Yl1B2cX9' });
const PAYLOAD = base64url({
  aud: ['https://kubernetes.default.svc'],
  exp: 1795460000,
  'kubernetes.io': { namespace: 'shop', pod: { name: 'inventory-1', uid: '61f1f741' } },
  sub: 'system:serviceaccount:shop:inventory',
});
const TOKEN = `${HEADER}.${PAYLOAD}.${SIGNATURE}`;

const tokens = fc
  .record({
    alg: fc.constantFrom('RS256', 'ES256', 'none'),
    kid: fc.stringMatching(/^[A-Za-z0-9_-]{1,43}$/),
    claims: fc.dictionary(fc.stringMatching(/^[a-z./]{1,12}$/), fc.string({ maxLength: 30 }), { minKeys: 1 }),
    signature: fc.uint8Array({ minLength: 32, maxLength: 300 }),
  })
  .map(({ alg, kid, claims, signature }) =>
    [base64url({ alg, kid }), base64url(claims), Buffer.from(signature).toString('base64url')].join('.'),
  );

/** Text that can't be taken for part of a token, nor end in a way that makes one of what follows. */
const around = fc.array(fc.constantFrom(' ', '"', '/', '?', '&', '{', '}', '\\"', ':', 'pods', 'get', '\n', 'ü'), {
  maxLength: 12,
});

/** Some of the characters in percent or JSON escapes. */
const escaped = (text: string, every: number, escape: (code: string) => string): string =>
  Array.from(text)
    .map((char, i) => (i % every === 0 ? escape(char.charCodeAt(0).toString(16).padStart(2, '0')) : char))
    .join('');

describe('scrub', () => {
  it.each([
    ['a whole token', `/api/v1/pods?x=${TOKEN}&y=1`, `/api/v1/pods?x=${SCRUBBED}&y=1`],
    [
      'a token with its signature cut',
      `got "${HEADER}.${PAYLOAD}.${SIGNATURE.slice(0, 9)}" here`,
      `got "${SCRUBBED}" here`,
    ],
    ['header and payload', `${HEADER}.${PAYLOAD}`, SCRUBBED],
    ['a token cut in its header', `"${TOKEN.slice(0, 14)}"`, `"${SCRUBBED}"`],
    ['a token cut at its start', `"hbGciOiJS.${PAYLOAD}.${SIGNATURE}"`, `"hbGciOiJS.${SCRUBBED}"`],
    ['a token glued to a word', `see${TOKEN}`, `see${SCRUBBED}`],
    ['two tokens', `${TOKEN},${TOKEN}`, `${SCRUBBED},${SCRUBBED}`],
    ['a percent-encoded token', `?x=${TOKEN.replaceAll('.', '%2E')}&y=1`, `?x=${SCRUBBED}&y=1`],
    ['a token percent-encoded twice', `?x=${escaped(TOKEN, 7, (hex) => `%25${hex}`)}&y=1`, `?x=${SCRUBBED}&y=1`],
    ['a token in JSON in a string', `{\\"token\\":\\"${TOKEN}\\"}`, `{\\"token\\":\\"${SCRUBBED}\\"}`],
    ['a token in JSON escapes', `"${escaped(TOKEN, 3, (hex) => `\\u00${hex}`)}"`, `"${SCRUBBED}"`],
    ['a Secret', `{"token":"${Buffer.from(TOKEN).toString('base64')}"}`, `{"token":"${SCRUBBED}"}`],
    ['a header', 'Authorization: Bearer 0123456789abcdef0123', `Authorization: Bearer ${SCRUBBED}`],
    ['an opaque token', '/proxy/login?access_token=opaque1&b=2', `/proxy/login?access_token=${SCRUBBED}&b=2`],
    [
      'a flag of a command',
      'exec?command=kubectl&command=--token%3Dopaque2',
      `exec?command=kubectl&command=--token%3D${SCRUBBED}`,
    ],
  ])('takes out %s', (_, text, expected) => {
    const result = scrub(text);
    expect(result.text).toBe(expected);
    expect(result.scrubbed).toBeGreaterThan(0);
  });

  it.each([
    [
      'the continue of a paginated list',
      `/api/v1/pods?continue=${base64url({ v: 'meta.k8s.io/v1', rv: 123, start: 'a' })}&limit=500`,
    ],
    ['words that happen to hold the mark', 'MonkeyJavaScriptEngine/1.0 keyJar eyJ'],
    ['a path to a token', 'command=cat&command=%2Fvar%2Frun%2Fsecrets%2Fkubernetes.io%2Fserviceaccount%2Ftoken'],
    ['a TokenRequest', '/api/v1/namespaces/shop/serviceaccounts/inventory/token?timeout=10s'],
    ['a credential id', 'JTI=a1551591-5e6e-4381-a71c-2920361fb29a'],
    ['a user agent', 'kubelet/v1.36.2 (linux/amd64) kubernetes/8e16b12'],
    ['plain words', 'a bearer token is required, 100 %'],
  ])('leaves alone %s', (_, text) => {
    expect(scrub(text)).toEqual({ text, scrubbed: 0 });
  });

  it('takes out any token, cut anywhere, in any text', () => {
    fc.assert(
      fc.property(tokens, fc.nat(), around, around, (token, cut, before, after) => {
        const piece = token.slice(0, 12 + (cut % token.length));
        const [left, right] = [before.join(''), `"${after.join('')}`];
        expect(scrub(`${left}${piece}${right}`).text).toBe(`${left}${SCRUBBED}${right}`);
      }),
    );
  });

  it('takes out any token in any encoding', () => {
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 40 }), fc.boolean(), (token, every, percent) => {
        const text = escaped(token, every, (hex) => (percent ? `%${hex}` : `\\u00${hex}`));
        expect(scrub(`"${text}"`)).toEqual({ text: `"${SCRUBBED}"`, scrubbed: 1 });
        expect(scrub(`"${Buffer.from(token).toString('base64')}"`).text).toBe(`"${SCRUBBED}"`);
      }),
    );
  });

  it('takes out any token that is in the midst of something in base64', () => {
    fc.assert(
      fc.property(tokens, fc.string({ maxLength: 40 }), fc.boolean(), (token, before, url) => {
        const encoded = Buffer.from(`${before}"${token}"`).toString(url ? 'base64url' : 'base64');
        const { text, scrubbed } = scrub(`Basic ${encoded}`);
        // Of a token in three parts more than one may be found by itself.
        expect(scrubbed).toBeGreaterThan(0);
        // Of what is left not even the token's header can be had.
        const left = text.slice('Basic '.length).split(SCRUBBED);
        expect(left.map((part) => Buffer.from(part, 'base64').toString('latin1')).join()).not.toContain('eyJ');
        expect(text.endsWith(SCRUBBED)).toBe(true);
      }),
    );
  });

  it('finds nothing more in what it has scrubbed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(tokens, fc.string(), fc.constantFrom('Bearer ', 'token=', '%', '\\u00'))),
        (parts) => {
          const once = scrub(parts.join('')).text;
          expect(scrub(once)).toEqual({ text: once, scrubbed: 0 });
        },
      ),
    );
  });

  // Quadratic work on these would take hours, so the test's own time limit tells.
  it.each([
    ['marks without tokens', 'eyJ'],
    ['marks of Secrets without tokens', 'ZXlK'],
    ['marks in the midst of something', 'GV5Sg'],
    ['tokens', `${TOKEN.slice(0, 60)} `],
    ['percent signs', '%'],
    ['encoded marks', '%65yJ'],
    ['escapes', '\\u00'],
    ['words', 'bearer '],
    ['colons after a word', 'bearer::::::::::::'],
    ['parameters', 'token='],
    ['letters', 'a'],
  ])('takes linear time for 4 MB of %s', (_, unit) => {
    const text = unit.repeat((4 * 1024 * 1024) / unit.length);
    expect(scrub(text).text.length).toBeGreaterThan(0);
  });
});
