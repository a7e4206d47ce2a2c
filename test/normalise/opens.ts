/** Opens of token files made by hand: who opened what, as /proc shows it. */

import { Workloads } from '../../shared/inventory/workloads.ts';
import { OpenNormaliser } from '../../shared/normalise/token-open.ts';
import type { InventoryEvent, WorkloadFacts } from '../../shared/schema/inventory-event.ts';
import type { TokenRead } from '../../shared/schema/observation.ts';
import type { RawAncestor, RawOpener } from '../../shared/schema/token-open.ts';

export const POD = '6ed50082-f374-4800-b1d8-1f533fcc901e';
export const OTHER = '0b7c9a11-52d3-4e5f-9a61-77aa00bb11cc';
/** Container ids. */
export const APP = 'a'.repeat(64);
export const SIDECAR = 'b'.repeat(64);
export const OTHERS = 'c'.repeat(64);

export const inPod = (pod = POD, container = APP): string[] => [`0::/kubepods/besteffort/pod${pod}/${container}`];
export const ON_HOST = ['0::/user.slice/user-0.slice/session-4.scope'];

const named = (comm: string, exe: string, pid: number, more: Partial<RawAncestor> = {}): RawAncestor => ({
  comm,
  exe,
  cmdline: [comm],
  pid,
  ...more,
});

export const INIT = named('systemd', '/usr/lib/systemd/systemd', 1, { nspid: '1', cgroup: ['0::/init.scope'] });
export const SHIM = named('containerd-shim', '/usr/bin/containerd-shim-runc-v2', 900, {
  nspid: '900',
  cgroup: ['0::/system.slice/containerd.service'],
});
/** As it is until what it started has begun: nothing of it can be read. */
export const RUNC: RawAncestor = { pid: 1500, comm: 'runc:[2:INIT]', exe: null, cmdline: [] };
/** The container's first process. */
export const FIRST = named('app', '/app/server', 1000, { nspid: '1000 1', cgroup: inPod(), starttime: 5000 });
export const BASH = named('bash', '/usr/bin/bash', 700, { nspid: '700', cgroup: ON_HOST, starttime: 90 });
export const SSHD = named('sshd', '/usr/sbin/sshd', 600, { nspid: '600', cgroup: ['0::/system.slice/ssh.service'] });

/** `cat`, by default as a child of the container's first process. */
export const opener = (more: Partial<RawOpener> = {}): RawOpener => ({
  pid: 2000,
  comm: 'cat',
  exe: '/bin/cat',
  cmdline: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
  nspid: '2000 77',
  starttime: 9000,
  cgroup: inPod(),
  uid: [0, 0, 0, 0],
  gid: [0, 0, 0, 0],
  mnt_ns: 'mnt:[4026532509]',
  net_ns: 'net:[4026533021]',
  pid_ns: 'pid:[4026532510]',
  host_ns: ['user'],
  ancestors: [FIRST, SHIM, INIT],
  ...more,
});

/** The same on the node, from an SSH session. */
export const onNode = (more: Partial<RawOpener> = {}): RawOpener =>
  opener({
    nspid: '2000',
    cgroup: ON_HOST,
    host_ns: ['mnt', 'net', 'pid', 'user', 'cgroup'],
    ancestors: [BASH, SSHD, INIT],
    ...more,
  });

const PATH = `/var/lib/kubelet/pods/${POD}/volumes/kubernetes.io~projected/kube-api-access-96dkl/..2026_11_23/token`;

/** A line of the sensor, parsed. */
export const open = (
  proc: RawOpener | null = opener(),
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  t: '2026-11-23T18:00:00.000001Z',
  pid: proc?.pid ?? 2000,
  tgid: proc?.pid ?? 2000,
  path: PATH,
  volume: 'kube-api-access-96dkl',
  pod_uid: POD,
  allowed: true,
  proc,
  credential: {
    jti: '82e2dfb2-adf9-47d8-a0f7-56ff04859724',
    sub: 'system:serviceaccount:shop:cart',
    aud: ['https://kubernetes.default.svc.cluster.local'],
    'kubernetes.io': {
      namespace: 'shop',
      pod: { name: 'cart-1', uid: POD },
      node: { name: 'node-a', uid: 'uid-node-a' },
    },
  },
  ...more,
});

const container = (name: string, id: string, more: Partial<WorkloadFacts['containers'][number]> = {}) => ({
  name,
  image: `registry/${name}:1`,
  ids: [id],
  volumes: ['kube-api-access-96dkl'],
  hooks: [],
  ...more,
});

/** Pod cart-1, with a container `app` that has the token's volume and a container `sidecar` that hasn't. */
export const workload = (more: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  containers: [container('app', APP), container('sidecar', SIDECAR, { volumes: [] })],
  sharesPids: false,
  labels: {},
  ...more,
});

export const podSeen = (facts: WorkloadFacts | undefined = workload(), uid = POD, name = 'cart-1'): InventoryEvent => ({
  type: 'pod-upsert',
  time: 0,
  initial: true,
  pod: {
    uid,
    namespace: 'shop',
    name,
    addresses: [],
    hostNetwork: false,
    ended: false,
    ...(facts && { workload: facts }),
  },
});

export function newNormaliser(events: readonly InventoryEvent[] = [podSeen()]): OpenNormaliser {
  const workloads = new Workloads();
  for (const event of events) workloads.apply(event);
  return new OpenNormaliser({ node: 'node-a', workloads });
}

/** What the line gives; throws when it is set aside. */
export function readOf(line: unknown, normaliser = newNormaliser()): TokenRead {
  const read = normaliser.open(line);
  if (typeof read === 'string') throw new Error(read);
  return read;
}
