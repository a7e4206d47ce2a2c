/**
 * An open of a token file, live or out of a recording -> an observation that says who opened it. Stateful only where some
 * recordings don't tell a container's first process. Never throws.
 */
import { hash } from 'node:crypto';
import type { Workloads } from '../inventory/workloads.ts';
import type { Opener, Process, TokenRead } from '../schema/observation.ts';
import { type RawAncestor, type RawOpener, TokenOpen } from '../schema/token-open.ts';
import { parseTime, SECOND } from '../time.ts';
import { cleanArgs } from './arguments.ts';
import { fromClaims } from './claims.ts';
import { FirstProcesses } from './first-processes.ts';
import { isRunOf } from './hook.ts';
import { type Standing, standingOf } from './opener.ts';
import { clean } from './scrub.ts';

export type OpenRejectReason = 'not-an-open' | 'bad-time';

export interface OpenNormaliserOptions {
  /** Where neither the open nor the token says on which node it was. */
  node: string;
  workloads: Workloads;
}

const DELETED = / \(deleted\)$/;
const MAX_LINEAGE = 16;
const MAX_NODES = 10_000;
/** Beyond that a time is nonsense, and no safe integer in micros. */
const MAX_SECONDS = 8e9;

export class OpenNormaliser {
  readonly #node: string;
  readonly #workloads: Workloads;
  readonly #firsts = new FirstProcesses();
  /** By node, the mount namespace that its kubelet is in. */
  readonly #hostMounts = new Map<string, string>();
  /** Nodes whose kubelet was seen with the host's own mounts. */
  readonly #hostKubelets = new Set<string>();

  constructor({ node, workloads }: OpenNormaliserOptions) {
    this.#node = node;
    this.#workloads = workloads;
  }

