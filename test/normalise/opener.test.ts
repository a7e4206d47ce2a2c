import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FirstProcesses } from '../../shared/normalise/first-processes.ts';
import { type Knowledge, relationOf, type Standing, standingOf } from '../../shared/normalise/opener.ts';
import type { Relation } from '../../shared/schema/observation.ts';
import type { RawAncestor, RawOpener } from '../../shared/schema/token-open.ts';
import {
  APP,
  BASH,
  FIRST,
  INIT,
  inPod,
  ON_HOST,
  OTHER,
  OTHERS,
  onNode,
  opener,
  POD,
  RUNC,
  SHIM,
  SIDECAR,
  SSHD,
} from './opens.ts';

const known = (shares: boolean | undefined): Knowledge => ({ podUid: POD, sharesPids: () => shares });
const standing = (given: RawOpener, knowledge: Knowledge = known(false)): Standing => standingOf(given, knowledge);

/** What it is, with how it came to be there. */
const stands = (given: RawOpener, knowledge?: Knowledge): string => {
  const { relation, disguised, escaped, entered } = standing(given, knowledge);
  const how = { disguised, escaped, entered };
  return [relation, ...Object.entries(how).flatMap(([word, is]) => (is ? [word] : []))].join(' ');
};

const process = (pid: number, more: Partial<RawAncestor> = {}): RawAncestor => ({
  pid,
  comm: 'sh',
  exe: '/bin/sh',
  cmdline: ['sh'],
  nspid: `${pid} ${pid - 900}`,
  cgroup: inPod(),
  ...more,
});
/** As recordings have it: of ancestors neither pids nor groups. */
const bare = ({ pid, comm, exe, cmdline }: RawAncestor): RawAncestor => ({ pid, comm, exe, cmdline });

/** A process of a container with the host's pids (hostPID). */
const inHostPids = (more: Partial<RawOpener> = {}) =>
  opener({ nspid: '2000', host_ns: ['pid', 'user'], ancestors: [SHIM, INIT], ...more });

describe('the own container', () => {
  it.each<[string, RawOpener]>([
    ['a child of its first process', opener()],
    ['its first process itself', opener({ pid: 1000, nspid: '1000 1', ancestors: [SHIM, INIT] })],
    ['a grandchild', opener({ ancestors: [process(1900), process(1800), FIRST, SHIM, INIT] })],
    [
      "CRI-O's, whose monitor has a group in the pod",
      opener({ ancestors: [FIRST, process(950, { comm: 'conmon', exe: '/usr/bin/conmon' }), INIT] }),
    ],
    [
      'a pid namespace of its own within',
      opener({ nspid: '2000 77 5', ancestors: [process(1900), FIRST, SHIM, INIT] }),
    ],
    ['the first process of a namespace within', opener({ nspid: '2000 77 1' })],
    ["its runtime's shim was killed", opener({ ancestors: [FIRST, INIT] })],
    [
      'something in it is called like a kubelet',
      opener({ comm: 'kubelet', exe: '/usr/bin/kubelet', cmdline: ['/usr/bin/kubelet'] }),
    ],
    ['something in it is called like a runtime', opener({ comm: 'containerd', exe: '/usr/bin/containerd' })],
    ['NSpid in tabs and spaces', opener({ nspid: '\t2000\t 77 ' })],
  ])('%s', (_, given) => {
    expect(stands(given)).toBe('in-container');
    // Of a pod that nobody knows too.
    expect(stands(given, { podUid: POD })).toBe('in-container');
  });

  it('says where its story begins', () => {
    const child = process(1900);
    expect(standing(opener({ ancestors: [child, FIRST, SHIM, INIT] }))).toMatchObject({ root: FIRST, depth: 2 });
    const first = opener({ pid: 1000, nspid: '1000 1', ancestors: [SHIM, INIT] });
    expect(standing(first)).toMatchObject({ root: first, depth: 0 });
  });

  it.each<[string, RawOpener]>([
    ['no ancestors at all', opener({ ancestors: [] })],
    ['only some of them', opener({ ancestors: [process(1900), process(1800)] })],
  ])('a lineage that was cut: %s', (_, given) => {
    expect(['in-container', 'exec-session entered']).toContain(stands(given));
    expect(standing(given).root.pid).toBe(given.ancestors.at(-1)?.pid ?? given.pid);
  });
});

