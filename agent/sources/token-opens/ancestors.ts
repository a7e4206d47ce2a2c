/**
 * Who begot an opener, from its parent up. The same few processes beget most of them, so that what was read of one is kept
 * for a while and used as long as it is the same process and runs the same program: one read tells.
 */
import { BoundedMap } from '../../../shared/inventory/bounded-map.ts';
import type { RawAncestor } from '../../../shared/schema/token-open.ts';
import type { Arguments } from './arguments.ts';
import { millisBetween } from './libc.ts';
import type { ProcFiles } from './proc-files.ts';
import { type ProcStat, parseCgroup, parseStat, parseStatus } from './proc-text.ts';

const MAX_ANCESTORS = 16;
const MAX_KEPT = 1024;
/** What can change without a trace in /proc/PID/stat (its control group, the text of its arguments) is so old at most. */
const KEEP_MS = 10_000;
/** That one of them runs another program by now, or that one has ended, is noticed so late at most. */
const KEEP_LINE_MS = 1000;
/** Of an ancestor less is wanted than of the opener. */
const ARGUMENT_BYTES = 1024;

interface Kept {
  stat: ProcStat;
  ancestor: RawAncestor;
  /** Ticks. */
  readAt: number;
  /** Its own ancestors, as they were then. As long as its parent lives it has the same, and so on up. */
  above?: { ppid: number; readAt: number; ancestors: readonly RawAncestor[] };
}

export class Ancestors {
  readonly #proc: ProcFiles;
  readonly #arguments: Arguments;
  readonly #ticks: () => number;
  readonly #kept = new BoundedMap<number, Kept>(MAX_KEPT);

  /** @param ticks milliseconds */
  constructor(proc: ProcFiles, args: Arguments, ticks: () => number) {
    this.#proc = proc;
    this.#arguments = args;
    this.#ticks = ticks;
  }

  /** @param ppid the parent of `pid`, as it was a moment ago */
  of(pid: number, ppid: number): RawAncestor[] {
    const parent = this.#parent(pid, ppid);
    return parent ? [parent.ancestor, ...this.#above(parent)].slice(0, MAX_ANCESTORS) : [];
  }

  #above(kept: Kept): readonly RawAncestor[] {
    const { ppid } = kept.stat;
    const now = this.#ticks();
    if (kept.above?.ppid === ppid && millisBetween(kept.above.readAt, now) < KEEP_LINE_MS) return kept.above.ancestors;
    const ancestors: RawAncestor[] = [];
    let next = this.#parent(kept.ancestor.pid, ppid);
    while (next && ancestors.push(next.ancestor) < MAX_ANCESTORS) {
      next = this.#parent(next.ancestor.pid, next.stat.ppid);
    }
    kept.above = { ppid, readAt: now, ancestors };
    return ancestors;
  }

  #parent(pid: number, ppid: number): Kept | undefined {
    if (ppid === 0) return undefined;
    const found = this.#look(ppid);
    if (found) return found;
    // It ended in this moment, and the child has another parent now.
    const folder = this.#proc.open(pid);
    if (folder === undefined) return undefined;
    const now = parseStat(this.#proc.text(folder, `task/${pid}/stat`) ?? '')?.ppid ?? 0;
    this.#proc.close(folder);
    return now === 0 || now === ppid ? undefined : this.#look(now);
  }

  #look(pid: number): Kept | undefined {
    const folder = this.#proc.open(pid);
    if (folder === undefined) return undefined;
    try {
      return this.#read(pid, folder);
    } finally {
      this.#proc.close(folder);
    }
  }

  #read(pid: number, folder: number): Kept | undefined {
    const stat = parseStat(this.#proc.text(folder, `task/${pid}/stat`) ?? '');
    if (!stat) return undefined;
    const now = this.#ticks();
    const known = this.#kept.peek(pid);
    if (known && isSame(known.stat, stat) && millisBetween(known.readAt, now) < KEEP_MS) {
      // Its parent may have ended since.
      known.stat = stat;
      return known;
    }
    const nspid = parseStatus(this.#proc.ascii(folder, 'status') ?? '')?.nspid;
    const ancestor = {
      pid,
      comm: stat.comm,
      exe: this.#proc.link(folder, 'exe') ?? null,
      cmdline: this.#arguments.of(folder, pid, ARGUMENT_BYTES),
      ...(nspid !== undefined && { nspid }),
      starttime: stat.starttime,
      cgroup: parseCgroup(this.#proc.text(folder, 'cgroup') ?? ''),
    };
    const kept = { stat, ancestor, readAt: now };
    this.#kept.set(pid, kept);
    return kept;
  }
}

const isSame = (a: ProcStat, b: ProcStat): boolean =>
  a.starttime === b.starttime && a.image === b.image && a.comm === b.comm;
