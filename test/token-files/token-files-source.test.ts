import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type TokenFilesOptions, TokenFilesSource } from '../../agent/sources/token-files/token-files-source.ts';
import type { TokenFilesStatus } from '../../agent/sources/token-files/troubles.ts';
import { TokenFileLine } from '../../shared/schema/token-open.ts';
import { held, isWatched } from './support/held.ts';
import { canMount, claimsOf, jwt, Kubelet, SECRET, tokenOf } from './support/kubelet.ts';

const isLinux = process.platform === 'linux';
/** What isn't seen by the kernel's notices would not be seen within a test's time. */
const NEVER_MS = 600_000;

let kubelet: Kubelet;
let sources: TokenFilesSource[];
let lines: TokenFileLine[];
let statuses: TokenFilesStatus[];
let counted: Record<string, number>;

beforeEach(() => {
  kubelet = new Kubelet();
  sources = [];
  lines = [];
  statuses = [];
  counted = {};
});

afterEach(async () => {
  await Promise.all(sources.map((source) => source.stop()));
  kubelet.dispose();
});

const count = (reason: string, by = 1): void => {
  counted[reason] = (counted[reason] ?? 0) + by;
};

async function started(options: Partial<TokenFilesOptions> = {}): Promise<TokenFilesSource> {
  const source = new TokenFilesSource({
    podsRoot: kubelet.pods,
    node: 'node-a',
    pollMs: NEVER_MS,
    settleMs: 1,
    retryMs: 5,
    onLines: (more) => lines.push(...more),
    onStatus: (status) => statuses.push(status),
    metrics: { dropped: count, error: count },
    logger: pino({ level: 'silent' }),
    ...options,
  });
  sources.push(source);
  await source.start();
  return source;
}

const shortly = (assertion: () => void): Promise<void> => vi.waitFor(assertion, { timeout: 20_000, interval: 5 });

/** `<event> <path below the pods' folder> <jti>` */
const told = (): string[] =>
  lines.map(({ event, link, claims }) => `${event} ${link.slice(kubelet.pods.length + 1)} ${claims?.jti ?? '-'}`);
const at = (uid: string, volume: string, file: string, kind = 'kubernetes.io~projected'): string =>
  `${uid}/volumes/${kind}/${volume}/${file}`;
const api = (uid: string): string => at(uid, 'kube-api-access-x', 'token');

describe('what is there at the start', () => {
  test('is told as lines of the schema, with claims and no token', async () => {
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1'), 'ca.crt': '-----BEGIN', namespace: 'shop' });
    await started({ clock: { now: () => 1795457262_000001 } });
    expect(lines).toEqual([
      {
        t: '2026-11-23T18:07:42.000001Z',
        node: 'node-a',
        event: 'present',
        link: kubelet.pathOf('pod-a', 'kube-api-access-x/token'),
        volume: 'kube-api-access-x',
        pod_uid: 'pod-a',
        claims: claimsOf('1'),
      },
    ]);
    expect(TokenFileLine.parse(lines[0])).toEqual(lines[0]);
    expect(statuses).toEqual([{ status: 'ok', reason: 'watching', detail: 'token files are watched' }]);
  });

  test('has tokens of any audience under any name, several in a volume and in folders too, and those of Secrets', async () => {
    const legacy = {
      sub: 'system:serviceaccount:shop:ci',
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/secret.name': 'ci-token',
    };
    kubelet.write('pod-a', 'aws-iam-token', { token: tokenOf('aws', 'sts.amazonaws.com') });
    kubelet.write('pod-a', 'tokens', { 'azure-identity-token': tokenOf('az'), 'vault/deep/token': tokenOf('v') });
    kubelet.write('pod-b', 'ci', { token: `${jwt(legacy)}\n`, password: 'x' }, { kind: SECRET });
    await started();
    expect(told().sort()).toEqual([
      `present ${at('pod-a', 'aws-iam-token', 'token')} aws`,
      `present ${at('pod-a', 'tokens', 'azure-identity-token')} az`,
      `present ${at('pod-a', 'tokens', 'vault/deep/token')} v`,
      `present ${at('pod-b', 'ci', 'token', SECRET)} -`,
    ]);
    expect(lines.find(({ pod_uid }) => pod_uid === 'pod-b')?.claims).toEqual(legacy);
  });

  test('is known by the path that the kernel has for it, though the folder be named by a link', async () => {
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1') });
    const link = `${kubelet.pods}-link`;
    symlinkSync(kubelet.pods, link);
    await started({ podsRoot: link });
    expect(told()).toEqual([`present ${api('pod-a')} 1`]);
  });
});

