import { describe, expect, test } from 'vitest';
import { createClusterAuthenticator, type TrustedCluster } from '../../collector/identity/clusters.ts';
import { verifyJwt } from '../../collector/identity/jwt.ts';
import { KeySet } from '../../collector/identity/key-set.ts';
import type { Trusted } from '../../collector/identity/service-account.ts';
import { SECOND, wallClock } from '../../shared/time.ts';
import { authenticatorContract } from '../contract/authenticator.ts';
import { AUDIENCE, ISSUER, keySetOf, type Said, SigningKey } from './support/tokens.ts';

const trusted = (cluster: string, more: Partial<Trusted> = {}): Trusted => ({
  cluster,
  issuer: ISSUER,
  audience: AUDIENCE,
  serviceAccount: 'truant/truant-agent',
  allowWithoutNode: false,
  ...more,
});

function withKeys(of: Trusted, ...keys: SigningKey[]): TrustedCluster {
  const set = new KeySet(() => keySetOf(...keys), wallClock);
  return { ...of, verify: (token) => verifyJwt(token, of, set, wallClock) };
}

const agent = (cluster: string, node = 'node-a') => ({
  role: 'writer' as const,
  id: `agent ${cluster}/${node}`,
  writes: { cluster, agent: node },
});

const now = Math.floor(Date.now() / 1000);
const [keyOfA, keyOfB, otherKey, elliptic] = [
  new SigningKey('a'),
  // Two clusters may even name their keys the same.
  new SigningKey('a'),
  new SigningKey('z'),
  new SigningKey('e', 'ES256'),
];

const clusters = () =>
  createClusterAuthenticator(
    [
      withKeys(trusted('cluster-a'), keyOfA, elliptic),
      withKeys(trusted('cluster-b'), keyOfB),
      withKeys(trusted('old', { issuer: 'https://old', allowWithoutNode: true }), keyOfA),
    ],
    { guarded: false, clock: wallClock },
  );

authenticatorContract('ServiceAccount tokens, verified with keys', async () => {
  const bad = async (said: Said) => ({ token: await keyOfA.token(said) });
  const [header, payload, signature] = (await keyOfA.token()).split('.') as [string, string, string];
  const forged = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('node-a', 'node-b')).toString(
    'base64url',
  );
  return {
    authenticator: clusters(),
    good: [
      [{ token: await keyOfA.token() }, agent('cluster-a')],
      [{ token: await elliptic.token({ node: 'node-b' }) }, agent('cluster-a', 'node-b')],
      [{ token: await keyOfB.token() }, agent('cluster-b')],
      [
        { token: await keyOfA.token({ claims: { iss: 'https://old' }, node: null }) },
        { role: 'writer', id: 'agent old/*', writes: { cluster: 'old' } },
      ],
      // Clocks differ a little.
      [{ token: await keyOfA.token({ claims: { nbf: now + 20, exp: now + 60 } }) }, agent('cluster-a')],
    ],
    bad: {
      'a wrong audience': [await bad({ claims: { aud: ISSUER } }), 'wrong-audience'],
      'no audience': [await bad({ claims: { aud: undefined } }), 'wrong-audience'],
      'an audience that contains ours': [await bad({ claims: { aud: `${AUDIENCE}-2` } }), 'wrong-audience'],
      expired: [await bad({ now: now - 7200 }), 'expired'],
      'without an end': [await bad({ claims: { exp: undefined } }), 'expired'],
      'with an end that is text': [await bad({ claims: { exp: '9999999999' } }), 'expired'],
      'not valid yet': [await bad({ claims: { nbf: now + 120 } }), 'not-yet-valid'],
      'without a node': [await bad({ node: null }), 'no-node'],
      'with an empty node': [await bad({ node: '' }), 'no-node'],
      'another account': [await bad({ account: 'default' }), 'wrong-account'],
      'the same account of another namespace': [await bad({ namespace: 'shop' }), 'wrong-account'],
      'no account': [await bad({ claims: { sub: 'admin' } }), 'wrong-account'],
      'no subject': [await bad({ claims: { sub: undefined } }), 'malformed'],
      'odd claims': [await bad({ claims: { 'kubernetes.io': { node: 'node-a' } } }), 'malformed'],
      'another key': [{ token: await otherKey.token() }, 'unknown-key'],
      'a key that calls itself like ours': [{ token: await new SigningKey('a').token() }, 'bad-signature'],
      'no signature': [{ token: keyOfA.none() }, 'bad-algorithm'],
      'the public key for a secret': [{ token: keyOfA.confused() }, 'bad-algorithm'],
      'a changed payload': [{ token: `${header}.${forged}.${signature}` }, 'bad-signature'],
    },
    foreign: [
      { token: 'a static one' },
      { token: await keyOfA.token({ claims: { iss: 'https://elsewhere' } }) },
      { token: `${header}.${payload}.${'A'.repeat(9000)}` },
    ],
  };
});

