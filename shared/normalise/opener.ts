/**
 * What an opener is to the token that it opens, from what /proc says of it. By control groups, namespaces and lineage, never
 * by paths: through /proc/PID/root or a hostPath the path looks like the container's own.
 */
import type { Relation } from '../schema/observation.ts';
import type { RawAncestor, RawOpener } from '../schema/token-open.ts';
import { type Membership, membershipOf } from './cgroup.ts';
import { isKubelet, isRuntime, isStarter, looksLikeRuntime, startsSessions } from './programs.ts';

export interface Standing {
  relation: Relation;
  membership: Membership | undefined;
  /** It is in the pod's control group without having come by the container's runtime: it put itself there. */
  disguised: boolean;
  /** It is of a container, and has the host's mounts, as no container does: it got out. */
  escaped: boolean;
  /** The first process of its container or session, as far as the lineage goes: itself, if it is that. */
  root: RawAncestor;
  /** How many of its ancestors belong to its story: up to the root. */
  depth: number;
}

/** What else may be known about the container. */
export interface Knowledge {
  /** Whose token it is. */
  podUid: string;
  /** Its containers have one pid namespace, or the host's: its first process is none of theirs. */
  sharesPids?: boolean | undefined;
  /** The first process of each container, as far as seen: where pids don't tell, only others' openings do. */
  firsts?: Firsts | undefined;
}

/** Remembers the first process of containers by their id. */
export interface Firsts {
  /** Whether `root` is the first process of that container, as far as has been seen. */
  isFirst(container: string, root: RawAncestor): boolean;
}

const NONE: Firsts = { isFirst: () => false };

/** For whoever needs to know the class alone, and at once. */
export const relationOf = (opener: RawOpener, owner: { podUid: string }): Relation =>
  standingOf(opener, owner).relation;

export function standingOf(opener: RawOpener, { podUid, sharesPids = false, firsts = NONE }: Knowledge): Standing {
  const membership = membershipOf(opener.cgroup);
  if (membership?.pod === undefined) return onHost(opener, membership);
  const { root, depth, outside } = lineageIn(opener, membership.pod);
  const escaped = opener.host_ns?.includes('mnt') === true;
  const standing = { membership, disguised: false, escaped, root, depth };
  // Nobody but a runtime starts anything in a container.
  const isIntruder = outside !== undefined && outside.pid > 1 && !looksLikeRuntime(outside);
  if (isIntruder) return { ...standing, relation: 'host', disguised: true, escaped: false };
  if (membership.pod !== podUid) return { ...standing, relation: 'other-pod' };
  if (escaped) return { ...standing, relation: 'host' };
  if (opener.foreign_mount) return { ...standing, relation: 'other-container-of-pod' };
  if (isFirstOfNamespace(root)) {
    if (membership.container !== undefined) firsts.isFirst(membership.container, root);
    return { ...standing, relation: 'in-container' };
  }
  const isEntered =
    (outside !== undefined && isStarter(outside)) ||
    (!sharesPids && (levelsOf(root) ?? 0) > 1) ||
    (outside !== undefined && membership.container !== undefined && !firsts.isFirst(membership.container, root));
  return { ...standing, relation: isEntered ? 'exec-session' : 'in-container' };
}

function onHost(opener: RawOpener, membership: Membership | undefined): Standing {
  const [parent] = opener.ancestors;
  const depth = opener.ancestors.findIndex(startsSessions);
  const ancestors = depth < 0 ? opener.ancestors : opener.ancestors.slice(0, depth);
  const relation = isKubelet(opener, parent) ? 'kubelet' : isRuntime(opener) ? 'runtime' : 'host';
  return {
    relation,
    membership,
    disguised: false,
    escaped: false,
    root: ancestors.at(-1) ?? opener,
    depth: ancestors.length,
  };
}

/** Up to the last process that is still in the pod; `outside`: the one that it was started by. */
function lineageIn(
  opener: RawOpener,
  pod: string,
): { root: RawAncestor; depth: number; outside: RawAncestor | undefined } {
  const { ancestors } = opener;
  const levels = levelsOf(opener);
  // A hostPID pod's namespaces tell nothing: all its processes are at the host's level.
  const depth = ancestors.findIndex((ancestor) => isOutside(ancestor, pod, levels));
  const inside = depth < 0 ? ancestors : ancestors.slice(0, depth);
  return { root: inside.at(-1) ?? opener, depth: inside.length, outside: depth < 0 ? undefined : ancestors[depth] };
}

function isOutside(ancestor: RawAncestor, pod: string, levels: number | undefined): boolean {
  if (ancestor.pid <= 1 || looksLikeRuntime(ancestor)) return true;
  if (ancestor.cgroup) return membershipOf(ancestor.cgroup)?.pod !== pod;
  const own = levelsOf(ancestor);
  return levels !== undefined && own !== undefined && own < levels;
}

const pidsOf = ({ nspid }: RawAncestor): string[] | undefined => nspid?.trim().split(/\s+/);
const levelsOf = (process: RawAncestor): number | undefined => pidsOf(process)?.length;

/** The first process of a pid namespace that is not the host's (pid_namespaces(7)). */
function isFirstOfNamespace(process: RawAncestor): boolean {
  const pids = pidsOf(process);
  return pids !== undefined && pids.length > 1 && pids.at(-1) === '1';
}
