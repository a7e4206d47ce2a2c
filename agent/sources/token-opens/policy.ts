/** Which opens are denied, decided by plain data while the opener waits. Pure. */
import { membershipOf } from '../../../shared/normalise/cgroup.ts';
import { relationOf } from '../../../shared/normalise/opener.ts';
import type { RawOpener } from '../../../shared/schema/token-open.ts';

/** Openers that may be denied. The kubelet and the container runtime never are: a node can't do without. */
export const DENIABLE = ['host', 'other-pod', 'other-container-of-pod', 'exec-session', 'in-container'] as const;
export type Deniable = (typeof DENIABLE)[number];

export interface OpenPolicy {
  deny: readonly Deniable[];
  /**
   * Programs that are let through, by exact path in the host's own mounts: of a process in other mounts the path says
   * nothing, since whoever makes a container's image chooses it.
   */
  allowExecutables: readonly string[];
  /** Denies nothing, but says what it would have denied. */
  dryRun: boolean;
  /** Of openers in pods, those that may be denied: the pods with these uids. */
  openers: 'all' | readonly string[];
  /** Whose volumes it is about: those of the pods with these uids. */
  pods: 'all' | readonly string[];
}

export const DEFAULT_POLICY: OpenPolicy = {
  deny: ['host', 'other-pod', 'other-container-of-pod'],
  allowExecutables: [],
  openers: 'all',
  dryRun: false,
  pods: 'all',
};

export type Verdict = 'allow' | 'deny' | 'would-deny';

/** The policy, ready to be asked. */
export function verdictBy(policy: OpenPolicy): (opener: RawOpener, podUid: string) => Verdict {
  const denied = new Set<string>(policy.deny);
  const allowed = new Set(policy.allowExecutables);
  const openers = policy.openers === 'all' ? undefined : new Set(policy.openers);
  const pods = policy.pods === 'all' ? undefined : new Set(policy.pods);
  return (opener, podUid) => {
    if (pods?.has(podUid) === false) return 'allow';
    if (!denied.has(relationOf(opener, { podUid }))) return 'allow';
    const pod = openers && membershipOf(opener.cgroup)?.pod;
    if (pod !== undefined && openers?.has(pod) === false) return 'allow';
    if (opener.host_ns?.includes('mnt') && opener.exe !== null && allowed.has(opener.exe)) return 'allow';
    return policy.dryRun ? 'would-deny' : 'deny';
  };
}
