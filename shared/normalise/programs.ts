/**
 * The node's own programs. Who is let pass is told by where the binary is: only root can put something there, and who can
 * do that needs no token. What a program calls itself (`comm`, argv) counts only where nobody is let pass by it.
 */
import type { RawAncestor } from '../schema/token-open.ts';

/** proc(5): what was unlinked since, as after an upgrade. */
const DELETED = / \(deleted\)$/;
const programOf = ({ exe }: RawAncestor): string => (exe ?? '').replace(DELETED, '');
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Where distributions and installers put the node's programs. */
const SYSTEM_FOLDER =
  /^\/(?:usr\/|bin\/|sbin\/|opt\/|snap\/|nix\/store\/|gnu\/store\/|home\/kubernetes\/bin\/|var\/lib\/(?:rancher|k0s|minikube|microk8s)\/)/;

/** Binaries that are many programs, told apart by the name they were called by. */
export const MULTI_CALL = /\/(?:busybox|toybox|coreutils)$/;

const KUBELETS = new Set(['kubelet', 'kubelite', 'k3s', 'rke2', 'k0s', 'hyperkube']);
const RUNTIMES = new Set(['containerd', 'containerd-shim', 'crio', 'conmon', 'conmonrs', 'dockerd', 'cri-dockerd']);
/** These live only until what they start has begun. */
const STARTERS = new Set(['runc', 'crun', 'youki', 'runsc', 'kata-runtime']);
/** What starts a kubelet, besides the node's first process. */
const SUPERVISORS = new Set(['supervise-daemon', 's6-supervise', 'runsv', 'k0s', 'k3s', 'rke2', 'machined']);
/** Who serves sessions to people and jobs: what they start is a story of its own. */
const SESSION_SERVERS = new Set([
  'systemd',
  'init',
  'sshd',
  'sshd-session',
  'dropbear',
  'cron',
  'crond',
  'atd',
  'login',
]);

/** The kubelet, or what has it inside (k3s, microk8s): by its binary, and started as the node's services are. */
export function isKubelet(process: RawAncestor, parent: RawAncestor | undefined): boolean {
  const program = programOf(process);
  if (!KUBELETS.has(baseOf(program)) || !SYSTEM_FOLDER.test(program)) return false;
  return (
    parent === undefined || parent.pid <= 1 || looksLikeRuntime(parent) || SUPERVISORS.has(baseOf(programOf(parent)))
  );
}

/** The container runtime itself, by its binary. */
export function isRuntime(process: RawAncestor): boolean {
  return looksLikeRuntime(process) && SYSTEM_FOLDER.test(programOf(process));
}

/** By its name alone: good for telling where a container's lineage ends, not for letting somebody pass. */
export function looksLikeRuntime(process: RawAncestor): boolean {
  const name = baseOf(programOf(process));
  return RUNTIMES.has(name) || name.startsWith('containerd-shim-') || isStarter(process);
}

/** runc and its like, also where it runs from a sealed copy of itself, or can't be read any more. */
export function isStarter(process: RawAncestor): boolean {
  const name = /^[a-z-]*/.exec(process.comm ?? '')?.[0] ?? '';
  return STARTERS.has(baseOf(programOf(process))) || (STARTERS.has(name) && !SYSTEM_FOLDER.test(programOf(process)));
}

/** Where the story of a process of the host begins: below this. */
export const startsSessions = (process: RawAncestor): boolean =>
  process.pid <= 1 || SESSION_SERVERS.has(baseOf(programOf(process))) || looksLikeRuntime(process);
