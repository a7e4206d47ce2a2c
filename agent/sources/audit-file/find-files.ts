/** Which files of a folder are audit logs, and in which order they were written. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TruantError } from '../../../shared/errors.ts';
import { openContent } from './content.ts';
import { compareRotated, parseRotatedName, type RotatedName } from './rotation.ts';

export interface AuditFile {
  path: string;
  /** As stored: compressed, if it is. */
  size: number;
  compressed: boolean;
  /** One file, one JSON document: an EventList or an array, laid out over many lines. */
  isDocument: boolean;
  /** Lines may be EventLists, as a webhook receives them. */
  hasLists: boolean;
}

interface Candidate {
  path: string;
  size: number;
  named: boolean;
  rotated: RotatedName | undefined;
}

const SNIFF_BYTES = 64 * 1024;
/** More writers than there are API servers: those beyond are read one after the other. */
const MAX_WRITERS = 16;
const LOG_NAME = /\.(log|json|ndjson)$/;

/**
 * The audit logs at `paths` (files, or folders, which aren't descended into), grouped by who wrote them: the rotated files
 * and the live one of an API server, oldest first. JSON files beside them count as written by one, in order of their names.
 *
 * @throws TruantError INPUT_NOT_FOUND when a path doesn't exist or nothing at all is an audit log
 */
export async function findAuditFiles(paths: readonly string[]): Promise<AuditFile[][]> {
  const candidates = new Map<string, Candidate>();
  for (const path of paths) {
    for (const candidate of await candidatesAt(resolve(path))) candidates.set(candidate.path, candidate);
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
      const file = await sniff(candidate);
      if (file) group.push(file);
    }
    if (group.length > 0) groups.push(group);
  }
  if (groups.length > 0) return groups;
  throw new TruantError('INPUT_NOT_FOUND', `There is no audit log at ${paths.join(', ')}.`, {
    remedy: 'Name files, or a folder with *.log, *.json or *.ndjson files (or those with .gz) of audit.k8s.io events.',
  });
}

async function candidatesAt(path: string): Promise<Candidate[]> {
  try {
    const found = await stat(path);
    if (!found.isDirectory())
      return [{ path, size: found.size, named: true, rotated: parseRotatedName(basename(path)) }];
    const names = await readdir(path);
    const candidates: Candidate[] = [];
    for (const name of names.filter((name) => LOG_NAME.test(liveNameOf(name)))) {
      const file = await stat(join(path, name)).catch(() => undefined);
      if (!file?.isFile() || file.size === 0) continue;
      candidates.push({ path: join(path, name), size: file.size, named: false, rotated: parseRotatedName(name) });
    }
    return candidates;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new TruantError(isMissing ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE', `${path} cannot be read.`, { cause });
  }
}

const isCompressed = (path: string): boolean => path.endsWith('.gz');
const liveNameOf = (name: string): string => parseRotatedName(name)?.live ?? name.replace(/\.gz$/, '');

/** A file that is just being compressed is there twice. */
function withoutDuplicates(candidates: Candidate[]): Candidate[] {
  const plain = new Set(candidates.filter(({ path }) => !isCompressed(path)).map(({ path }) => path));
  return candidates.filter(({ path, named }) => named || !isCompressed(path) || !plain.has(path.slice(0, -3)));
}

function writerOf({ path }: Candidate, writers: Map<string, Candidate[]>): string {
  const live = liveNameOf(basename(path));
  const writer = join(dirname(path), live.endsWith('.log') ? live : '*.json');
  return writers.has(writer) || writers.size < MAX_WRITERS ? writer : ([...writers.keys()].at(-1) as string);
}

function oldestFirst(a: Candidate, b: Candidate): number {
  if (a.rotated && b.rotated) return compareRotated(a.rotated, b.rotated);
  if (a.rotated || b.rotated) return a.rotated ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

/** Undefined when it is no audit log, unless somebody named it as one. */
async function sniff({ path, size, named }: Candidate): Promise<AuditFile | undefined> {
  const compressed = isCompressed(path);
  const head = await readStart(path, compressed);
  const isAudit = head.includes('audit.k8s.io') || head.includes('"auditID"') || /audit.*\.log/.test(basename(path));
  if (!isAudit && !named) return undefined;
  const hasLists = !liveNameOf(basename(path)).endsWith('.log') || head.includes('"items"');
  return { path, size, compressed, isDocument: /^\s*(?:\[|\{\s*\n)/.test(head), hasLists };
}

/** Empty when it can't be read: whoever reads it whole will say so. */
async function readStart(path: string, compressed: boolean): Promise<string> {
  try {
    const content = await openContent(path, compressed);
    try {
      return (await content.read(SNIFF_BYTES)).toString('latin1');
    } finally {
      await content.close();
    }
  } catch {
    return '';
  }
}