describe('several clusters', () => {
  test('of which two have the same keys know nobody', async () => {
    const twice = [withKeys(trusted('cluster-a'), keyOfA), withKeys(trusted('cluster-b'), keyOfA)];
    const authenticator = createClusterAuthenticator(twice, { guarded: false, clock: wallClock });
    expect(await authenticator.authenticate({ token: await keyOfA.token() })).toMatchObject({ refused: 'ambiguous' });
  });

  test('one whose keys are out of reach does not keep others from knowing', async () => {
    const lost = trusted('lost');
    const set = new KeySet(() => Promise.reject(new Error('no route to host')), wallClock);
    const unreachable = { ...lost, verify: (token: string) => verifyJwt(token, lost, set, wallClock) };
    const authenticator = createClusterAuthenticator([unreachable, withKeys(trusted('cluster-a'), keyOfA)], {
      guarded: false,
      clock: wallClock,
    });
    expect(await authenticator.authenticate({ token: await keyOfA.token() })).toEqual(agent('cluster-a'));
    // But who is not known might be one of its own.
    await expect(authenticator.authenticate({ token: await keyOfB.token() })).rejects.toMatchObject({
      code: 'IDENTITY_UNAVAILABLE',
    });
  });
});

describe('keys', () => {
  function changing(...keys: SigningKey[]) {
    const state = { keys, failing: false, read: 0, now: wallClock.now() };
    const set = new KeySet(
      async () => {
        state.read += 1;
        if (state.failing) throw new Error('connection refused');
        return keySetOf(...state.keys);
      },
      { now: () => state.now },
    );
    const of = trusted('cluster-a');
    const verify = (token: string) => verifyJwt(token, of, set, wallClock);
    return { state, set, verify };
  }

  test('are looked for anew when one is missing, and not as often as strangers wish', async () => {
    const { state, verify } = changing(keyOfA);
    expect(await verify(await keyOfA.token())).toEqual(agent('cluster-a'));
    state.now += 11 * SECOND;
    const strange = await otherKey.token();
    await Promise.all(Array.from({ length: 50 }, () => verify(strange)));
    expect(await verify(strange)).toMatchObject({ refused: 'unknown-key' });
    expect(state.read).toBe(2);
    state.keys = [otherKey];
    state.now += 11 * SECOND;
    expect(await verify(strange)).toEqual(agent('cluster-a'));
    expect(state.read).toBe(3);
    // The old one was taken back.
    expect(await verify(await keyOfA.token())).toMatchObject({ refused: 'unknown-key' });
  });

  test('that are taken back are not believed for long', async () => {
    const { state, verify } = changing(keyOfA, otherKey);
    expect(await verify(await keyOfA.token())).toEqual(agent('cluster-a'));
    state.keys = [otherKey];
    state.now += 301 * SECOND;
    expect(await verify(await keyOfA.token())).toMatchObject({ refused: 'unknown-key' });
  });

  test('that can not be read are believed for a while, and it is said', async () => {
    const { state, set, verify } = changing(keyOfA);
    expect(await verify(await keyOfA.token())).toEqual(agent('cluster-a'));
    expect(set.trouble()).toBeUndefined();
    state.failing = true;
    state.now += 301 * SECOND;
    expect(await verify(await keyOfA.token())).toEqual(agent('cluster-a'));
    expect(set.trouble()).toBe('connection refused');
    await expect(verify(await otherKey.token())).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    state.now += 13 * 3600 * SECOND;
    await expect(verify(await keyOfA.token())).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    state.failing = false;
    state.now += 11 * SECOND;
    expect(await verify(await keyOfA.token())).toEqual(agent('cluster-a'));
    expect(set.trouble()).toBeUndefined();
  });

  test.each([
    ['no set', { kty: 'RSA' }],
    ['a secret', { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }] }],
    ['a key that is none', { keys: [{ kty: 'RSA', kid: 'a', n: 'AQAB', e: 'AQAB', alg: 'RS256' }] }],
  ])('that are not right let nobody in: %s', async (_what, jwks) => {
    const of = trusted('cluster-a');
    const set = new KeySet(async () => jwks as never, wallClock);
    const verdict = verifyJwt(await keyOfA.token(), of, set, wallClock).catch((error: unknown) => error);
    expect(await verdict).not.toHaveProperty('role');
    const outcome = await verdict;
    expect(outcome).toSatisfy(
      (found: object) => ('code' in found && found.code === 'IDENTITY_UNAVAILABLE') || 'refused' in found,
    );
  });
});
