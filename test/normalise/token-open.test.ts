import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenRead } from '../../shared/schema/observation.ts';
import { parseTime } from '../../shared/time.ts';
import { loadRecording } from '../scenarios/recording.ts';
import { fakeToken } from './lines.ts';
import {
  BASH,
  FIRST,
  INIT,
  inPod,
  newNormaliser,
  OTHER,
  OTHERS,
  onNode,
  open,
  opener,
  POD,
  podSeen,
  RUNC,
  readOf,
  SHIM,
  SIDECAR,
  workload,
} from './opens.ts';

const session = (more: Parameters<typeof opener>[0] = {}) => opener({ ancestors: [RUNC, SHIM, INIT], ...more });
const hooked = (...hooks: string[][]) => {
  const [app] = workload().containers;
  return newNormaliser([podSeen(workload({ containers: app ? [{ ...app, hooks }] : [] }))]);
};

it('takes no kubelet with mounts of its own for the kubelet where the real one has those of the node', () => {
  const kubelet = (hasHostMounts: boolean, node: string) =>
    open(
      onNode({
        comm: 'kubelet',
        exe: '/usr/bin/kubelet',
        ancestors: [INIT],
        host_ns: hasHostMounts ? ['mnt', 'pid'] : ['pid'],
      }),
      { node },
    );
  const normaliser = newNormaliser();
  const relationOf = (line: unknown): string | undefined => {
    const read = normaliser.open(line);
    return typeof read === 'string' ? read : read.opener?.relation;
  };
  // As on nodes where the kubelet runs in a container of its own.
  expect(relationOf(kubelet(false, 'node-b'))).toBe('kubelet');
  expect(relationOf(kubelet(true, 'node-a'))).toBe('kubelet');
  expect(relationOf(kubelet(false, 'node-a'))).toBe('host');
  expect(relationOf(kubelet(true, 'node-a'))).toBe('kubelet');
  expect(relationOf(kubelet(false, 'node-b'))).toBe('kubelet');
});

