/** Volumes that may hold tokens, as the mount table has them. Pure. */

/** A volume of a pod: a tmpfs of its own, mounted by the kubelet. */
export interface Volume {
  /** `deviceKey` of its filesystem. */
  device: number;
  /** Of the kubelet's mount. All these numbers are given again. */
  mountId: number;
  podUid: string;
  name: string;
  /** Where it is mounted, for a look at it. */
  mountPoint: string;
  /** The same, below the kubelet's folder as configured: what people know it by. */
  path: string;
}

export interface PodsFolder {
  /** As configured. */
  configured: string;
  /** Without symbolic links: mounts are named by it. */
  real: string;
}

/** Major and minor number in one; both have at most 20 bits (Linux' `MINORBITS`). */
export const deviceKey = (major: number, minor: number): number => major * 2 ** 20 + minor;

const KIND = 'kubernetes.io~(?:projected|secret)';
const BELOW = new RegExp(`^/([\\w-]{1,64})/volumes/${KIND}/([\\w.-]{1,253})$`);

/** Volumes in a text of /proc/PID/mountinfo (proc(5)), each filesystem once. Others than a tmpfs are never volumes: to
 *  mark one would be to mark the node's disk. */
export function volumesOf(mountinfo: string, folder: PodsFolder): Volume[] {
  const found = new Map<number, Volume>();
  for (const line of mountinfo.split('\n')) {
    if (!line.includes('/volumes/kubernetes.io~')) continue;
    const volume = volumeOf(line, folder);
    if (volume && !found.has(volume.device)) found.set(volume.device, volume);
  }
  return [...found.values()];
}

function volumeOf(line: string, { configured, real }: PodsFolder): Volume | undefined {
  const fields = line.split(' ');
  const [mountId, , device = '', , target = ''] = fields;
  if (fields[fields.indexOf('-', 6) + 1] !== 'tmpfs') return undefined;
  const mountPoint = unescaped(target);
  if (!mountPoint.startsWith(`${real}/`)) return undefined;
  const below = mountPoint.slice(real.length);
  const [, podUid, name] = BELOW.exec(below) ?? [];
  const [, major, minor] = /^(\d+):(\d+)$/.exec(device) ?? [];
  if (podUid === undefined || name === undefined || major === undefined) return undefined;
  return {
    device: deviceKey(Number(major), Number(minor)),
    mountId: Number(mountId),
    podUid,
    name,
    mountPoint,
    path: configured + below,
  };
}

/** Blanks, line ends and backslashes stand as three octal digits. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Of folders that the kubelet's atomic writer makes: `..2026_11_23_18_07_42.314781086`. */
const TIMESTAMPED = /\/(\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+\/.+)$/;

/**
 * The path of an opened file within its volume, from the path by which it was opened: that may be in other mounts than
 * the kubelet's, and a part of the volume may be mounted by itself (subPath), which leaves the file's name alone.
 */
export function pathInVolume(openedAs: string, { mountPoint }: Volume): string {
  if (openedAs.startsWith(`${mountPoint}/`)) return openedAs.slice(mountPoint.length + 1);
  return TIMESTAMPED.exec(openedAs)?.[1] ?? openedAs.slice(openedAs.lastIndexOf('/') + 1);
}