describe('what becomes of it', () => {
  test('a new pod, its rotated token, its end: each told once, without a poll', async () => {
    await started();
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1'), 'ca.crt': 'a' });
    await shortly(() => expect(told()).toHaveLength(1));
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('2'), 'ca.crt': 'a' });
    await shortly(() => expect(told()).toHaveLength(2));
    // The certificate alone has changed: it is all written again.
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('2'), 'ca.crt': 'b' });
    kubelet.write('pod-a', 'late', { token: tokenOf('3') });
    await shortly(() => expect(told()).toHaveLength(3));
    kubelet.removeVolume('pod-a', 'late');
    await shortly(() => expect(told()).toHaveLength(4));
    kubelet.removePod('pod-a');
    await shortly(() => expect(told()).toHaveLength(5));
    expect(told()).toEqual([
      `appeared ${api('pod-a')} 1`,
      `rotated ${api('pod-a')} 2`,
      `appeared ${at('pod-a', 'late', 'token')} 3`,
      `gone ${at('pod-a', 'late', 'token')} 3`,
      `gone ${api('pod-a')} 2`,
    ]);
  });

  test('a volume that is filled long after it was made is seen', async () => {
    mkdirSync(join(kubelet.pods, 'pod-a'));
    await started();
    mkdirSync(kubelet.pathOf('pod-a', 'kube-api-access-x'), { recursive: true });
    kubelet.write('pod-b', 'kube-api-access-x', { token: tokenOf('b') });
    await shortly(() => expect(told()).toEqual([`appeared ${api('pod-b')} b`]));
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1') });
    await shortly(() => expect(told()).toEqual([`appeared ${api('pod-b')} b`, `appeared ${api('pod-a')} 1`]));
  });

  test('one file of a volume may come or go, or be no token any more', async () => {
    kubelet.write('pod-a', 'v', { a: tokenOf('a'), b: tokenOf('b') });
    await started();
    kubelet.write('pod-a', 'v', { a: 'not a token', b: tokenOf('b'), c: tokenOf('c') });
    await shortly(() => expect(told()).toHaveLength(4));
    expect(told().slice(2)).toEqual([`gone ${at('pod-a', 'v', 'a')} a`, `appeared ${at('pod-a', 'v', 'c')} c`]);
  });

  test.runIf(canMount)('on real tmpfs mounts, over folders that are watched already (as root)', async () => {
    const tmpfs = { tmpfs: true };
    const [a, b] = ['pod-a', 'pod-b'].map((uid) => kubelet.pathOf(uid, 'kube-api-access-x')) as [string, string];
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1') }, tmpfs);
    mkdirSync(b, { recursive: true });
    await started({ retryMs: 200 });
    expect(told()).toEqual([`present ${api('pod-a')} 1`]);
    await shortly(() => expect([isWatched(a), isWatched(b)]).toEqual([true, true]));

    // Nothing tells of a mount, nor of what is in it.
    kubelet.write('pod-b', 'kube-api-access-x', { token: tokenOf('2') }, tmpfs);
    expect(isWatched(b)).toBe(false);
    await shortly(() => expect(told().slice(1)).toEqual([`appeared ${api('pod-b')} 2`]));
    await shortly(() => expect(isWatched(b)).toBe(true));
    kubelet.write('pod-b', 'kube-api-access-x', { token: tokenOf('3') }, tmpfs);
    await shortly(() => expect(told().slice(2)).toEqual([`rotated ${api('pod-b')} 3`]));
    kubelet.unmount(a);
    await shortly(() => expect(told().slice(3)).toEqual([`gone ${api('pod-a')} 1`]));
    kubelet.removePod('pod-b');
    await shortly(() => expect(told().slice(4)).toEqual([`gone ${api('pod-b')} 3`]));
  });

  test('a poll finds what no notice told of', async () => {
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1') });
    await started({ pollMs: 20, settleMs: NEVER_MS, retryMs: NEVER_MS });
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('2') });
    kubelet.write('pod-b', 'kube-api-access-x', { token: tokenOf('3') });
    await shortly(() => expect(told()).toHaveLength(3));
    kubelet.removePod('pod-a');
    await shortly(() => expect(told()).toHaveLength(4));
    expect(told().slice(1).sort()).toEqual([
      `appeared ${api('pod-b')} 3`,
      `gone ${api('pod-a')} 2`,
      `rotated ${api('pod-a')} 2`,
    ]);
  });
});

