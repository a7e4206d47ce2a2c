/**
 * Which container and pod a process belongs to, by its control groups as the host sees them. Every container runtime and
 * cgroup driver writes the pod's uid and then the container's id into the path:
 *
 * - cgroupfs: `/kubepods/burstable/pod<uid>/<id>`, under whatever root the kubelet was given (`/kubelet/kubepods/...`)
 * - systemd: `/kubepods.slice/.../kubepods-pod<uid with _>.slice/cri-containerd-<id>.scope` (`crio-`, `docker-`)
 * - containerd told cgroupfs under systemd: `kubepods-burstable-pod<uid with _>.slice:cri-containerd:<id>`
 *
 * Sources: Kubernetes pkg/kubelet/cm (cgroup names), runc libcontainer (systemd scopes); seen in recordings.
 */
export interface Membership {
  /** With dashes, as the API has it; static pods have 32 hexadecimal digits. Absent: a container that is in no pod. */
  pod?: string;
  /** Absent: in the pod's group, but in none of its containers'. */
  container?: string;
}

const UID = '[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32}';
/** The outermost pod: what runs pods within a pod is that pod. */
const POD = new RegExp(`(?:^|[/-])pod(${UID})(?:\\.slice)?(?=[/:]|$)`);
/** The outermost one. A monitor (conmon) has a scope of its own, and is not the container. */
const CONTAINER = /(?:^|[/:-])(conmon-)?([0-9a-f]{64})(?:\.scope)?(?=\/|$)/;
/** More than there are controllers. */
const MAX_LINES = 32;
const MAX_PATH = 4096;

/** `lines`: of /proc/PID/cgroup (cgroups(7)), v1, v2 or both. Undefined: in no container. */
export function membershipOf(lines: readonly string[]): Membership | undefined {
  let found: Membership | undefined;
  for (const line of lines.slice(0, MAX_LINES)) {
    const member = ofPath(pathOf(line));
    if (member?.pod !== undefined) return member;
    found ??= member;
  }
  return found;
}

/** `4:memory:/kubepods/...`: of three fields the last, which may hold colons. */
function pathOf(line: string): string {
  const first = line.indexOf(':');
  const second = line.indexOf(':', first + 1);
  return first < 0 || second < 0 ? '' : line.slice(second + 1, second + 1 + MAX_PATH);
}

function ofPath(path: string): Membership | undefined {
  const pod = POD.exec(path);
  const rest = pod ? path.slice(pod.index + pod[0].length) : path;
  const [, monitor, id] = CONTAINER.exec(rest) ?? [];
  const container = monitor === undefined ? id : undefined;
  if (!pod && container === undefined) return undefined;
  return {
    ...(pod?.[1] !== undefined && { pod: pod[1].replaceAll('_', '-') }),
    ...(container !== undefined && { container }),
  };
}
