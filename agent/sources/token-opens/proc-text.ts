/** Files of /proc/PID, taken apart. Pure. Everything in them but numbers is the process's own word. Source: proc(5). */

export interface ProcStatus {
  tgid: number;
  /** Real, effective, saved and filesystem uid. */
  uid: number[];
  gid: number[];
  nspid: string | undefined;
}

/** Undefined: this is no /proc/PID/status. */
export function parseStatus(text: string): ProcStatus | undefined {
  const tgid = Number(field(text, 'Tgid'));
  if (!(tgid > 0)) return undefined;
  return { tgid, uid: numbers(field(text, 'Uid')), gid: numbers(field(text, 'Gid')), nspid: field(text, 'NSpid') };
}

/** The name, which comes first, can't have a line end in it: the kernel writes it as `\n`. */
function field(text: string, name: string): string | undefined {
  const start = text.indexOf(`\n${name}:\t`);
  if (start < 0) return undefined;
  const from = start + name.length + 3;
  const end = text.indexOf('\n', from);
  return text.slice(from, end < 0 ? undefined : end).trim();
}

const numbers = (text: string | undefined): number[] => (text ?? '').split('\t').filter(Boolean).map(Number);

export interface ProcStat {
  comm: string;
  ppid: number;
  /** Clock ticks since boot. */
  starttime: number;
  /** Where its stack and its arguments are: other than before once it has run another program. */
  image: string;
}

/** The name may hold blanks and brackets, but no later field does. */
export function parseStat(text: string): ProcStat | undefined {
  const start = text.indexOf('(');
  const end = text.lastIndexOf(') ');
  if (start < 0 || end < start) return undefined;
  // proc(5) counts from 1; here the first is field 3, the state.
  const fields = text.slice(end + 2).split(' ');
  const at = (number: number): string => fields[number - 3] ?? '';
  const [ppid, starttime] = [Number(at(4)), Number(at(22))];
  if (at(22) === '' || !(ppid >= 0 && starttime >= 0)) return undefined;
  return { comm: text.slice(start + 1, end), ppid, starttime, image: `${at(28)} ${at(48)} ${at(49)}` };
}

const MAX_WORDS = 64;

/** Of /proc/PID/cmdline, cut wherever. Text that was set by the program itself has no ends of words. */
export function parseCmdline(text: string): string[] {
  const words = text.split('\0', MAX_WORDS + 1);
  if (words.at(-1) === '') words.pop();
  return words.slice(0, MAX_WORDS);
}

const MAX_CGROUPS = 32;

export const parseCgroup = (text: string): string[] => text.split('\n', MAX_CGROUPS).filter(Boolean);

/** Whether a mount is in a text of /proc/PID/mountinfo. */
export const hasMount = (mountinfo: string, mountId: number): boolean =>
  mountinfo.startsWith(`${mountId} `) || mountinfo.includes(`\n${mountId} `);
