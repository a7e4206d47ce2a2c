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
  /** It was started in its container from outside: by exec, a probe, a hook. */
  entered: boolean;
  /** The first process of its container or session, as far as the lineage goes: itself, if it is that. */
  root: RawAncestor;
  /** How many of its ancestors belong to its story: up to the root. */
  depth: number;
}

/** What else may be known about the container. */
export interface Knowledge {
  /** Whose token it is. */
  podUid: string;
  /**
   * Whether the containers of a pod have one pid namespace, or the host's: then its first process is none of theirs.
   * Undefined: that pod is not known.
   */
  sharesPids?: ((pod: string) => boolean | undefined) | undefined;
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

export function standingOf(opener: RawOpener, { podUid, sharesPids, firsts = NONE }: Knowledge): Standing {
  const membership = membershipOf(opener.cgroup);
  if (membership?.pod === undefined) return onHost(opener, membership);
  const shares = sharesPids?.(membership.pod);
  const lineage = lineageIn(opener, membership.pod);
  const { root, depth } = lineage;
  const standing = { membership, disguised: false, escaped: false, entered: false, root, depth };
  if (isIntruder(lineage)) return { ...standing, relation: 'host', disguised: true };
  const entered = isEntered(lineage, membership.container, shares, firsts);
  const escaped = isOut(opener, shares);
  if (membership.pod !== podUid) return { ...standing, entered, escaped, relation: 'other-pod' };
  if (escaped) return { ...standing, escaped, relation: 'host' };
  if (opener.foreign_mount) return { ...standing, entered, relation: 'other-container-of-pod' };
  return { ...standing, entered, relation: entered ? 'exec-session' : 'in-container' };
}

/** Nobody but a runtime starts anything in a container. */
function isIntruder({ root, outside }: Lineage): boolean {
  if (outside === undefined || looksLikeRuntime(outside)) return false;
  // A container outlives its runtime's shim; whatever else there is in it goes to its own first process.
  return outside.pid > 1 || !isFirstOfNamespace(root);
}

/** No container has the host's mounts, and few have its pids. */
const isOut = (opener: RawOpener, shares: boolean | undefined): boolean =>
  opener.host_ns?.includes('mnt') === true || (shares === false && levelsOf(opener) === 1);

function isEntered(
  { root, outside }: Lineage,
  container: string | undefined,
  shares: boolean | undefined,
  firsts: Firsts,
): boolean {
  if (isFirstOfNamespace(root)) {
    if (container !== undefined) firsts.isFirst(container, root);
    return false;
  }
  if (outside !== undefined && isStarter(outside)) return true;
  if (!shares && (levelsOf(root) ?? 0) > 1) return true;
  return outside !== undefined && container !== undefined && !firsts.isFirst(container, root);
}

function onHost(opener: RawOpener, membership: Membership | undefined): Standing {
  const [parent] = opener.ancestors;
  const depth = opener.ancestors.findIndex(startsSessions);
  const ancestors = depth < 0 ? opener.ancestors : opener.ancestors.slice(0, depth);
  // The node's own are in its own pid namespace: only there a path is the node's, not some image's.
  const isInside = (levelsOf(opener) ?? 1) > 1;
  const relation = isInside ? 'host' : isKubelet(opener, parent) ? 'kubelet' : isRuntime(opener) ? 'runtime' : 'host';
  const root = ancestors.at(-1) ?? opener;
  const nothing = { disguised: false, escaped: false, entered: false };
  return { relation, membership, ...nothing, root, depth: ancestors.length };
}

interface Lineage {
  /** The last process that is still in the pod. */
  root: RawAncestor;
  depth: number;
  /** What that was started by. */
  outside: RawAncestor | undefined;
}

function lineageIn(opener: RawOpener, pod: string): Lineage {
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