describe('a session', () => {
  it.each<[string, RawOpener]>([
    ['of kubectl exec', opener({ ancestors: [SHIM, INIT] })],
    ['that has only just begun', opener({ ancestors: [RUNC, SHIM, INIT] })],
    ['in a recording', opener({ host_ns: undefined, ancestors: [RUNC, SHIM, INIT].map(bare) })],
    ['with a shell', opener({ ancestors: [process(1900), SHIM, INIT] })],
    ['with a shell in a shell', opener({ ancestors: [process(1950), process(1900), SHIM, INIT] })],
    ['of crictl or ctr, by root', opener({ ancestors: [RUNC, BASH, SSHD, INIT] })],
    [
      'of CRI-O',
      opener({ ancestors: [process(1900), process(950, { comm: 'conmon', exe: '/usr/bin/conmon' }), INIT] }),
    ],
    [
      'started by something that runs from where no runtime is, and calls itself runc',
      opener({ ancestors: [process(1900, { comm: 'runc', exe: '/tmp/x' }), FIRST, SHIM, INIT] }),
    ],
    [
      'started by something that is called like a shim',
      opener({ ancestors: [process(1900, { comm: 'x', exe: '/tmp/containerd-shim-x' }), FIRST, SHIM, INIT] }),
    ],
  ])('%s', (_, given) => {
    expect(stands(given)).toBe('exec-session entered');
  });

  it('has its own first process for its beginning', () => {
    const shell = process(1900);
    expect(standing(opener({ ancestors: [shell, RUNC, SHIM, INIT] }))).toMatchObject({ root: shell, depth: 1 });
  });
});

describe('where a container has pids of its pod, or of the host', () => {
  const first = process(1000, { comm: 'app', starttime: 5000, nspid: '1000 7' });
  const ofFirst = opener({ ancestors: [first, SHIM, INIT] });
  const session = opener({ pid: 3000, nspid: '3000 90', starttime: 9900, ancestors: [SHIM, INIT] });

  it('its first process is the oldest that was seen; who is younger came from outside', () => {
    const knowledge = { ...known(true), firsts: new FirstProcesses() };
    expect(stands(ofFirst, knowledge)).toBe('in-container');
    expect(stands(session, knowledge)).toBe('exec-session entered');
    expect(stands(ofFirst, knowledge)).toBe('in-container');
  });

  it('a session that was seen first is told once the container has shown itself', () => {
    const knowledge = { ...known(true), firsts: new FirstProcesses() };
    expect(stands(session, knowledge)).toBe('in-container');
    expect(stands(ofFirst, knowledge)).toBe('in-container');
    expect(stands(session, knowledge)).toBe('exec-session entered');
  });

  it('each container has a first process of its own', () => {
    const knowledge = { ...known(true), firsts: new FirstProcesses() };
    expect(stands(ofFirst, knowledge)).toBe('in-container');
    expect(stands({ ...session, cgroup: inPod(POD, SIDECAR) }, knowledge)).toBe('in-container');
  });

  it('one that a runtime is just starting is a session, seen before or not', () => {
    const knowledge = { ...known(true), firsts: new FirstProcesses() };
    const starting = { ...session, ancestors: [RUNC, SHIM, INIT] };
    expect(stands(starting, knowledge)).toBe('exec-session entered');
    expect(stands(ofFirst, knowledge)).toBe('in-container');
  });

  it("the host's pids are right where the pod has them", () => {
    const knowledge = { ...known(true), firsts: new FirstProcesses() };
    expect(stands(inHostPids({ starttime: 10 }), knowledge)).toBe('in-container');
    expect(stands(inHostPids({ pid: 3000, starttime: 20 }), knowledge)).toBe('exec-session entered');
  });

  it('without the time of its start the lower pid is the older', () => {
    const firsts = new FirstProcesses();
    expect(firsts.isFirst(APP, process(20))).toBe(true);
    expect(firsts.isFirst(APP, process(30))).toBe(false);
    expect(firsts.isFirst(APP, process(10))).toBe(true);
    expect(firsts.isFirst(APP, process(20))).toBe(false);
    // A pid that was given out again is another process.
    expect(firsts.isFirst(SIDECAR, process(20, { starttime: 100 }))).toBe(true);
    expect(firsts.isFirst(SIDECAR, process(10, { starttime: 900 }))).toBe(false);
  });
});