  /** @param value a line of a recording, parsed, or what the sensor hands on */
  open(value: unknown): TokenRead | OpenRejectReason {
    const { data: raw } = TokenOpen.safeParse(value);
    if (!raw) return 'not-an-open';
    const time = parseTime(raw.t);
    if (time === undefined || time < 0 || !Number.isSafeInteger(time)) return 'bad-time';
    const uid = clean(raw.pod_uid, 64);
    const claims = raw.credential ? fromClaims(raw.credential) : { binding: {} };
    const owner = this.#podRef(uid) ?? { uid };
    // The kubelet puts tokens of its own node's pods there.
    const node = raw.node === undefined ? (claims.binding.node?.name ?? this.#node) : clean(raw.node, 253);
    const path = clean(raw.path, 1024);
    return {
      kind: 'read',
      id: hash('sha1', `read\n${node}\n${raw.t}\n${raw.pid}\n${path}\n${raw.access}`, 'hex').slice(0, 32),
      time,
      timeText: clean(raw.t, 40),
      seen: time,
      node,
      ...claims,
      file: {
        path,
        volume: clean(raw.volume, 253),
        pod: claims.binding.pod?.uid === uid ? { ...claims.binding.pod } : owner,
      },
      access: raw.access,
      outcome: raw.would_deny ? 'would-deny' : raw.allowed ? 'allowed' : 'denied',
      ...(raw.proc
        ? { opener: this.#opener(raw, node, { ...raw.proc, pid: raw.tgid }) }
        : { lost: raw.lost ?? 'unreadable' }),
    };
  }

  #opener(raw: TokenOpen, node: string, said: RawOpener): Opener {
    // A recording does not say which namespaces are the host's; the kubelet works with its mounts.
    const isOnHostMounts = said.mnt_ns !== undefined && said.mnt_ns === this.#hostMounts.get(node);
    const proc = said.host_ns || !isOnHostMounts ? said : { ...said, host_ns: ['mnt' as const] };
    const asSaid = standingOf(proc, {
      podUid: raw.pod_uid,
      sharesPids: (uid) => this.#workloads.pod(uid)?.facts?.sharesPids,
      firsts: this.#firsts,
    });
    const standing = this.#poses(node, asSaid, said) ? { ...asSaid, relation: 'host' as const } : asSaid;
    const { membership, depth } = standing;
    if (standing.relation === 'kubelet') this.#noteKubelet(node, said);
    const pod = membership?.pod === undefined ? undefined : clean(membership.pod, 64);
    const container = pod === undefined ? undefined : this.#workloads.container(pod, membership?.container);
    const relation = mountsIt(standing, raw.volume, container?.volumes) ? standing.relation : 'other-container-of-pod';
    const isHook =
      relation === 'exec-session' &&
      container?.hooks.some((hook) => isRunOf(hook, cleanArgs(standing.root.cmdline))) === true;
    const exeState = proc.exe?.endsWith(' (deleted)') ? 'deleted' : proc.exe_replaced ? 'replaced' : undefined;
    return {
      relation,
      ...processOf(proc),
      ...(raw.pid !== raw.tgid && { thread: raw.pid }),
      ...(exeState && { exeState }),
      ...(proc.exe_size !== undefined && { exeSize: proc.exe_size }),
      ...(proc.exe_mtime !== undefined &&
        proc.exe_mtime < MAX_SECONDS && { exeTime: Math.round(proc.exe_mtime * SECOND) }),
      uids: proc.uid.slice(0, 4),
      ...(membership?.container !== undefined && {
        container: {
          id: membership.container,
          ...(container && { name: clean(container.name, 253), image: clean(container.image, 512) }),
        },
      }),
      ...(pod !== undefined && { pod: this.#podRef(pod) ?? { uid: pod } }),
      namespaces: {
        ...named('mnt', proc.mnt_ns),
        ...named('net', proc.net_ns),
        ...named('pid', proc.pid_ns),
        ...(proc.host_ns && { host: [...new Set(proc.host_ns)] }),
      },
      lineage: proc.ancestors.slice(0, Math.min(MAX_LINEAGE, depth + 1)).map(processOf),
      actor: actorOf(standing),
      ...(standing.disguised && { disguised: true }),
      ...(standing.escaped && { escaped: true }),
      ...(standing.entered && { entered: true }),
      ...(proc.foreign_mount && { foreignMount: true }),
      ...(isHook && { expected: 'hook' }),
    };
  }

  #noteKubelet(node: string, { mnt_ns, host_ns }: RawOpener): void {
    if (mnt_ns !== undefined && this.#hostMounts.size < MAX_NODES) this.#hostMounts.set(node, mnt_ns);
    if (host_ns?.includes('mnt') && this.#hostKubelets.size < MAX_NODES) this.#hostKubelets.add(node);
  }

  /** Where the kubelet has the host's mounts, a kubelet with mounts of its own is somebody who put it there. */
  #poses(node: string, { relation }: Standing, { host_ns }: RawOpener): boolean {
    return relation === 'kubelet' && host_ns?.includes('mnt') === false && this.#hostKubelets.has(node);
  }

  #podRef(uid: string): { uid: string; namespace: string; name: string } | undefined {
    const pod = this.#workloads.pod(uid);
    return pod && { uid, namespace: pod.namespace, name: pod.name };
  }
}

/** Without knowing a container's mounts, that it has the volume is taken for granted: by default all of a pod's do. */
const mountsIt = ({ relation }: Standing, volume: string, mounts: readonly string[] | undefined): boolean =>
  (relation !== 'in-container' && relation !== 'exec-session') || mounts === undefined || mounts.includes(volume);

function processOf({ pid, starttime, comm, exe, cmdline }: RawAncestor): Process {
  return {
    pid,
    ...(starttime !== undefined && { started: starttime }),
    comm: clean(comm ?? '', 64),
    ...(typeof exe === 'string' && exe !== '' && { exe: clean(exe.replace(DELETED, ''), 1024) }),
    args: cleanArgs(cmdline),
  };
}

/** A container acts as one, whoever in it opens what; on the host it is the session. */
function actorOf({ membership, disguised, root }: Standing): string {
  if (membership?.pod !== undefined && !disguised) return membership.container ?? `pod:${clean(membership.pod, 64)}`;
  return `${root.pid}@${root.starttime ?? ''}`;
}

/** The inode number in `mnt:[4026531832]`. */
function named<K extends string>(key: K, link: string | undefined): { [P in K]?: string } {
  const inode = /\[(\d{1,20})\]$/.exec(link ?? '')?.[1];
  return (inode === undefined ? {} : { [key]: inode }) as { [P in K]?: string };
}