describe('folders that somebody prepared', () => {
  /** Tells of what is prepared only by leaving it out: a well-behaved pod is told of after it. */
  async function expectNothingBut(expected: string[]): Promise<void> {
    await started();
    expect(told().sort()).toEqual(expected.sort());
  }

  test.runIf(isLinux)(
    'links, pipes, huge files and folders in other places give nothing, and hang nothing (Linux)',
    async () => {
      kubelet.write('pod-x', 'outside', { token: tokenOf('outside') });
      const outside = kubelet.pathOf('pod-x', 'outside');

      kubelet.write('pod-a', 'v', { good: tokenOf('good'), huge: `${tokenOf('huge')}${'s'.repeat(16 * 1024)}` });
      const data = readdirSync(kubelet.pathOf('pod-a', 'v')).find((name) => name.startsWith('..2026')) as string;
      const inside = kubelet.pathOf('pod-a', join('v', data));
      symlinkSync(join(outside, '..data', 'token'), join(inside, 'link'));
      symlinkSync(join(outside, '..data'), join(inside, 'folder-link'));
      symlinkSync('/dev/zero', join(inside, 'zero'));
      execFileSync('mkfifo', [join(inside, 'fifo')]);

      // `..data` to another volume, to itself, to a file, to nothing; a volume, a kind and a pod that are links
      for (const [volume, target] of Object.entries({
        elsewhere: join('..', 'v', data),
        absolute: join(outside, '..data'),
        loop: '..data',
        up: '..',
        nothing: '..gone',
      })) {
        mkdirSync(kubelet.pathOf('pod-b', volume), { recursive: true });
        kubelet.point(kubelet.pathOf('pod-b', volume), target);
      }
      mkdirSync(kubelet.pathOf('pod-b', 'no-link/..data'), { recursive: true });
      writeFileSync(kubelet.pathOf('pod-b', 'no-link/..data/token'), tokenOf('no-link'));
      symlinkSync(outside, kubelet.pathOf('pod-b', 'volume-link'));
      mkdirSync(join(kubelet.pods, 'pod-c', 'volumes'), { recursive: true });
      symlinkSync(join(outside, '..'), join(kubelet.pods, 'pod-c', 'volumes', 'kubernetes.io~projected'));
      symlinkSync(join(kubelet.pods, 'pod-x'), join(kubelet.pods, 'pod-d'));

      // where no token of the kubelet's is, and containers may write
      kubelet.write('pod-a', 'cache', { token: tokenOf('emptyDir') }, { kind: 'kubernetes.io~empty-dir' });

      await expectNothingBut([
        `present ${at('pod-a', 'v', 'good')} good`,
        `present ${at('pod-x', 'outside', 'token')} outside`,
      ]);
    },
  );

  test('of too many entries, folders within folders, tokens and volumes the rest is left out, and counted', async () => {
    const many = (length: number, prefix: string) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [`${prefix}${i}`, tokenOf(`${prefix}${i}`)]));
    const junk = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key-${i}`, 'x']));
    kubelet.write('pod-a', 'entries', junk);
    kubelet.write('pod-b', 'deep', { [`${'d/'.repeat(30)}token`]: tokenOf('deep') });
    kubelet.write('pod-c', 'tokens', many(25, 't'));
    for (let i = 0; i < 103; i++) mkdirSync(kubelet.pathOf('pod-d', `v${i}`), { recursive: true });
    kubelet.write('pod-e', 'kube-api-access-x', { token: tokenOf('e') });
    await started();
    expect(lines.filter(({ pod_uid }) => pod_uid === 'pod-c')).toHaveLength(20);
    expect(lines.filter(({ pod_uid }) => pod_uid !== 'pod-c').map(({ pod_uid }) => pod_uid)).toEqual(['pod-e']);
    expect(counted).toEqual({ 'too-many-files': 3, 'too-many-volumes': 3 });
  });

  test('pods beyond the limit are left out, counted and reported, until there is room', async () => {
    for (const uid of ['pod-a', 'pod-b', 'pod-c']) kubelet.write(uid, 'kube-api-access-x', { token: tokenOf(uid) });
    await started({ limits: { pods: 2 } });
    expect(lines).toHaveLength(2);
    expect(counted).toEqual({ 'too-many-pods': 1 });
    expect(statuses).toMatchObject([
      { status: 'blind', reason: 'too-many-pods', detail: 'Of 3 pods only 2 are watched.' },
    ]);
    for (const { pod_uid } of lines.slice(0, 2)) kubelet.removePod(pod_uid);
    await shortly(() => expect(lines).toHaveLength(5));
    expect(statuses.at(-1)).toMatchObject({ status: 'ok' });
    expect(counted).toEqual({ 'too-many-pods': 1 });
  });
});

describe('when it can not see', () => {
  test('no folder: it is blind and says so, and finds what is there later', async () => {
    const podsRoot = join(kubelet.pods, 'not-yet');
    const source = await started({ podsRoot, pollMs: 20 });
    expect(statuses).toEqual([{ status: 'blind', reason: 'folder-missing', detail: `${podsRoot} is not there.` }]);
    expect(source.status()).toEqual({ state: 'degraded', detail: `folder-missing: ${podsRoot} is not there.` });
    mkdirSync(podsRoot);
    await shortly(() => expect(statuses.at(-1)?.status).toBe('ok'));
    expect(source.status()).toEqual({ state: 'running' });
    rmSync(podsRoot, { recursive: true });
    await shortly(() => expect(statuses.at(-1)?.reason).toBe('folder-missing'));
  });

  test('a folder that can not be read: what was known stays known', async () => {
    kubelet.write('pod-a', 'kube-api-access-x', { token: tokenOf('1') });
    const podsRoot = `${kubelet.pods}-link`;
    symlinkSync(kubelet.pods, podsRoot);
    await started({ podsRoot, pollMs: 20 });
    rmSync(podsRoot);
    symlinkSync(podsRoot, podsRoot);
    await shortly(() => expect(statuses.at(-1)).toMatchObject({ status: 'blind', reason: 'folder-unreadable' }));
    expect(statuses.at(-1)?.detail).toBe(
      `${podsRoot} cannot be read: it is a link that leads to itself. What is below it belongs to root.`,
    );
    rmSync(podsRoot);
    symlinkSync(kubelet.pods, podsRoot);
    await shortly(() => expect(statuses.at(-1)?.status).toBe('ok'));
    expect(told()).toEqual([`present ${api('pod-a')} 1`]);
  });
});

describe.runIf(isLinux)('leaves nothing behind (Linux: counted in /proc)', () => {
  test('a stopped source holds no watch and no file', async () => {
    const before = held();
    for (let i = 0; i < 20; i++) kubelet.write(`pod-${i}`, 'kube-api-access-x', { token: tokenOf(`${i}`) });
    const source = await started();
    expect(lines).toHaveLength(20);
    await shortly(() => expect(held().watches).toBeGreaterThan(before.watches + 40));
    // Something is still due.
    kubelet.write('pod-new', 'kube-api-access-x', { token: tokenOf('new') });
    await source.stop();
    await shortly(() => expect(held().watches).toBe(before.watches));
    await shortly(() => expect(held().files).toBeLessThanOrEqual(before.files + 1));
  });

  test('thousands of volumes that come and go leave no watch, and each is told of', async () => {
    await started();
    await shortly(() => expect(held().watches).toBe(1));
    const idle = held();
    const ROUNDS = 20;
    const PODS = 60;
    const VOLUMES = 2;
    for (let round = 0; round < ROUNDS; round++) {
      const uids = Array.from({ length: PODS }, (_, i) => `pod-${round}-${i}`);
      for (const uid of uids) {
        for (let v = 0; v < VOLUMES; v++) kubelet.write(uid, `v${v}`, { token: tokenOf(`${uid}-${v}`) });
      }
      await shortly(() => expect(lines.length).toBe((2 * round + 1) * PODS * VOLUMES));
      for (const uid of uids) kubelet.removePod(uid);
      await shortly(() => expect(lines.length).toBe((2 * round + 2) * PODS * VOLUMES));
    }
    const tally = { appeared: 0, gone: 0 };
    for (const { event } of lines) tally[event as keyof typeof tally]++;
    expect(tally).toEqual({ appeared: ROUNDS * PODS * VOLUMES, gone: ROUNDS * PODS * VOLUMES });
    await shortly(() => expect(held().watches).toBe(idle.watches));
    expect(held().files).toBeLessThan(idle.files + 10);
    expect(counted).toEqual({});
  }, 120_000);
});