it('in a recording, which has no pids of ancestors, the first process of a container is told by its age too', () => {
  const knowledge = { ...known(false), firsts: new FirstProcesses() };
  const recorded = (...ancestors: RawAncestor[]) => opener({ host_ns: undefined, ancestors: ancestors.map(bare) });
  expect(stands(recorded(FIRST, SHIM, INIT), knowledge)).toBe('in-container');
  expect(stands(recorded(process(1900), FIRST, SHIM, INIT), knowledge)).toBe('in-container');
  expect(stands(recorded(process(1900), SHIM, INIT), knowledge)).toBe('exec-session entered');
  expect(stands(recorded(RUNC, SHIM, INIT), knowledge)).toBe('exec-session entered');
});

describe("somebody else's", () => {
  const theirs = {
    cgroup: inPod(OTHER, OTHERS),
    ancestors: [process(1000, { cgroup: inPod(OTHER, OTHERS) }), SHIM, INIT],
  };

  it.each<[string, RawOpener, string]>([
    ['another pod, through a hostPath', opener(theirs), 'other-pod'],
    ['another pod, through /proc/PID/root', opener({ ...theirs, foreign_mount: true }), 'other-pod'],
    ['a session in another pod', opener({ ...theirs, ancestors: [SHIM, INIT] }), 'other-pod entered'],
    ['another container of the pod, through /proc/PID/root', opener({ foreign_mount: true }), 'other-container-of-pod'],
    [
      'a session in another container of the pod, the same way',
      opener({ foreign_mount: true, ancestors: [SHIM, INIT] }),
      'other-container-of-pod entered',
    ],
  ])('%s', (_, given, relation) => {
    const knowledge = known(false);
    const first = { ...FIRST, cgroup: given.cgroup };
    const ancestors = given.ancestors.map((one) => (one.pid === 1000 ? { ...first } : one));
    expect(stands({ ...given, ancestors }, knowledge)).toBe(relation);
  });

  it('knows of each pod by itself whether it shares pids', () => {
    const asked: string[] = [];
    const sharesPids = (pod: string): boolean => {
      asked.push(pod);
      return pod === OTHER;
    };
    const reader = inHostPids({ cgroup: inPod(OTHER, OTHERS) });
    expect(stands(reader, { podUid: POD, sharesPids, firsts: new FirstProcesses() })).toBe('other-pod');
    expect(asked).toEqual([OTHER]);
    expect(stands(inHostPids(), { podUid: POD, sharesPids, firsts: new FirstProcesses() })).toBe('host escaped');
  });
});

