import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClusterAuthenticator } from '../../collector/identity/clusters.ts';
import type { Trusted } from '../../collector/identity/service-account.ts';
import { TokenReviewer } from '../../collector/identity/token-review.ts';
import { ApiServer } from '../../shared/kubernetes/api-server.ts';
import { SECOND, wallClock } from '../../shared/time.ts';
import { authenticatorContract } from '../contract/authenticator.ts';
import { type TokenReviewServer, tokenReviewServer } from './support/token-review-server.ts';
import { AUDIENCE, ISSUER, type Said, SigningKey } from './support/tokens.ts';

const trusted: Trusted = {
  cluster: 'cluster-a',
  issuer: ISSUER,
  audience: AUDIENCE,
  serviceAccount: 'truant/truant-agent',
  allowWithoutNode: false,
};
const AGENT = 'system:serviceaccount:truant:truant-agent';
const nodeA = {
  role: 'writer' as const,
  id: 'agent cluster-a/node-a',
  writes: { cluster: 'cluster-a', agent: 'node-a' },
};
const key = new SigningKey('a');

function reviewing(server: TokenReviewServer, time = wallClock.now()) {
  const state = { now: time };
  const clock = { now: () => state.now };
  const reviewer = new TokenReviewer(trusted, new ApiServer(server.kubeConfig()), clock);
  const authenticator = createClusterAuthenticator([{ ...trusted, verify: (token) => reviewer.review(token) }], {
    guarded: true,
    clock,
  });
  return { state, reviewer, authenticator, ask: (token: string) => authenticator.authenticate({ token }) };
}

authenticatorContract('ServiceAccount tokens, reviewed by the API server', async () => {
  const server = await tokenReviewServer();
  afterAll(() => server.close());
  const knows = async (said: Said, answer: { username?: string; node?: string; audiences?: string[] } = {}) => {
    const token = await key.token(said);
    server.known.set(token, { username: AGENT, ...answer });
    return { token };
  };
  return {
    authenticator: reviewing(server).authenticator,
    good: [[await knows({}, { node: 'node-a' }), nodeA]],
    bad: {
      'a token that the API server does not know': [{ token: await new SigningKey('a').token() }, 'not-authenticated'],
      'a token for the API server': [await knows({ claims: { aud: ISSUER } }, { node: 'node-a' }), 'wrong-audience'],
      'a token of another audience that says it is for us': [
        await knows({ node: 'node-b' }, { node: 'node-b', audiences: ['vault'] }),
        'not-authenticated',
      ],
      'an expired one': [await knows({ now: 1_700_000_000 }, { node: 'node-a' }), 'expired'],
      'one without a node': [await knows({ node: null }), 'no-node'],
      'one of another account': [
        await knows({ account: 'default' }, { username: 'system:serviceaccount:truant:default', node: 'node-a' }),
        'wrong-account',
      ],
      'one of a person': [await knows({ claims: { sub: 'me' } }, { username: 'me', node: 'node-a' }), 'wrong-account'],
    },
    foreign: [{ token: 'a static one' }, { token: await key.token({ claims: { iss: 'https://elsewhere' } }) }],
  };
});

describe('TokenReview', () => {
  let server: TokenReviewServer;
  let token: string;
  beforeAll(async () => {
    token = await key.token();
  });
  afterEach(() => server.close());

  async function knowing() {
    server = await tokenReviewServer();
    server.known.set(token, { username: AGENT, node: 'node-a' });
    return reviewing(server);
  }

  test('is asked once for all who wait, and again after a minute', async () => {
    const { ask, state } = await knowing();
    await Promise.all(Array.from({ length: 20 }, () => ask(token)));
    state.now += 59 * SECOND;
    expect(await ask(token)).toEqual(nodeA);
    expect(server.asked).toEqual([token]);
    expect(server.authorization).toEqual(['Bearer the-collectors-own']);
    // Its pod is gone.
    server.known.clear();
    state.now += 2 * SECOND;
    expect(await ask(token)).toMatchObject({ refused: 'not-authenticated' });
    expect(server.asked).toEqual([token, token]);
  });

  test('is not asked again at once for what was refused', async () => {
    const { ask, state } = await knowing();
    server.known.clear();
    for (let n = 0; n < 5; n += 1) expect(await ask(token)).toMatchObject({ refused: 'not-authenticated' });
    expect(server.asked).toHaveLength(1);
    server.known.set(token, { username: AGENT, node: 'node-a' });
    state.now += 11 * SECOND;
    expect(await ask(token)).toEqual(nodeA);
  });

  test('is not asked for what can be told without', async () => {
    const { ask } = await knowing();
    const now = Math.floor(Date.now() / 1000);
    for (const claims of [{ aud: 'vault' }, { exp: now - 60 }, { iss: 'https://elsewhere' }, { nbf: now + 600 }]) {
      await ask(await key.token({ claims }));
    }
    expect(server.asked).toEqual([]);
  });

  test('an API server that does not know of audiences is not believed', async () => {
    const { ask } = await knowing();
    server.oldFashioned = true;
    expect(await ask(token)).toMatchObject({ refused: 'wrong-audience' });
  });

  test.each([401, 403, 500, 503, 200])(
    'when it answers %i nobody can be told, which is not remembered',
    async (status) => {
      const { ask, reviewer } = await knowing();
      server.trouble = status;
      await expect(ask(token)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
      expect(reviewer.trouble()).toBeDefined();
      expect(reviewer.trouble()).not.toContain(token);
      server.trouble = undefined;
      expect(await ask(token)).toEqual(nodeA);
      expect(reviewer.trouble()).toBeUndefined();
    },
  );

  test('when nobody listens nobody can be told', async () => {
    const { ask } = await knowing();
    await server.close();
    await expect(ask(token)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
  });
});
