/** Keys from where a cluster publishes them, over real HTTPS. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { verifyJwt } from '../../collector/identity/jwt.ts';
import { KeySet, keysAt, keysInFile, type ReadKeys } from '../../collector/identity/key-set.ts';
import { DAY, SECOND, wallClock } from '../../shared/time.ts';
import { Authority } from '../support/certificates.ts';
import { type Listening, listening } from '../support/listening.ts';
import { AUDIENCE, ISSUER, keySetOf, SigningKey } from './support/tokens.ts';

const trusted = {
  cluster: 'shop',
  issuer: ISSUER,
  audience: AUDIENCE,
  serviceAccount: 'truant/truant-agent',
  allowWithoutNode: false,
};
const authority = new Authority();
const tls = authority.issue({ ip: ['127.0.0.1'] });
const [first, second] = [new SigningKey('first'), new SigningKey('second')];

let folder: string;
let caFile: string;
let server: Listening;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-keys-'));
  caFile = path.join(folder, 'ca.pem');
  await writeFile(caFile, authority.pem);
});
afterEach(() => server?.close());
afterAll(() => rm(folder, { recursive: true }));

function verifying(read: ReadKeys) {
  const state = { now: wallClock.now() };
  const set = new KeySet(read, { now: () => state.now });
  return { state, set, verify: async (token: string) => verifyJwt(token, trusted, set, wallClock) };
}

test('a clock that is put back does not keep new keys from being looked for', async () => {
  let published = [first];
  const { state, verify } = verifying(() => keySetOf(...published));
  expect(await verify(await first.token())).toHaveProperty('role', 'writer');
  published = [second];
  state.now -= DAY;
  expect(await verify(await second.token())).toHaveProperty('role', 'writer');
  expect(await verify(await first.token())).toMatchObject({ refused: 'unknown-key' });
});

describe('keys at a URL', () => {
  test('are read with the token of the file, and anew when one is missing', async () => {
    const asked: (string | undefined)[] = [];
    let published = [first];
    server = await listening((request, response) => {
      asked.push(request.headers.authorization);
      void keySetOf(...published).then((keys) => response.end(JSON.stringify(keys)));
    }, tls);
    const tokenFile = path.join(folder, 'token');
    await writeFile(tokenFile, 'one\n');
    const { state, verify } = verifying(keysAt({ url: `${server.url}/openid/v1/jwks`, caFile, tokenFile }));
    expect(await verify(await first.token())).toHaveProperty('role', 'writer');
    published = [second];
    await writeFile(tokenFile, 'two\n');
    expect(await verify(await second.token())).toMatchObject({ refused: 'unknown-key' });
    state.now += 11 * SECOND;
    expect(await verify(await second.token())).toHaveProperty('role', 'writer');
    expect(asked).toEqual(['Bearer one', 'Bearer two']);
  });

  test.each([
    ['a status of 500', 500, '{}', /answers 500/],
    ['a redirect', 302, '', /redirect/],
    ['no JSON', 200, '<h1>hello</h1>', /JSON/],
    ['no set of keys', 200, '{"keys":7}', /JSON Web Key Set/],
    ['far too much', 200, ' '.repeat(2_000_000), /more than/],
  ])('are not known with %s', async (_what, status, body, why) => {
    server = await listening((_, response) => {
      response.writeHead(status, { location: 'https://127.0.0.1/elsewhere' });
      response.end(body);
    }, tls);
    const { set, verify } = verifying(keysAt({ url: server.url, caFile }));
    await expect(verify(await first.token())).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    expect(set.trouble()).toMatch(why);
  });

  test('are not taken from a server that the CA has not signed for', async () => {
    server = await listening(
      (_, response) => {
        void keySetOf(first).then((keys) => response.end(JSON.stringify(keys)));
      },
      new Authority().issue({ ip: ['127.0.0.1'] }),
    );
    const { set, verify } = verifying(keysAt({ url: server.url, caFile }));
    await expect(verify(await first.token())).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    expect(set.trouble()).toMatch(/certificate|signature/);
  });
});

test('keys in a file are read anew when one is missing', async () => {
  const file = path.join(folder, 'jwks.json');
  const { state, set, verify } = verifying(keysInFile(file));
  await expect(verify(await first.token())).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
  expect(set.trouble()).toContain('ENOENT');
  await writeFile(file, JSON.stringify(await keySetOf(first)));
  state.now += 11 * SECOND;
  expect(await verify(await first.token())).toHaveProperty('role', 'writer');
});