describe('an open', () => {
  it('says who opened what, in full', () => {
    expect(readOf(open(opener({ exe_size: 100, exe_mtime: 1.5 }), { pid: 2005 }))).toEqual({
      kind: 'read',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      time: parseTime('2026-11-23T18:00:00.000001Z'),
      timeText: '2026-11-23T18:00:00.000001Z',
      seen: parseTime('2026-11-23T18:00:00.000001Z'),
      node: 'node-a',
      principal: 'system:serviceaccount:shop:cart',
      credential: { id: 'JTI=82e2dfb2-adf9-47d8-a0f7-56ff04859724', kind: 'projected' },
      binding: { pod: { namespace: 'shop', name: 'cart-1', uid: POD }, node: { name: 'node-a', uid: 'uid-node-a' } },
      audiences: ['https://kubernetes.default.svc.cluster.local'],
      file: {
        path: open()['path'],
        volume: 'kube-api-access-96dkl',
        pod: { namespace: 'shop', name: 'cart-1', uid: POD },
      },
      access: 'read',
      outcome: 'allowed',
      opener: {
        relation: 'in-container',
        pid: 2000,
        thread: 2005,
        started: 9000,
        comm: 'cat',
        exe: '/bin/cat',
        args: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
        exeSize: 100,
        exeTime: 1_500_000,
        uids: [0, 0, 0, 0],
        container: { id: 'a'.repeat(64), name: 'app', image: 'registry/app:1' },
        pod: { namespace: 'shop', name: 'cart-1', uid: POD },
        namespaces: { mnt: '4026532509', net: '4026533021', pid: '4026532510', host: ['user'] },
        lineage: [
          { pid: 1000, started: 5000, comm: 'app', exe: '/app/server', args: ['app'] },
          { pid: 900, comm: 'containerd-shim', exe: '/usr/bin/containerd-shim-runc-v2', args: ['containerd-shim'] },
        ],
        actor: 'a'.repeat(64),
      },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['allowed', {}, 'allowed'],
    ['denied', { allowed: false }, 'denied'],
    ['a policy on trial', { would_deny: true }, 'would-deny'],
    ['nothing said', { allowed: undefined }, 'allowed'],
  ])('%s', (_, more, outcome) => {
    expect(readOf(open(opener(), more)).outcome).toBe(outcome);
  });

  it('of which nobody knows who it was says why', () => {
    expect(readOf(open(null, { lost: 'gone' }))).toMatchObject({ lost: 'gone' });
    expect(readOf(open(null)).lost).toBe('unreadable');
    expect(readOf(open(null))).not.toHaveProperty('opener');
    expect(readOf(open(opener(), { lost: 'gone' }))).not.toHaveProperty('lost');
  });

  it('of a file without a token is one of its pod all the same', () => {
    const read = readOf(open(opener(), { credential: null }));
    expect(read).toMatchObject({ binding: {}, file: { pod: { uid: POD, name: 'cart-1' } } });
    expect(read).not.toHaveProperty('credential');
    expect(readOf(open(opener(), { credential: null }), newNormaliser([])).file.pod).toEqual({ uid: POD });
  });

  it('is of the pod whose folder it is, whatever pod the token names', () => {
    const credential = {
      jti: 'x',
      sub: 'system:serviceaccount:a:b',
      'kubernetes.io': { pod: { name: 'p', uid: OTHER } },
    };
    expect(readOf(open(opener(), { credential })).file.pod).toMatchObject({ uid: POD, name: 'cart-1' });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['the sensor’s own word', { node: 'node-b' }, 'node-b'],
    ['the token’s', {}, 'node-a'],
    ['that of whoever reads the line', { credential: null }, 'node-a'],
  ])('is on the node by %s', (_, more, node) => {
    expect(readOf(open(opener(), more)).node).toBe(node);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'open'],
    ['a list', []],
    ['no time', open(opener(), { t: undefined })],
    ['a pid that is none', open(opener(), { pid: -1 })],
    ['no process', open(opener(), { tgid: 'x' })],
    ['a path that is none', open(opener(), { path: 5 })],
    ['no pod', open(opener(), { pod_uid: null })],
    ['a process that is a text', open(opener(), { proc: 'cat' })],
    ['a process that was left out', open(opener(), { proc: undefined })],
  ])('sets aside %s', (_, line) => {
    expect(newNormaliser().open(line)).toBe('not-an-open');
  });

  it.each(['', 'yesterday', '1969-12-31T23:59:59Z', '9999-12-31T00:00:00Z', '2026-13-41T00:00:00Z'])(
    'sets aside the time %j',
    (t) => {
      expect(newNormaliser().open(open(opener(), { t }))).toBe('bad-time');
    },
  );

  it.each<[string, object]>([
    ['cmdline', { cmdline: 'cat' }],
    ['cgroup', { cgroup: 5 }],
    ['uid', { uid: ['root'] }],
    ['ancestors', { ancestors: [{ pid: 'x' }] }],
    ['nspid', { nspid: 7 }],
    ['starttime', { starttime: -1 }],
    ['host_ns', { host_ns: ['everything'] }],
    ['exe_mtime', { exe_mtime: -5 }],
    ['exe_mtime', { exe_mtime: 1e300 }],
    ['exe', { exe: null }],
    ['exe', { exe: '' }],
    ['comm', { comm: null }],
    ['mnt_ns', { mnt_ns: 'mnt:[4026531832' }],
  ])('is read although %s is nonsense', (_, more) => {
    expect(TokenRead.safeParse(readOf(open(opener(more)))).error).toBeUndefined();
  });
});

describe('an id', () => {
  const id = (more: Record<string, unknown> = {}, proc = opener()) => readOf(open(proc, more)).id;

  it('is of what happened, not of what is known of it', () => {
    expect(id()).toBe(id({ credential: null, node: 'node-a' }, onNode()));
    expect(readOf(open(), newNormaliser([])).id).toBe(id());
  });

  it.each<[string, Record<string, unknown>]>([
    ['time', { t: '2026-11-23T18:00:00.000002Z' }],
    ['thread', { pid: 2001 }],
    ['node', { node: 'node-b' }],
    ['file', { path: '/other' }],
    ['access', { access: 'write' }],
  ])('is another for another %s', (_, more) => {
    expect(id(more)).not.toBe(id());
  });
});

describe('a program', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['that was deleted', { exe: '/tmp/x (deleted)' }, { exe: '/tmp/x', exeState: 'deleted' }],
    ['that was replaced', { exe: '/app/x', exe_replaced: true }, { exe: '/app/x', exeState: 'replaced' }],
  ])('%s', (_, more, said) => {
    expect(readOf(open(opener(more))).opener).toMatchObject(said);
  });

  it('as it should be', () => {
    expect(readOf(open(opener({ exe_replaced: false }))).opener).not.toHaveProperty('exeState');
  });
});