describe('the host', () => {
  it.each<[string, RawOpener]>([
    ['a session by SSH', onNode()],
    ['a job', onNode({ ancestors: [process(500, { comm: 'cron', exe: '/usr/sbin/cron', cgroup: ON_HOST }), INIT] })],
    ['a service', onNode({ ancestors: [INIT] })],
    ['an orphan', onNode({ ancestors: [INIT] })],
    ['nothing known of it', { ...onNode(), exe: null, comm: null, cmdline: [], cgroup: [], ancestors: [] }],
    [
      "nsenter into all of a container's namespaces but its group",
      onNode({ host_ns: [], nspid: '2000 50', mnt_ns: 'mnt:[1]' }),
    ],
    ['a container that is in no pod', onNode({ cgroup: [`0::/docker/${OTHERS}`], ancestors: [SHIM, INIT] })],
    [
      'a child of the kubelet',
      onNode({ ancestors: [process(800, { comm: 'kubelet', exe: '/usr/bin/kubelet' }), INIT] }),
    ],
    ['a child of the runtime', onNode({ ancestors: [SHIM, INIT] })],
  ])('%s', (_, given) => {
    expect(stands(given)).toBe('host');
  });

  it.each<[string, RawOpener]>([
    ["who put itself into the pod's group", opener({ ancestors: [BASH, SSHD, INIT] })],
    [
      "... and has the host's mounts, its parent gone",
      opener({ host_ns: ['mnt', 'pid'], nspid: '2000', ancestors: [INIT] }),
    ],
    ["... and the container's mounts too", inHostPids({ host_ns: ['pid'], ancestors: [INIT] })],
    ["... and all the container's namespaces, its parent gone", opener({ ancestors: [INIT] })],
    [
      '... from within another pod',
      opener({ ancestors: [process(1900, { cgroup: inPod(OTHER, OTHERS) }), SHIM, INIT] }),
    ],
    [
      '... into one of the groups of v1 alone',
      opener({ cgroup: ['4:memory:/', ...inPod(), '1:cpu:/'], ancestors: [BASH, SSHD, INIT] }),
    ],
    ['in a recording', opener({ host_ns: undefined, nspid: '2000', ancestors: [BASH, SSHD, INIT].map(bare) })],
  ])('%s', (_, given) => {
    expect(stands(given)).toBe('host disguised');
  });

  it.each<[string, RawOpener, string]>([
    ["into the host's mounts", opener({ host_ns: ['mnt'] }), 'host escaped'],
    ["into the host's pids", inHostPids({ host_ns: ['pid'], ancestors: [SHIM, INIT] }), 'host escaped'],
    [
      "into the host's mounts, for another pod's token",
      opener({ host_ns: ['mnt'], cgroup: inPod(OTHER, OTHERS), ancestors: [SHIM, INIT] }),
      'other-pod escaped entered',
    ],
  ])('who got out of a container, %s', (_, given, expected) => {
    expect(stands(given)).toBe(expected);
  });

  it('its story begins below what serves sessions', () => {
    expect(standing(onNode())).toMatchObject({ root: BASH, depth: 1 });
    const alone = onNode({ ancestors: [INIT] });
    expect(standing(alone)).toMatchObject({ root: alone, depth: 0 });
  });
});

