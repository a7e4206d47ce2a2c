import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OpenPolicy } from '../../agent/sources/token-opens/policy.ts';
import type { TokenOpen } from '../../shared/schema/token-open.ts';
import { because, eventually, Lab, type LabVolume, sh, type Watched, whyNot } from './support/lab.ts';
import { fakeToken } from './support/token.ts';

const DENY_HOST: OpenPolicy = { deny: ['host'], allowExecutables: [], openers: 'all', dryRun: false, pods: 'all' };

describe.runIf(whyNot === undefined)(`opens are denied${because}`, () => {
  let lab: Lab;
  let watched: Watched;
  let volume: LabVolume;
  const token = fakeToken();

  beforeAll(async () => {
    lab = new Lab();
    volume = lab.mount();
    lab.write(volume, { token: token.text, namespace: 'shop' });
    watched = await lab.watch({ mode: 'enforce', policy: { ...DENY_HOST, deny: [] } });
  });
  afterAll(() => lab.dispose());
  beforeEach(() => {
    watched.opens.length = 0;
  });
  afterEach(() => watched.source.setPolicy({ ...DENY_HOST, deny: [] }));

  const cat = (file: string): { status: number | null; stdout: string; stderr: string } => sh('exec cat "$1"', file);
  const theOpen = (): Promise<TokenOpen> =>
    eventually(() => {
      expect(watched.opens).toHaveLength(1);
      return watched.opens[0]!;
    });

  test('with EPERM, and told of', async () => {
    watched.source.setPolicy(DENY_HOST);
    const { status, stdout, stderr } = cat(volume.token);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('Operation not permitted');
    expect(await theOpen()).toMatchObject({ allowed: false, proc: { comm: 'cat' }, credential: { jti: token.jti } });
    expect((await theOpen()).would_deny).toBeUndefined();
  });

  test('not, of a file without a token', () => {
    watched.source.setPolicy(DENY_HOST);
    expect(cat(`${volume.mountPoint}/..data/namespace`)).toMatchObject({ status: 0, stdout: 'shop' });
  });

  test.each<[string, (own: LabVolume) => OpenPolicy, Partial<TokenOpen>]>([
    ['on trial', () => ({ ...DENY_HOST, dryRun: true }), { would_deny: true }],
    ['by another class of opener', () => ({ ...DENY_HOST, deny: ['other-pod', 'in-container'] }), {}],
    ['of pods that are not meant', () => ({ ...DENY_HOST, pods: ['4ae0b1a3-9f53-4b9c-93e5-3c8c0de0dbea'] }), {}],
    ['by a program that is allowed to', () => ({ ...DENY_HOST, allowExecutables: programs() }), {}],
  ])('not, %s', async (_, policy, expected) => {
    watched.source.setPolicy(policy(volume));
    expect(cat(volume.token)).toMatchObject({ status: 0, stdout: token.text });
    const open = await theOpen();
    expect(open).toMatchObject({ allowed: true, ...expected });
    expect(open.would_deny).toBe(expected.would_deny);
  });

  test('of pods that are meant', async () => {
    watched.source.setPolicy({ ...DENY_HOST, pods: [volume.podUid] });
    expect(cat(volume.token).status).toBe(1);
    expect((await theOpen()).allowed).toBe(false);
  });

  test('of a program that only has the path of an allowed one, in mounts of its own', () => {
    watched.source.setPolicy({ ...DENY_HOST, allowExecutables: programs() });
    expect(sh('exec unshare -m cat "$1"', volume.token).status).toBe(1);
  });

  /** Where `cat` is. */
  function programs(): string[] {
    return sh('readlink -f "$(command -v cat)"').stdout.trim().split('\n');
  }
});
