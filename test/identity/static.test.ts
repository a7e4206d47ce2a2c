import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createStaticAuthenticator, type TokenHashes } from '../../collector/identity/static.ts';
import { authenticatorContract } from '../contract/authenticator.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const readers = [hash('first reader'), hash('reader'), hash('')];
const writers = [hash('agent'), `${hash('agent-of-b')} cluster-b`, `${hash('agent-of-b1')} cluster-b/node-1`];

const writes = (cluster: string, agent?: string) => ({
  role: 'writer' as const,
  id: `agent ${cluster}/${agent ?? '*'}`,
  writes: agent === undefined ? { cluster } : { cluster, agent },
});

authenticatorContract('static tokens', async () => ({
  authenticator: createStaticAuthenticator(
    { viewer: readers, analyst: [`${hash('analyst')} alice`], admin: [hash('admin')], writers },
    'cluster-a',
  ),
  good: [
    [{ token: 'reader' }, { role: 'viewer', id: 'viewer 2', name: 'viewer 2' }],
    [{ token: 'analyst' }, { role: 'analyst', id: 'analyst 1', name: 'alice' }],
    [{ token: 'admin' }, { role: 'admin', id: 'admin 1', name: 'admin 1' }],
    [{ token: 'agent' }, writes('cluster-a')],
    [{ token: 'agent-of-b' }, writes('cluster-b')],
    [{ token: 'agent-of-b1' }, writes('cluster-b', 'node-1')],
  ],
  bad: {
    'an unknown one': [{ token: 'guess' }, undefined],
    'an empty one, though its hash is there': [{ token: '' }, undefined],
    'a hash in place of its token': [{ token: hash('reader') }, undefined],
  },
  foreign: [{ token: 'eyJhbGciOiJSUzI1NiJ9.e30.AA' }],
}));

describe('hashes', () => {
  const made = (given: Partial<TokenHashes>) => () =>
    createStaticAuthenticator({ viewer: [], analyst: [], admin: [], writers: [], ...given }, 'cluster-a');

  test.each(['reader', 'sha256:abc', `${hash('x')} `, `${hash('x')} a/b/c`, `${hash('x')} a b`, `${hash('x')} /b`])(
    'what is none is refused: %j',
    (entry) => {
      expect(made({ writers: [entry] })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );

  test.each([
    ['a viewer and an agent', { viewer: [hash('x')], writers: [hash('x')] }],
    ['a viewer and an analyst', { viewer: [hash('x')], analyst: [`${hash('x')} alice`] }],
    ['an analyst and an administrator', { analyst: [hash('x')], admin: [hash('x')] }],
    ['an administrator and an agent', { admin: [hash('x')], writers: [`${hash('x')} b/n`] }],
    ['agents of two clusters', { writers: [`${hash('x')} b`, `${hash('x')} c`] }],
    ['agents of two nodes', { writers: [`${hash('x')} b/n`, `${hash('x')} b/m`] }],
  ])('one token for %s is refused', (_who, given) => {
    expect(made(given)).toThrow(/twice/);
  });

  test('the same one twice for the same is fine', () => {
    expect(made({ viewer: [hash('x'), hash('x')], writers: [hash('y'), `${hash('y')} cluster-a`] })).not.toThrow();
  });
});
