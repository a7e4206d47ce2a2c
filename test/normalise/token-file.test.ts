import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normaliseTokenFile } from '../../shared/normalise/token-file.ts';
import { TokenFile } from '../../shared/schema/observation.ts';
import { recordingNames } from '../scenarios/recording.ts';

const FOLDER = new URL('../fixtures/recordings/', import.meta.url);

type Line = { t: string; node?: string; event: string; link: string; claims?: { jti: string } };

const linesOf = (recording: string): Line[] =>
  readFileSync(new URL(`${recording}/tokens.jsonl`, FOLDER), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const observed = (line: unknown, node: string | undefined = 'node-a'): TokenFile => {
  const file = normaliseTokenFile(line, node);
  if (typeof file === 'string') throw new Error(file);
  return TokenFile.parse(file);
};

describe('recorded lines', () => {
  test.each(recordingNames)('%s: each is an observation of its own', (recording) => {
    const lines = linesOf(recording);
    const files = lines.map((line) => observed(line));
    expect(new Set(files.map(({ id }) => id)).size).toBe(lines.length);
    for (const [at, line] of lines.entries()) {
      const file = files[at] as TokenFile;
      expect(file).toMatchObject({ kind: 'file', event: line.event, timeText: line.t, file: { path: line.link } });
      expect(file.node).toBe(line.node ?? 'node-a');
      if (!line.claims) expect(file).toMatchObject({ event: 'gone', binding: {} });
      else {
        expect(file.credential).toEqual({ id: `JTI=${line.claims.jti}`, kind: 'projected' });
        expect(file.file.pod).toEqual(file.binding.pod);
      }
    }
  });

  test('what one of them gives', () => {
    const [line] = linesOf('01-normal-day');
    const pod = { namespace: 'shop', name: 'idle-8d89f7795-vd9cd', uid: 'ae51884a-3673-424b-813e-074ecc9d1a04' };
    expect(observed(line)).toEqual({
      kind: 'file',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      time: 1795460245_643266,
      timeText: '2026-11-23T18:57:25.643266Z',
      seen: 1795460245_643266,
      node: 'node-a',
      event: 'present',
      principal: 'system:serviceaccount:shop:idle',
      credential: { id: 'JTI=550b9752-77d8-41a7-8d97-bf5a9365a873', kind: 'projected' },
      binding: { pod, node: { name: 'node-a', uid: '15e32110-015b-4696-9025-d4995ff65998' } },
      audiences: ['https://kubernetes.default.svc.cluster.local'],
      file: {
        path: `/var/lib/kubelet/pods/${pod.uid}/volumes/kubernetes.io~projected/kube-api-access-md2jx/token`,
        volume: 'kube-api-access-md2jx',
        pod,
      },
      issuedAt: 1795459803_000000,
      expiresAt: 1826995803_000000,
      warnAfter: 1795463410_000000,
    });
  });
});

describe('other lines', () => {
  const LINE = {
    t: '2026-11-23T18:57:25.643266Z',
    event: 'appeared',
    link: '/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/ci/token',
    volume: 'ci',
    pod_uid: 'u-1',
    claims: { sub: 'system:serviceaccount:shop:cart' } as object,
  };
  const withClaims = (claims: object) => ({ ...LINE, claims: { ...LINE.claims, ...claims } });

  test('a legacy token is named by its Secret, and has no times', () => {
    const legacy = {
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/secret.name': 'ci-token',
    };
    const file = observed(withClaims(legacy));
    expect(file).toMatchObject({
      principal: 'system:serviceaccount:shop:cart',
      credential: { id: 'secret:shop/ci-token', kind: 'legacy' },
      file: { pod: { uid: 'u-1' } },
    });
    expect([file.issuedAt, file.expiresAt, file.warnAfter]).toEqual([undefined, undefined, undefined]);
  });

  test('a pod that the claims name and that does not have the file is not its owner', () => {
    const file = observed(withClaims({ jti: '1', 'kubernetes.io': { pod: { name: 'cart-2', uid: 'u-2' } } }));
    expect(file.binding.pod?.uid).toBe('u-2');
    expect(file.file.pod).toEqual({ uid: 'u-1' });
  });

  test.each([-1, 1e300, Number.MAX_SAFE_INTEGER, '1795459803', null])('%j is no time for a claim', (value) => {
    expect(observed(withClaims({ iat: value, exp: value, warnafter: value }))).not.toHaveProperty('expiresAt');
  });

  test('a real token has its warnafter within `kubernetes.io`', () => {
    expect(observed(withClaims({ 'kubernetes.io': { warnafter: 1.5 } })).warnAfter).toBe(1_500_000);
  });

  test.each([
    [
      'the line',
      { ...withClaims({ 'kubernetes.io': { node: { name: 'node-c' } } }), node: 'node-b' },
      'node-a',
      'node-b',
    ],
    ['the token', withClaims({ 'kubernetes.io': { node: { name: 'node-c' } } }), 'node-a', 'node-c'],
    ['whoever asks', LINE, 'node-a', 'node-a'],
  ])('%s says on which node it was', (_, line, node, expected) => {
    expect(observed(line, node).node).toBe(expected);
  });

  test.each<[string, unknown, string]>([
    ['nobody says on which node it was', LINE, 'not-a-token-file'],
    ['it is no object', 'x', 'not-a-token-file'],
    ['it is nothing', undefined, 'not-a-token-file'],
    ['its event is another', { ...LINE, node: 'a', event: 'opened' }, 'not-a-token-file'],
    ['a field is missing', { ...LINE, node: 'a', link: undefined }, 'not-a-token-file'],
    ['its time is none', { ...LINE, node: 'a', t: 'yesterday' }, 'bad-time'],
    ['its time is before 1970', { ...LINE, node: 'a', t: '1969-12-31T23:59:59Z' }, 'bad-time'],
  ])('a line is set aside when %s', (_, line, reason) => {
    expect(normaliseTokenFile(line, undefined)).toBe(reason);
  });

  test('a token in a name is removed', () => {
    const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${'p'.repeat(20)}.${'s'.repeat(20)}`;
    const file = observed({ ...withClaims({ jti: token, aud: token }), volume: token, link: `/${token}`, node: token });
    expect(JSON.stringify(file)).not.toContain('eyJ');
  });

  test('whatever a line holds, what comes of it fits the schema, and is the same each time', () => {
    const garbage = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary', maxLength: 2000 }),
      fc.double(),
      fc.constant(undefined),
      fc.array(fc.string(), { maxLength: 40 }),
    );
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 2000 }), fc.constant('x'.repeat(5000)));
    const ref = fc.record({ name: text, uid: text });
    const claims = fc.oneof(
      fc.record(
        {
          sub: fc.oneof(
            text,
            text.map((name) => `system:serviceaccount:shop:${name}`),
          ),
          jti: garbage,
          aud: garbage,
          exp: garbage,
          iat: garbage,
          'kubernetes.io': fc.oneof(
            garbage,
            fc.record({ namespace: text, pod: ref, node: ref, secret: ref, warnafter: garbage }, { requiredKeys: [] }),
          ),
          'kubernetes.io/serviceaccount/namespace': garbage,
          'kubernetes.io/serviceaccount/secret.name': text,
        },
        { requiredKeys: ['sub'] },
      ),
      garbage,
    );
    const line = fc.record({
      t: fc.oneof(fc.constant(LINE.t), garbage),
      node: fc.oneof(text, garbage),
      event: fc.constantFrom('present', 'appeared', 'rotated', 'gone'),
      link: text,
      volume: text,
      pod_uid: text,
      claims,
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: garbage }), (line) => {
        const file = normaliseTokenFile(line, 'node-a');
        if (typeof file === 'string') return;
        accepted++;
        expect(TokenFile.parse(file)).toEqual(file);
        expect(normaliseTokenFile(line, 'node-a')).toEqual(file);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
