/** The parts of logging in that can be asked by themselves: where one is led, what is kept meanwhile, who one is then. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Attempts } from '../../collector/login/attempts.ts';
import { ownPath } from '../../collector/login/own-path.ts';
import { personOf } from '../../collector/login/person.ts';
import { MINUTE, SECOND } from '../../shared/time.ts';

describe('a path of our own', () => {
  test.each([
    ['/', '/'],
    ['/history?since=24h#now', '/history?since=24h#now'],
    ['/alerts/demo/al_1%2F2', '/alerts/demo/al_1%2F2'],
    ['/a/../history', '/history'],
    ['/x?to=//evil.example', '/x?to=//evil.example'],
  ])('is %j', (text, path) => {
    expect(ownPath(text)).toBe(path);
  });

  const pieces = [
    '/',
    '\\',
    '.',
    '..',
    ':',
    '@',
    '//',
    '%2f',
    '\t',
    '\n',
    'evil.example',
    'https:',
    'javascript:',
    '?',
    '#',
    'a',
  ];
  test('leads nowhere else, whatever it is', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const path = ownPath(text);
        if (path === undefined) return;
        expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        expect(new URL(path, 'https://truant.example').origin).toBe('https://truant.example');
        expect(ownPath(path)).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an attempt', () => {
  const attempt = { state: 's', nonce: 'n', verifier: 'v', to: `/${'x'.repeat(1499)}` };
  let now = 1_700_000_000 * SECOND;
  const attempts = new Attempts({ now: () => now });

  test('fits into a cookie, and says nothing to who has it', async () => {
    const sealed = await attempts.seal(attempt);
    expect(sealed.length).toBeLessThan(3000);
    expect(sealed).toMatch(/^[\w.-]+$/);
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('verifier');
    expect(await attempts.open(sealed)).toEqual(attempt);
  });

  test('is good for ten minutes, and for this process', async () => {
    const sealed = await attempts.seal(attempt);
    expect(await new Attempts({ now: () => now }).open(sealed)).toBeUndefined();
    now += 10 * MINUTE - SECOND;
    expect(await attempts.open(sealed)).toEqual(attempt);
    now += SECOND;
    expect(await attempts.open(sealed)).toBeUndefined();
  });

  test('that was changed or made up is none', async () => {
    const sealed = await attempts.seal(attempt);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '.', ''), async (at, char) => {
        const changed = sealed.slice(0, at) + char + sealed.slice(at + 1);
        // The last letters of a part may have bits that say nothing.
        const bytes = (text: string) =>
          text
            .split('.')
            .map((part) => Buffer.from(part, 'base64url').toString('hex'))
            .join('.');
        if (bytes(changed) !== bytes(sealed)) expect(await attempts.open(changed)).toBeUndefined();
      }),
    );
    for (const text of ['', '.', '....', 'eyJhbGciOiJub25lIn0.e30.']) expect(await attempts.open(text)).toBeUndefined();
  });
});

describe('somebody', () => {
  const settings = { groupsClaim: 'groups', roles: { viewer: ['staff'], analyst: ['soc'], admin: ['platform'] } };
  const who = (claims: object, more: object = {}) => personOf({ sub: '1', ...claims }, { ...settings, ...more });

  test.each([
    [{ groups: ['staff', 'platform', 'soc'] }, 'admin'],
    [{ groups: ['staff', 'soc'] }, 'analyst'],
    [{ groups: 'staff' }, 'viewer'],
    [{ groups: [1, null, { a: 'soc' }, 'staff'] }, 'viewer'],
  ])('has the highest role of their groups: %j', (claims, role) => {
    expect(who(claims)).toMatchObject({ role, id: 'sub 1' });
  });

  test.each([
    {},
    { groups: [] },
    { groups: null },
    { groups: { soc: true } },
    { groups: 'soc,staff' },
    { groups: ['SOC'] },
    { roles: ['soc'] },
  ])('has no role by %j', (claims) => {
    expect(who(claims)).toMatchObject({ refused: 'no-role', proven: true });
  });

  test('has groups where another claim says so', () => {
    expect(who({ 'https://example/roles': ['soc'] }, { groupsClaim: 'https://example/roles' })).toMatchObject({
      role: 'analyst',
    });
  });

  const soc = { groups: 'soc' };
  test.each<[string, object, object, string]>([
    ['preferred_username', { preferred_username: 'ana', email: 'a@b', ...soc }, {}, 'ana'],
    ['email', { email: 'a@b', ...soc }, {}, 'a@b'],
    ['sub, where the email is not known to be theirs', { email: 'a@b', email_verified: false, ...soc }, {}, '1'],
    ['sub', soc, {}, '1'],
    ['sub, in place of an empty name', { preferred_username: ' ', ...soc }, {}, '1'],
    [
      'the claim that is configured, and no other',
      { preferred_username: 'ana', upn: 'a1', ...soc },
      { nameClaim: 'upn' },
      'a1',
    ],
    ['sub, where that claim is missing', { preferred_username: 'ana', ...soc }, { nameClaim: 'upn' }, '1'],
    ['what can be shown of it', { preferred_username: 'a\u202ena\u001b', ...soc }, {}, 'a\\u{202e}na\\e'],
    ['nothing that others go by', { preferred_username: 'TRUANT', ...soc }, {}, 'sub 1'],
  ])('is called by %s', (_what, claims, more, name) => {
    expect(who(claims, more)).toMatchObject({ name });
  });

  test('has a sub', () => {
    for (const sub of [undefined, '', 7]) expect(who({ sub, ...soc })).toMatchObject({ refused: 'login-wrong' });
  });

  test('has a name that is not too long', () => {
    expect((who({ preferred_username: 'x'.repeat(5000), ...soc }) as { name: string }).name).toHaveLength(200);
  });

  test.each(['truant', ' Truant', 'truant\u3000', '\tTRUANT\n', 'ｔｒｕａｎｔ', 'anybody ', 'truant\u00a0'])(
    'does nothing in the name of nobody: %j',
    (preferred_username) => {
      expect(who({ preferred_username, groups: 'soc' })).toMatchObject({ name: 'sub 1' });
    },
  );

  test('is nobody else, whose sub only begins as theirs', () => {
    const [one, other] = ['1', '2'].map((end) => who({ sub: 'a'.repeat(254) + end, groups: 'soc' }));
    expect(one).not.toMatchObject({ id: (other as { id: string }).id });
    expect(who({ sub: 'a'.repeat(256), groups: 'soc' })).toMatchObject({ refused: 'login-wrong' });
  });

  test('has a name without half a character', () => {
    const { name } = who({ preferred_username: `${'x'.repeat(199)}😀`, groups: 'soc' }) as { name: string };
    expect(Buffer.from(name).toString()).toBe(name);
  });
});