describe("the node's own programs", () => {
  const kubelet = (exe: string, more: Partial<RawOpener> = {}) =>
    onNode({ comm: 'kubelet', exe, cgroup: ['0::/system.slice/kubelet.service'], ancestors: [INIT], ...more });
  const startedBy = (comm: string, exe: string) => [process(800, { comm, exe, cgroup: ['0::/'] }), INIT];

  it.each<[string, RawOpener, Relation]>([
    ['the kubelet', kubelet('/usr/bin/kubelet'), 'kubelet'],
    ['... after an upgrade', kubelet('/usr/bin/kubelet (deleted)'), 'kubelet'],
    ['... of GKE', kubelet('/home/kubernetes/bin/kubelet'), 'kubelet'],
    ['... of NixOS', kubelet('/nix/store/x0-kubernetes-1.31/bin/kubelet'), 'kubelet'],
    ['... of Flatcar', kubelet('/opt/bin/kubelet'), 'kubelet'],
    ['... of minikube', kubelet('/var/lib/minikube/binaries/v1.31.0/kubelet'), 'kubelet'],
    ['k3s', kubelet('/var/lib/rancher/k3s/data/0f/bin/k3s', { comm: 'k3s-agent' }), 'kubelet'],
    ['microk8s', kubelet('/snap/microk8s/7018/kubelite', { comm: 'kubelite' }), 'kubelet'],
    ['k0s', kubelet('/var/lib/k0s/bin/kubelet', { ancestors: startedBy('k0s', '/usr/local/bin/k0s') }), 'kubelet'],
    [
      'a kubelet that is a container itself',
      kubelet('/usr/local/bin/kubelet', { cgroup: [`0::/docker/${OTHERS}`], ancestors: [SHIM, INIT] }),
      'kubelet',
    ],
    ['in a recording, its parent alone', kubelet('/usr/local/bin/kubelet', { host_ns: undefined }), 'kubelet'],
    ['nothing of its parent', kubelet('/usr/bin/kubelet', { ancestors: [] }), 'kubelet'],
    ['only called so', kubelet('/usr/bin/cat'), 'host'],
    ['another program of that name', kubelet('/tmp/kubelet'), 'host'],
    ['... in the home of somebody', kubelet('/home/me/bin/kubelet'), 'host'],
    ['... that was deleted', kubelet('/tmp/kubelet (deleted)'), 'host'],
    ['... out of memory', kubelet('/memfd:kubelet (deleted)'), 'host'],
    ['... from /dev/shm', kubelet('/dev/shm/usr/bin/kubelet'), 'host'],
    ['a kubelet that somebody started', kubelet('/usr/bin/kubelet', { ancestors: [BASH, SSHD, INIT] }), 'host'],
    ['nothing can be read', kubelet('/usr/bin/kubelet', { exe: null }), 'host'],
    [
      "a pod's program of that name, that left the pod's group",
      kubelet('/usr/bin/kubelet', { nspid: '2000 1', host_ns: [], ancestors: [SHIM, INIT] }),
      'host',
    ],
    ['containerd', onNode({ comm: 'containerd', exe: '/usr/bin/containerd' }), 'runtime'],
    ['a shim', onNode({ comm: 'containerd-shim', exe: '/usr/bin/containerd-shim-runc-v2' }), 'runtime'],
    ['CRI-O', onNode({ comm: 'crio', exe: '/usr/bin/crio' }), 'runtime'],
    ['conmon', onNode({ comm: 'conmon', exe: '/usr/libexec/crio/conmon' }), 'runtime'],
    ['runc', onNode({ comm: 'runc', exe: '/usr/sbin/runc' }), 'runtime'],
    ['runc, by its name alone', onNode({ comm: 'runc', exe: '/tmp/x' }), 'host'],
    [
      'runc, out of memory',
      onNode({ comm: 'runc:[2:INIT]', exe: '/memfd:runc_cloned:/proc/self/exe (deleted)' }),
      'host',
    ],
    ['a runtime, from elsewhere', onNode({ comm: 'containerd', exe: '/root/containerd' }), 'host'],
    ['cat, called containerd', onNode({ comm: 'containerd', exe: '/usr/bin/cat', cmdline: ['containerd'] }), 'host'],
    [
      "a pod's program that is called like a runtime, and left the pod's group",
      onNode({ comm: 'containerd', exe: '/usr/bin/containerd', nspid: '2000 1' }),
      'host',
    ],
  ])('%s', (_, given, relation) => {
    expect(stands(given)).toBe(relation);
    expect(relationOf(given, { podUid: POD })).toBe(relation);
  });
});

it('whatever it is called, a process in no pod that is not of the node is the host’s; one in a pod never the node’s own', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('kubelet', 'containerd', 'runc', 'k3s', 'systemd'),
  );
  const exe = fc.oneof(
    text,
    text.map((name) => `/tmp/${name}`),
    text.map((name) => `/usr/bin/${name}`),
    fc.constant(null),
  );
  const cgroup = fc.constantFrom(inPod(), inPod(OTHER, OTHERS), ON_HOST, []);
  const nspid = fc.option(fc.constantFrom('5', '5 1', '5 7', '5 1 1', '', 'x y', '  '), { nil: undefined });
  const ancestor = fc.record(
    { pid: fc.nat(3000), comm: text, exe, cmdline: fc.constant<string[]>([]), cgroup, nspid, starttime: fc.nat() },
    { requiredKeys: ['pid', 'cmdline'] },
  );
  const made = fc.record({
    comm: text,
    exe,
    cgroup,
    nspid,
    ancestors: fc.array(ancestor, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(made, fc.option(fc.boolean(), { nil: undefined }), (some, shares) => {
      const given = { ...opener(), host_ns: undefined, ...some } as RawOpener;
      const { relation, depth, root } = standing(given, known(shares));
      expect(depth).toBeLessThanOrEqual(given.ancestors.length);
      expect(root).toBe(depth === 0 ? given : given.ancestors[depth - 1]);
      const isNodes = relation === 'kubelet' || relation === 'runtime';
      if (given.cgroup.some((line) => line.includes('kubepods'))) expect(isNodes).toBe(false);
      if (isNodes) expect(given.exe).toMatch(/^\/usr\/bin\//);
    }),
    { numRuns: 2000 },
  );
});
