/** Which files of a folder are audit logs, and in which order they were written. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TruantError } from '../../../shared/errors.ts';
import { calledAs, type Input, openInput, STDIN } from '../input.ts';
import { whyUnreadable } from '../unreadable.ts';
import { compareRotated, parseRotatedName, type RotatedName } from './rotation.ts';

export interface AuditFile extends Pick<Input, 'size' | 'read'> {
  /** To call it by. */
  path: string;
  /** One file, one JSON document: an EventList or an array, laid out over many lines. */
  isDocument: boolean;
  /** Lines may be EventLists, as a webhook receives them. */
  hasLists: boolean;
}

interface Candidate {
  path: string;
  named: boolean;
  isPipe: boolean;
  rotated: RotatedName | undefined;
}

const SNIFF_BYTES = 64 * 1024;
/** More writers than there are API servers: those beyond are read one after the other. */
const MAX_WRITERS = 16;
const LOG_NAME = /\.(log|json|ndjson)$/;

/**
 * The audit logs at `paths` (files, pipes, or folders, of which only `audit` in a recording is descended into), grouped by
 * who wrote them: the rotated files and the live one of an API server, oldest first. JSON files beside them count as written
 * by one, in order of their names; a pipe stands for itself.
 *
 * @param onProblem told of files that can't be read, so that nobody knows whether they are audit logs
 * @throws TruantError INPUT_NOT_FOUND when a path doesn't exist or nothing at all is an audit log
 */
export async function findAuditFiles(
  paths: readonly string[],
  onProblem: (problem: TruantError) => void,
): Promise<AuditFile[][]> {
  let isComplete = true;
  const skip = (path: string, cause: unknown): void => {
    isComplete = false;
    onProblem(unreadable(path, cause));
  };
  const candidates = new Map<string, Candidate>();
  for (const path of paths) {
    for (const candidate of await candidatesAt(path, skip)) candidates.set(candidate.path, candidate);
  }
  const writers = new Map<string, Candidate[]>();
  for (const candidate of withoutDuplicates([...candidates.values()])) {
    const writer = writerOf(candidate, writers);
    const files = writers.get(writer);
    if (files) files.push(candidate);
    else writers.set(writer, [candidate]);
  }
  const groups: AuditFile[][] = [];
  for (const files of writers.values()) {
    const group: AuditFile[] = [];
    for (const candidate of files.sort(oldestFirst)) {
      const file = await sniff(candidate, skip);
      if (file) group.push(file);
    }
    if (group.length > 0) groups.push(group);
  }
  if (groups.length > 0 || !isComplete) return groups;
  throw new TruantError('INPUT_NOT_FOUND', `There is no audit log at ${paths.join(', ')}.`, {
    remedy: 'Name files, or a folder with *.log, *.json or *.ndjson files (or those with .gz) of audit.k8s.io events.',
  });
}

/** Told of what can't be read. */
type Skip = (path: string, cause: unknown) => void;

async function candidatesAt(name: string, skip: Skip): Promise<Candidate[]> {
  if (name === STDIN) return [{ path: STDIN, named: true, isPipe: true, rotated: undefined }];
  const path = resolve(name);
  try {
    const found = await stat(path);
    if (!found.isDirectory())
      return [{ path, named: true, isPipe: !found.isFile(), rotated: parseRotatedName(basename(path)) }];
    const candidates = await candidatesIn(path, skip);
    return candidates.length > 0 ? candidates : await candidatesInRecording(path, skip);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function candidatesIn(folder: string, skip: Skip): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const name of (await readdir(folder)).filter((name) => LOG_NAME.test(liveNameOf(name)))) {
    const path = join(folder, name);
    try {
      const found = await stat(path);
      if (!found.isFile() || found.size === 0) continue;
      candidates.push({ path, named: false, isPipe: false, rotated: parseRotatedName(name) });
    } catch (cause) {
      // rotated away meanwhile, or a link to nothing
      if (!isMissing(cause)) skip(path, cause);
    }
  }
  return candidates;
}

/** A recording has its log in a folder of its own. */
async function candidatesInRecording(path: string, skip: Skip): Promise<Candidate[]> {
  try {
    return await candidatesIn(join(path, 'audit'), skip);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

function unreadable(path: string, cause: unknown): TruantError {
  const message = `${calledAs(path)} cannot be read: ${whyUnreadable(cause)}.`;
  if (!isMissing(cause)) return new TruantError('INPUT_UNREADABLE', message, { cause });
  return new TruantError('INPUT_NOT_FOUND', message, { cause, remedy: 'Name an audit log, or a folder of them.' });
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code));
const isCompressed = (path: string): boolean => path.endsWith('.gz');
const liveNameOf = (name: string): string => parseRotatedName(name)?.live ?? name.replace(/\.gz$/, '');

/** A file that is just being compressed is there twice. */
function withoutDuplicates(candidates: Candidate[]): Candidate[] {
  const plain = new Set(candidates.filter(({ path }) => !isCompressed(path)).map(({ path }) => path));
  return candidates.filter(({ path, named }) => named || !isCompressed(path) || !plain.has(path.slice(0, -3)));
}

function writerOf({ path, isPipe }: Candidate, writers: Map<string, Candidate[]>): string {
  const live = liveNameOf(basename(path));
  const writer = isPipe ? path : join(dirname(path), live.endsWith('.log') ? live : '*.json');
  return writers.has(writer) || writers.size < MAX_WRITERS ? writer : ([...writers.keys()].at(-1) as string);
}

function oldestFirst(a: Candidate, b: Candidate): number {
  if (a.rotated && b.rotated) return compareRotated(a.rotated, b.rotated);
  if (a.rotated || b.rotated) return a.rotated ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

/** Undefined when it can't be read, or is no audit log and nobody named it as one. */
async function sniff({ path, named }: Candidate, skip: Skip): Promise<AuditFile | undefined> {
  let input: Input;
  try {
    input = await openInput(path, SNIFF_BYTES);
  } catch (cause) {
    skip(path, cause);
    return undefined;
  }
  const { size, read } = input;
  const head = input.head.toString('latin1');
  const isAudit = head.includes('audit.k8s.io') || head.includes('"auditID"') || /audit.*\.log/.test(basename(path));
  if (!isAudit && !named) return undefined;
  const hasLists = !liveNameOf(basename(path)).endsWith('.log') || head.includes('"items"');
  return { path: calledAs(path), size, read, isDocument: /^\s*(?:\[|\{\s*\n)/.test(head), hasLists };
}
