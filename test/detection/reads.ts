/** Reads of token files in the world of `world.ts`, ready for the correlator. */
import type {
  FileObservation,
  Opener,
  Process,
  Relation,
  TokenFile,
  TokenRead,
} from '../../shared/schema/observation.ts';
import { formatTime } from '../../shared/time.ts';
import { at, bindingOf, nextId, PODS, type PodName, principalOf } from './world.ts';

/** Changes to what is usual. */
export interface ReadChanges {
  /** Who opens it: its own container's first process if nothing else is said. */
  relation?: Relation;
  /** The pod that opens it, for `other-pod`. */
  by?: PodName;
  opener?: Partial<Opener> | null;
  read?: Partial<
    Pick<TokenRead, 'access' | 'outcome' | 'excused' | 'repeats' | 'credential' | 'audiences' | 'node' | 'lost'>
  >;
  /** Seconds by which it comes later than it happened. */
  late?: number;
}

const containerOf = (name: PodName) => ({
  id: `id-of-${name}`,
  name: 'app',
  image: `registry/${PODS[name].account}:1`,
});
const podOf = (name: PodName) => ({ uid: `uid-${name}`, namespace: PODS[name].namespace, name });

export const process = (pid: number, exe: string, ...args: string[]): Process => {
  const comm = exe.slice(exe.lastIndexOf('/') + 1);
  return { pid, started: pid, comm, exe, args: [comm, ...args] };
};
const SHIM = process(90, '/usr/bin/containerd-shim-runc-v2');
const BASH = process(70, '/usr/bin/bash');
const SSHD = process(60, '/usr/sbin/sshd');
export const APP = process(100, '/app/server');

function openerOf(relation: Relation, name: PodName, by: PodName): Opener {
  const cat = process(4711, '/usr/bin/cat', 'token');
  const within = (pod: PodName, lineage: Process[], opener: Process = cat): Opener => ({
    relation,
    ...opener,
    uids: [0, 0, 0, 0],
    container: containerOf(pod),
    pod: podOf(pod),
    namespaces: {},
    lineage,
    actor: `id-of-${pod}`,
  });
  switch (relation) {
    case 'in-container':
      return within(name, [SHIM], APP);
    case 'exec-session':
      return { ...within(name, [SHIM]), entered: true };
    case 'other-container-of-pod':
      return { ...within(name, [process(200, '/sidecar'), SHIM]), container: { id: 'id-of-sidecar', name: 'sidecar' } };
    case 'other-pod':
      return within(by, [APP, SHIM]);
    case 'host':
    case 'kubelet':
    case 'runtime':
      return { relation, ...cat, uids: [0], namespaces: {}, lineage: [BASH, SSHD], actor: '70@70' };
  }
}

function common(seconds: number, name: PodName, late = 0) {
  const { pod, node } = bindingOf(name);
  return {
    id: nextId(),
    time: at(seconds),
    timeText: formatTime(at(seconds)),
    seen: at(seconds + late),
    node: PODS[name].node,
    principal: principalOf(name),
    credential: { id: `JTI=${name}`, kind: 'projected' as const },
    binding: { ...(pod && { pod }), ...(node && { node }) },
    file: { path: `/var/lib/kubelet/pods/uid-${name}/token`, volume: 'kube-api-access-96dkl', pod: podOf(name) },
  };
}

/** An open of the token of a pod, by its own first process unless told otherwise. */
export function read(seconds: number, name: PodName, changes: ReadChanges = {}): TokenRead {
  const { relation = 'in-container', by = 'bot', opener, late } = changes;
  return {
    kind: 'read',
    ...common(seconds, name, late),
    access: 'read',
    outcome: 'allowed',
    ...(opener === null ? { lost: 'gone' } : { opener: { ...openerOf(relation, name, by), ...opener } }),
    ...changes.read,
  };
}

/** By `cat`, of a session on the node. */
export const fromHost = (seconds: number, name: PodName, changes: ReadChanges = {}): TokenRead =>
  read(seconds, name, { relation: 'host', ...changes });

/** By `cat`, which the workload's own process started. */
export const byChild = (seconds: number, name: PodName, changes: ReadChanges = {}): TokenRead =>
  read(seconds, name, {
    ...changes,
    opener: { ...process(4711, '/usr/bin/cat', 'token'), lineage: [APP, SHIM], ...changes.opener },
  });

/** A workload that reads its token again and again. */
export function steady(from: number, to: number, every: number, ...names: PodName[]): FileObservation[] {
  const found: FileObservation[] = [];
  for (let seconds = from; seconds < to; seconds += every) for (const name of names) found.push(read(seconds, name));
  return found;
}

/** What became of the token file of a pod. */
export const file = (seconds: number, name: PodName, changes: Partial<TokenFile> = {}): TokenFile => ({
  kind: 'file',
  ...common(seconds, name),
  event: 'present',
  ...changes,
});