describe('a hook of the pod’s own spec', () => {
  const probe = ['sh', '-c', 'test -n "$(cat /token)"'];
  const shell = { ...FIRST, pid: 1900, nspid: '1900 60', comm: 'sh', exe: '/bin/sh', cmdline: probe };

  it('is known by the command that entered the container, not by what it starts', () => {
    const child = session({ ancestors: [shell, RUNC, SHIM, INIT] });
    expect(readOf(open(child), hooked(probe)).opener).toMatchObject({ relation: 'exec-session', expected: 'hook' });
    expect(readOf(open(session()), hooked(probe)).opener).not.toHaveProperty('expected');
  });

  it.each([
    ['of another container', { cgroup: inPod(POD, SIDECAR) }],
    ['of another pod', { cgroup: inPod(OTHER, OTHERS) }],
    ['from the node', { cgroup: onNode().cgroup, ancestors: [BASH, INIT] }],
  ])('is none %s', (_, more) => {
    const cmdline = ['cat', '/token'];
    const [app, sidecar] = workload().containers;
    const facts = workload({
      containers: [{ ...(app as never as object), hooks: [cmdline] } as never, sidecar as never],
    });
    const read = readOf(open(session({ cmdline, ...more })), newNormaliser([podSeen(facts)]));
    expect(read.opener).not.toHaveProperty('expected');
  });

  it('is none within the workload', () => {
    const cmdline = ['cat', '/token'];
    expect(readOf(open(opener({ cmdline })), hooked(cmdline)).opener).not.toHaveProperty('expected');
  });
});

describe('a container', () => {
  it('without the volume has no business with it, however it came by it', () => {
    const reader = opener({ cgroup: inPod(POD, SIDECAR) });
    expect(readOf(open(reader)).opener).toMatchObject({
      relation: 'other-container-of-pod',
      container: { name: 'sidecar' },
    });
    const entered = readOf(open(session({ cgroup: inPod(POD, SIDECAR) }))).opener;
    expect(entered).toMatchObject({ relation: 'other-container-of-pod', entered: true });
  });

  it('that is not known is taken to have it', () => {
    expect(readOf(open(opener({ cgroup: inPod(POD, OTHERS) }))).opener?.relation).toBe('in-container');
    expect(readOf(open(opener()), newNormaliser([])).opener?.relation).toBe('in-container');
  });

  it('of another pod is named by what the inventory knows of that', () => {
    const theirs = opener({ cgroup: inPod(OTHER, OTHERS), ancestors: [SHIM, INIT] });
    expect(readOf(open(theirs)).opener).toMatchObject({ relation: 'other-pod', entered: true, pod: { uid: OTHER } });
    const known = newNormaliser([podSeen(), podSeen(undefined, OTHER, 'thief')]);
    expect(readOf(open(theirs), known).opener?.pod).toEqual({ uid: OTHER, namespace: 'shop', name: 'thief' });
  });
});

