/** Opens of token files in a made-up cluster, as the sensors of its nodes see them. */
import { hash } from 'node:crypto';
import type { TimedSensorLine } from '../../agent/sources/reads-file.ts';
import type { ContainerFacts, WorkloadFacts } from '../../shared/schema/inventory-event.ts';
import type { RawAncestor } from '../../shared/schema/token-open.ts';
import { formatTime } from '../../shared/time.ts';
import { at, type Cluster, type Node, type Pod } from './cluster.ts';

export const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const VOLUME = 'kube-api-access-x7k2p';

/** A program at work. */
interface Program {
  exe: string;
  args?: string[];
}

const INIT: RawAncestor = {
  pid: 1,
  comm: 'systemd',
  exe: '/usr/lib/systemd/systemd',
  cmdline: ['/sbin/init'],
  nspid: '1',
};
const SHIM: RawAncestor = {
  pid: 900,
  comm: 'containerd-shim',
  exe: '/usr/bin/containerd-shim-runc-v2',
  cmdline: [],
  nspid: '900',
};
const SSHD: RawAncestor = { pid: 600, comm: 'sshd', exe: '/usr/sbin/sshd', cmdline: ['sshd'], nspid: '600' };

/** The same for the same text. */
const digits = (text: string): string => hash('sha256', text, 'hex');
export function uidOf(name: string): string {
  const [, ...parts] = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(digits(name)) ?? [];
  return parts.join('-');
}
/** `started`: tells one run of a container from the next. */
export const containerIdOf = ({ uid }: Pod, name = 'app', started = 1): string => digits(`${uid} ${name} ${started}`);

export const container = (pod: Pod, name = 'app', more: Partial<ContainerFacts> = {}): ContainerFacts => ({
  name,
  image: `registry/${pod.account}-${name}:1`,
  ids: [containerIdOf(pod, name)],
  volumes: [VOLUME],
  hooks: [],
  ...more,
});

export class Sensor {
  readonly reads: TimedSensorLine[] = [];
  readonly #cluster: Cluster;
  #pids = 2000;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A pod of one container `app`, unless `workload` has others. */
  pod(
    name: string,
    node: Node,
    address: string,
    options: {
      account?: string;
      namespace?: string;
      seconds?: number;
      workload?(pod: Pod): Partial<WorkloadFacts>;
    } = {},
  ): Pod {
    const { workload, seconds = -3600, account = name, namespace = 'shop' } = options;
    const pod: Pod = {
      uid: uidOf(name),
      namespace,
      name,
      account,
      node,
      address,
      hostNetwork: false,
      credential: `JTI=${uidOf(`token of ${name}`)}`,
    };
    pod.workload = { containers: [container(pod)], sharesPids: false, labels: {}, ...workload?.(pod) };
    this.#cluster.announce(pod, seconds);
    return pod;
  }

  /** The first process of a container. */
  byWorkload(
    seconds: number,
    pod: Pod,
    { exe, args }: Program = { exe: '/app/server' },
    of = containerIdOf(pod),
  ): number {
    return this.#open(seconds, pod, this.#inside(pod, of, exe, args, `${(this.#pids += 1)} 1`), [SHIM, INIT]);
  }

  /** Somebody whom the first process of a container started. */
  byChild(seconds: number, pod: Pod, { exe, args }: Program, of = containerIdOf(pod)): number {
    const app = this.#inside(pod, of, '/app/server', ['server'], '1000 1');
    return this.#open(seconds, pod, this.#inside(pod, of, exe, args), [{ ...app, pid: 1000 }, SHIM, INIT]);
  }

  /** Somebody who came in from outside, and what that started, if anything. */
  bySession(
    seconds: number,
    pod: Pod,
    entered: Program,
    started?: Program,
    { token = pod, of = containerIdOf(pod) } = {},
  ) {
    const first = this.#inside(pod, of, entered.exe, entered.args);
    if (!started) return this.#open(seconds, token, first, [SHIM, INIT]);
    return this.#open(seconds, token, this.#inside(pod, of, started.exe, started.args), [first, SHIM, INIT]);
  }

  /** A container of another pod. */
  byOther(seconds: number, pod: Pod, reader: Pod, { exe, args }: Program): number {
    return this.#open(seconds, pod, this.#inside(reader, containerIdOf(reader), exe, args, '3000 1'), [SHIM, INIT]);
  }

  /** A container of the same pod, through the mounts of another. */
  byNeighbour(seconds: number, pod: Pod, name: string, { exe, args }: Program): number {
    const proc = { ...this.#inside(pod, containerIdOf(pod, name), exe, args, '3000 1'), foreign_mount: true };
    return this.#open(seconds, pod, proc, [SHIM, INIT]);
  }

  /** A session on the node. */
  byHost(seconds: number, pod: Pod, { exe, args }: Program, more: Partial<RawAncestor> = {}): number {
    const shell = {
      ...this.#process('/usr/bin/bash'),
      pid: 700,
      starttime: 700,
      nspid: '700',
      cgroup: ['0::/user.slice'],
    };
    const proc = { ...this.#process(exe, args), cgroup: ['0::/user.slice'], ...more };
    return this.#open(seconds, pod, proc, [shell, SSHD, INIT]);
  }

  byKubelet(seconds: number, pod: Pod): number {
    return this.#open(seconds, pod, { ...this.#process('/usr/bin/kubelet'), cgroup: ['0::/kubelet'] }, [INIT]);
  }

  byRuntime(seconds: number, pod: Pod): number {
    return this.#open(seconds, pod, { ...this.#process('/usr/bin/containerd'), cgroup: ['0::/containerd'] }, [INIT]);
  }

  /** One first process that opens its token again and again. */
  steady(pod: Pod, every: number, from: number, to: number, program?: Program): void {
    for (let seconds = from; seconds < to; seconds += every) this.byWorkload(seconds, pod, program);
  }

  #process(exe: string, args: string[] = []): RawAncestor {
    const comm = exe.slice(exe.lastIndexOf('/') + 1);
    const pid = (this.#pids += 1);
    return { pid, comm, exe, cmdline: [comm, ...args], nspid: `${pid}`, starttime: pid };
  }

  #inside(pod: Pod, id: string, exe: string, args?: string[], nspid = `${this.#pids} 77`): RawAncestor {
    return { ...this.#process(exe, args), nspid, cgroup: [`0::/kubepods/burstable/pod${pod.uid}/${id}`] };
  }

  /** Returns the process's id, as evidence has it. */
  #open(seconds: number, pod: Pod, proc: RawAncestor, ancestors: RawAncestor[]): number {
    const { pid, ...rest } = proc;
    const folder = `/var/lib/kubelet/pods/${pod.uid}/volumes/kubernetes.io~projected/${VOLUME}`;
    const value = {
      t: formatTime(at(seconds)),
      node: pod.node.name,
      pid,
      tgid: pid,
      path: `${folder}/..2026_11_23/token`,
      volume: VOLUME,
      pod_uid: pod.uid,
      allowed: true,
      proc: { ...rest, uid: [0, 0, 0, 0], gid: [0, 0, 0, 0], ancestors },
      credential: {
        jti: pod.credential.slice('JTI='.length),
        sub: `system:serviceaccount:${pod.namespace}:${pod.account}`,
        aud: ['https://kubernetes.default.svc.cluster.local'],
        'kubernetes.io': {
          namespace: pod.namespace,
          pod: { name: pod.name, uid: pod.uid },
          node: { name: pod.node.name },
        },
      },
    };
    this.reads.push({ time: at(seconds), about: 'open', value });
    return pid;
  }
}
