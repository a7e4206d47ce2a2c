/** Blind spots in plain words: what can't be seen, and what to do about it. */
interface Words {
  /** What it means. */
  means: string;
  /** What to do. */
  todo: string;
}

const SENSOR_OF_OPENS = 'Who opens token files on the node is not seen';
const FILES = 'Token files on the node are not seen to appear and go away';
const AUDIT = 'Requests to the API server of this node are not seen';
const INVENTORY = 'Whose an address is can not be told, so that most uses stay unclear';
const LOST = 'Some of what happened was lost, and will not come again';

/** By reason, or where a reason is of several sources, by `source/reason`. */
const WORDS: Readonly<Record<string, Words>> = {
  'file-missing': {
    means: AUDIT,
    todo: "Check the API server's --audit-log-path, and that the agent has that folder mounted.",
  },
  'file-unreadable': { means: AUDIT, todo: 'Let the agent read the audit log: its owner, mode and mount.' },
  'delivery-refused': {
    means: AUDIT,
    todo: "Read the collector's answer in the agent's log: who is refused is told why there.",
  },
  'audit-policy-leaks-tokens': {
    means: 'The audit log itself holds tokens: whoever reads it can use them',
    todo: 'Log serviceaccounts/token, tokenreviews and Secrets at level Metadata; treat tokens in old logs as stolen.',
  },
  'no-credential-ids': {
    means: 'The cluster does not say which token was used, so that tokens of one account can not be told apart',
    todo: 'Upgrade the cluster to Kubernetes 1.30 or later.',
  },
  'inventory-forbidden': {
    means: INVENTORY,
    todo: 'Let the agent list and watch pods and nodes: deploy/rbac.yaml has a ClusterRole for it.',
  },
  'inventory-lost': {
    means: INVENTORY,
    todo: 'Check that the agent reaches the API server. It tries again by itself.',
  },
  'folder-missing': { means: FILES, todo: "Mount the kubelet's pods folder (/var/lib/kubelet/pods) into the agent." },
  'folder-unreadable': { means: FILES, todo: "Let the agent read the kubelet's pods folder: it runs as root there." },
  'watches-exhausted': { means: FILES, todo: 'Raise fs.inotify.max_user_watches and max_user_instances on the node.' },
  'mounts-hidden': {
    means: FILES,
    todo: "Mount the kubelet's pods folder with mountPropagation: HostToContainer.",
  },
  'too-many-pods': {
    means: FILES,
    todo: 'Files of some pods are not watched: the node has more pods than the agent can follow.',
  },
  'pods-folder-missing': {
    means: SENSOR_OF_OPENS,
    todo: "Mount the kubelet's pods folder (/var/lib/kubelet/pods) into the agent.",
  },
  'mounts-unreadable': { means: SENSOR_OF_OPENS, todo: 'Let the agent read /proc/self/mountinfo.' },
  'mark-refused': { means: SENSOR_OF_OPENS, todo: 'Read the detail: the kernel refused to watch a volume.' },
  'not-supported': { means: SENSOR_OF_OPENS, todo: 'Read the detail: fanotify is not there, or can not be called.' },
  'not-permitted': {
    means: SENSOR_OF_OPENS,
    todo: 'Give the agent CAP_SYS_ADMIN in the initial user namespace: fanotify asks for it.',
  },
  'kernel-too-old': { means: SENSOR_OF_OPENS, todo: 'Upgrade the kernel of the node: Linux 5.1 or later.' },
  'too-many-volumes': { means: SENSOR_OF_OPENS, todo: 'Raise agent.tokenFiles.maxVolumes.' },
  'foreign-pid-namespace': {
    means: 'Who opens token files is seen, but not who they are',
    todo: 'Run the agent with hostPID: true.',
  },
  'host-unreadable': {
    means: 'Processes of the node and of containers are told apart less surely',
    todo: 'Give the agent CAP_SYS_PTRACE.',
  },
  'no-reader': {
    means: SENSOR_OF_OPENS,
    todo: 'It tries again by itself; if it lasts, restart the agent and read its log.',
  },
  'no-guard': {
    means: SENSOR_OF_OPENS,
    todo: 'It tries again by itself; if it lasts, restart the agent and read its log.',
  },
  'opens-overflow': {
    means: LOST,
    todo: 'The node opened files faster than they could be looked at. Give the agent more CPU.',
  },
  'opens-dropped': { means: LOST, todo: 'The agent fell behind. Give it more CPU.' },
  'opens-unattributed': {
    means: 'Some openings are known, but not who made them',
    todo: 'Nothing, if they are few: the process was gone already.',
  },
  'no-room': {
    means: LOST,
    todo: 'The agent could not deliver for long. Check its way to the collector, or enlarge its spool.',
  },
  truncated: {
    means: LOST,
    todo: 'The audit log was cut or written over before it was read to its end. Rotate it, and keep a few old files.',
  },
  'remembered-file-gone': {
    means: LOST,
    todo: 'The audit log was rotated away before it was read. Keep more old files: --audit-log-maxbackup.',
  },
  'archive-damaged': { means: LOST, todo: 'An old, packed file of the audit log can not be read. Check the disk.' },
  refused: { means: LOST, todo: 'The collector refused observations for good: the detail and its log say why.' },
  'too-large': { means: LOST, todo: 'An observation was larger than the collector takes; the detail says more..' },
  damaged: { means: LOST, todo: "Check the disk that has the agent's spool." },
  'state-lost': { means: LOST, todo: "Keep the agent's state on a disk that outlives it (hostPath)." },
};

const BY_STATUS = {
  blind: 'It says that it can not see something',
  gap: LOST,
  lag: 'It is behind: what it tells is late',
  leak: 'Secrets get to where they do not belong',
} as const;

interface Spot {
  source: string;
  reason: string;
  status: keyof typeof BY_STATUS;
}

export function inWords({ reason, status }: Spot): Words {
  const known = Object.hasOwn(WORDS, reason) ? WORDS[reason] : undefined;
  return known ?? { means: BY_STATUS[status], todo: 'Read its detail, and the log of the agent.' };
}

const SOURCES: Readonly<Record<string, string>> = {
  'audit-file': 'audit log',
  kubernetes: 'pods and nodes',
  outbox: 'delivery',
  'token-files': 'token files',
  'token-opens': 'opens of token files',
};

export const sourceName = (source: string): string =>
  Object.hasOwn(SOURCES, source) ? (SOURCES[source] ?? source) : source;

export const HEALTHS = ['silent', 'blind', 'late', 'ok'] as const;
export type Health = (typeof HEALTHS)[number];

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  silent: 'silent',
  blind: 'blind',
  late: 'behind',
  ok: 'well',
};

interface Agent {
  health: Health;
  cluster: string;
  agent: string;
}

/** The worst first, then by name. */
export const worstFirst = (a: Agent, b: Agent): number =>
  HEALTHS.indexOf(a.health) - HEALTHS.indexOf(b.health) ||
  a.cluster.localeCompare(b.cluster) ||
  a.agent.localeCompare(b.agent);

const KIB = 1024;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytesText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= KIB && unit < UNITS.length - 1) {
    size /= KIB;
    unit += 1;
  }
  return `${size >= 10 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}