describe('who acts', () => {
  const actor = (proc = opener()) => readOf(open(proc)).opener?.actor;

  it.each([
    ['a container as one', opener(), 'a'.repeat(64)],
    ['a pod where the container is not known', opener({ cgroup: [`0::/kubepods/pod${POD}`] }), `pod:${POD}`],
    ['on the node a session', onNode(), '700@90'],
    ['in disguise a session too', opener({ ancestors: [{ ...BASH }, INIT] }), '2000@9000'],
    ['without the time of its start', onNode({ starttime: undefined, ancestors: [INIT] }), '2000@'],
  ])('%s', (_, proc, expected) => {
    expect(actor(proc)).toBe(expected);
  });
});

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ minLength: 1000, maxLength: 1500 }),
  fc.constantFrom('kubelet', 'runc', ' (deleted)', 'system:serviceaccount:a:b', POD, 'pid:[1]'),
);
const anything = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
);
const strange = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: anything });
const words = fc.array(text, { maxLength: 40 });
const cgroups = fc.array(fc.oneof(text, fc.constantFrom(...inPod(), ...inPod(OTHER, OTHERS), '0::/')), {
  maxLength: 3,
});
const ancestor = fc.record(
  {
    pid: strange(fc.nat()),
    comm: strange(text),
    exe: strange(text),
    cmdline: strange(words),
    nspid: strange(fc.constantFrom('1', '1 1', '5 7', '')),
    starttime: strange(fc.nat()),
    cgroup: strange(cgroups),
  },
  { requiredKeys: ['pid'] },
);
const proc = fc
  .tuple(
    ancestor,
    fc.record(
      {
        uid: strange(fc.array(fc.nat(), { maxLength: 6 })),
        mnt_ns: strange(fc.constantFrom('mnt:[4026531832]', `mnt:[${'9'.repeat(30)}]`)),
        host_ns: strange(fc.array(fc.constantFrom('mnt', 'net', 'pid', 'user', 'cgroup'), { maxLength: 9 })),
        exe_size: strange(fc.nat()),
        exe_mtime: strange(fc.double({ min: 0, noNaN: true })),
        exe_replaced: strange(fc.boolean()),
        foreign_mount: strange(fc.boolean()),
        ancestors: strange(fc.array(ancestor, { maxLength: 30 })),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([a, b]) => ({ ...a, ...b }));
const claims = fc.record(
  {
    jti: strange(text),
    sub: strange(fc.oneof(text, fc.constant('system:serviceaccount:shop:cart'))),
    aud: strange(words),
    'kubernetes.io': strange(
      fc.record(
        {
          namespace: strange(text),
          pod: strange(fc.record({ name: text, uid: text })),
          node: strange(fc.record({ name: text })),
        },
        { requiredKeys: [] },
      ),
    ),
    'kubernetes.io/serviceaccount/namespace': strange(text),
    'kubernetes.io/serviceaccount/secret.name': strange(text),
  },
  { requiredKeys: ['sub'] },
);
const opens = fc.record(
  {
    t: strange(fc.constantFrom('2026-11-23T18:00:00Z', '2026-11-23T18:00:00.123456789+02:00', '0001-01-01T00:00:00Z')),
    node: strange(text),
    pid: strange(fc.nat()),
    tgid: strange(fc.nat()),
    path: strange(text),
    volume: strange(text),
    pod_uid: strange(fc.constantFrom(POD, OTHER)),
    allowed: strange(fc.boolean()),
    would_deny: strange(fc.boolean()),
    access: strange(fc.constantFrom('read', 'write')),
    proc: strange(fc.option(proc)),
    lost: strange(fc.constantFrom('timeout', 'gone')),
    credential: strange(fc.option(claims)),
  },
  { requiredKeys: ['t', 'pid', 'tgid', 'path', 'volume', 'pod_uid', 'proc'] },
);

describe('whatever comes', () => {
  it('is set aside, or is as the contract says; the same line gives the same', () => {
    let read = 0;
    fc.assert(
      fc.property(opens, (line) => {
        const observation = newNormaliser().open(line);
        if (typeof observation === 'string') return;
        read += 1;
        expect(TokenRead.safeParse(observation).error).toBeUndefined();
        expect(newNormaliser().open(structuredClone(line))).toEqual(observation);
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('no token is in what comes of it, wherever it was', () => {
    const token = fakeToken();
    const [header = '', payload = '', signature = ''] = token.split('.');
    /** Everywhere in a value, before, after or in place of what is there. */
    const infect = (value: unknown, hide: (text: string) => string): unknown =>
      typeof value === 'string'
        ? hide(value)
        : Array.isArray(value)
          ? value.map((item) => infect(item, hide))
          : value !== null && typeof value === 'object'
            ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, infect(item, hide)]))
            : value;
    const ways = [(t: string) => token + t, (t: string) => `${t} ${token}`, (t: string) => `${t}/${header}.${payload}`];
    for (const hide of ways) {
      const { t, proc: made, credential, ...rest } = open();
      const line = { ...(infect(rest, hide) as object), t, pod_uid: POD, allowed: true };
      const hostile = {
        ...line,
        proc: { ...(infect(made, hide) as object), cgroup: inPod(), uid: [0] },
        credential: { ...(infect(credential, hide) as object), sub: hide('system:serviceaccount:shop:x') },
      };
      for (const credentialOf of [hostile.credential, { ...hostile.credential, sub: 'system:serviceaccount:shop:x' }]) {
        const text = JSON.stringify(readOf({ ...hostile, credential: credentialOf }));
        for (const part of [header, payload, signature]) expect(text).not.toContain(part.slice(0, 12));
      }
    }
  });
});

const recordings = readdirSync(fileURLToPath(new URL('../fixtures/recordings/', import.meta.url)));
it.each(recordings)('%s: every open is as the contract says, with an id of its own', (name) => {
  const normaliser = newNormaliser([]);
  const reads = loadRecording(name).opens.map(({ value }) => readOf(value, normaliser));
  for (const read of reads) expect(TokenRead.safeParse(read).error).toBeUndefined();
  expect(new Set(reads.map(({ id }) => id)).size).toBe(reads.length);
});
