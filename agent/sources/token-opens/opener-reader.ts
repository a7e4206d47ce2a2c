/**
 * Who opens a file, as /proc tells it while the opener waits. Read through the thread that waits: its process's first
 * thread may have ended, and then /proc/PID has neither program nor namespaces. Source: proc(5).
 *
 * Not looked at: whether another file is at the program's path by now. To look there is to walk through the opener's own
 * mounts, which may never answer.
 */
import { BoundedMap } from '../../../shared/inventory/bounded-map.ts';
import type { RawOpener } from '../../../shared/schema/token-open.ts';
import { Ancestors } from './ancestors.ts';
import type { Arguments } from './arguments.ts';
import type { OpenedFile } from './files.ts';
import { millisBetween } from './libc.ts';
import { type ProcFiles, SHORT } from './proc-files.ts';
import { hasMount, parseCgroup, parseStat, parseStatus } from './proc-text.ts';

const NAMESPACES = ['mnt', 'net', 'pid', 'user', 'cgroup'] as const;
type Namespace = (typeof NAMESPACES)[number];
type Links = Partial<Record<Namespace, string>>;

export interface FoundOpener {
  tgid: number;
  proc: RawOpener;
}

/** Mounts that are remembered as their opener's own. Foreign ones are rare, and worth a new look each time. */
const MAX_MOUNTS = 4096;
/** Who has more mounts than fit is not told about foreign ones. */
const MAX_MOUNTINFO = 4 * 1024 * 1024;
/** More than a container has. To read so much takes a millisecond; whoever makes mounts decides how much there is. */
const USUAL_MOUNTINFO = 256 * 1024;
/** Longer ones are read so often at most, since all other openers wait meanwhile. In between it can't be told. */
const LONG_READ_EVERY_MS = 250;

export class OpenerReader {
  readonly #proc: ProcFiles;
  readonly #arguments: Arguments;
  readonly #ancestors: Ancestors;
  readonly #ownMounts = new BoundedMap<string, true>(MAX_MOUNTS);
  readonly #host: Links;
  readonly #ticks: () => number;
  #longReadAt: number | undefined;

  /** @param ticks milliseconds */
  constructor(proc: ProcFiles, args: Arguments, ticks: () => number) {
    this.#proc = proc;
    this.#arguments = args;
    this.#ticks = ticks;
    this.#ancestors = new Ancestors(proc, args, ticks);
    this.#host = this.#hostLinks();
  }

  /** Whether the host's own namespaces are known. */
  get knowsHost(): boolean {
    return this.#host.mnt !== undefined;
  }

  /** Undefined: there is no such thread (any more). */
  read(pid: number, file: Pick<OpenedFile, 'mountId' | 'volume'>): FoundOpener | undefined {
    const folder = this.#proc.open(pid);
    if (folder === undefined) return undefined;
    try {
      return this.#read(folder, file);
    } finally {
      this.#proc.close(folder);
    }
  }

  #read(folder: number, file: Pick<OpenedFile, 'mountId' | 'volume'>): FoundOpener | undefined {
    const status = parseStatus(this.#proc.ascii(folder, 'status') ?? '');
    const stat = status && parseStat(this.#proc.text(folder, `task/${status.tgid}/stat`) ?? '');
    if (!status || !stat) return undefined;
    const { tgid, uid, gid, nspid } = status;
    const links = this.#links(folder);
    const hostNamespaces = NAMESPACES.filter((name) => links[name] !== undefined && links[name] === this.#host[name]);
    const program = this.#proc.stat(folder, 'exe');
    const foreign = this.#isForeign(folder, links.mnt, file);
    const proc: RawOpener = {
      pid: tgid,
      comm: stat.comm,
      exe: this.#proc.link(folder, 'exe') ?? null,
      cmdline: this.#arguments.of(folder, tgid, SHORT),
      cgroup: parseCgroup(this.#proc.text(folder, 'cgroup') ?? ''),
      uid,
      gid,
      ppid: stat.ppid,
      starttime: stat.starttime,
      ...(program && { exe_size: program.size, exe_mtime: program.mtime }),
      ...(nspid !== undefined && { nspid }),
      ...(links.mnt !== undefined && { mnt_ns: links.mnt }),
      ...(links.net !== undefined && { net_ns: links.net }),
      ...(links.pid !== undefined && { pid_ns: links.pid }),
      ...(this.#host.mnt !== undefined && { host_ns: hostNamespaces }),
      ...(foreign !== undefined && { foreign_mount: foreign }),
      ancestors: this.#ancestors.of(tgid, stat.ppid),
    };
    return { tgid, proc };
  }

  /** Undefined: it can't be told. */
  #isForeign(
    folder: number,
    namespace: string | undefined,
    { mountId, volume }: Pick<OpenedFile, 'mountId' | 'volume'>,
  ): boolean | undefined {
    if (mountId === undefined || namespace === undefined) return undefined;
    // The volume is in it because numbers of mounts are given again, but not while it is mounted.
    const key = `${namespace} ${mountId} ${volume.mountPoint}`;
    if (this.#ownMounts.peek(key)) return false;
    const mountinfo = this.#mountinfo(folder);
    if (mountinfo === undefined) return undefined;
    if (!hasMount(mountinfo, mountId)) return true;
    this.#ownMounts.set(key, true);
    return false;
  }

  /** Undefined: it can't be read whole. */
  #mountinfo(folder: number): string | undefined {
    const usual = this.#proc.longText(folder, 'mountinfo', USUAL_MOUNTINFO);
    if (usual === undefined || usual.length < USUAL_MOUNTINFO) return usual;
    const now = this.#ticks();
    if (this.#longReadAt !== undefined && millisBetween(this.#longReadAt, now) < LONG_READ_EVERY_MS) return undefined;
    this.#longReadAt = now;
    const long = this.#proc.longText(folder, 'mountinfo', MAX_MOUNTINFO);
    return long === undefined || long.length === MAX_MOUNTINFO ? undefined : long;
  }

  /** Of the first process; where that is shut off, of the kernel's own threads, which are in the same namespaces. */
  #hostLinks(): Links {
    for (const pid of [1, 2]) {
      const folder = this.#proc.open(pid);
      if (folder === undefined) continue;
      const stat = parseStat(this.#proc.text(folder, `task/${pid}/stat`) ?? '');
      const links = pid === 1 || (stat?.comm === 'kthreadd' && stat.ppid === 0) ? this.#links(folder) : {};
      this.#proc.close(folder);
      if (links.mnt !== undefined) return links;
    }
    return {};
  }

  #links(folder: number): Links {
    const links: Links = {};
    for (const name of NAMESPACES) {
      const link = this.#proc.link(folder, `ns/${name}`);
      if (link !== undefined) links[name] = link;
    }
    return links;
  }
}
