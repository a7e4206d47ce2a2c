/**
 * Which file may import what. The directions keep the core pure and the parts exchangeable:
 *
 * - `shared/` imports neither agent, collector nor cli; agent and collector do not import each other; nobody imports cli.
 * - The pure part of `shared/` does no I/O, directly or through what it imports.
 * - Sources, transports, receivers and outputs are wired by a `topology.ts` (or the cli, offline), by nobody else; what
 *   they hand on may be known by its type.
 * - The page ships itself and pure code without schemas; of all else it may know types. What runs on a server imports none of it.
 */
import path from 'node:path';

export interface Violation {
  file: string;
  imports: string;
  because: string;
}

/** The parts of `shared/` that may touch the world; all the rest of it is pure. */
const IMPURE_SHARED = ['shared/telemetry/', 'shared/component/', 'shared/http/', 'shared/kafka/', 'shared/kubernetes/'];

/** What pure code may import from outside: computation, no I/O. */
const PURE_PACKAGES = new Set(['zod']);
const PURE_BUILTINS = new Set([
  'node:crypto',
  'node:buffer',
  'node:url',
  'node:util',
  'node:string_decoder',
  'node:path',
]);
/** Of these only the named functions are pure. */
const PURE_NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  'node:net': new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']),
};

/** Folders of exchangeable parts: each folder below one of these stands for itself. */
const PART_FOLDERS = ['agent/sources', 'agent/transport', 'collector/receive', 'collector/outputs'];

/** What browsers are sent. */
const PAGE = 'collector/web/page/';

interface Import {
  specifier: string;
  /** Gone once compiled. */
  typeOnly: boolean;
  /** Null: everything (`* as x`, a bare or dynamic import). */
  names: string[] | null;
}

const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s+)?([\w$*{}\s,]*?)\s*\bfrom\s*['"]([^'"]+)['"]/gm;
const BARE = /^[ \t]*import\s*['"]([^'"]+)['"]/gm;
const CALL = /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g;

/** Every module that a source text names, whether for types or for values. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const [, type, clause = '', specifier = ''] of source.matchAll(STATEMENT)) {
    const braces = /^\{([^}]*)\}$/.exec(clause.trim());
    const names = braces?.[1]?.split(',').map(
      (name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s/)[0] ?? '',
    );
    found.push({ specifier, typeOnly: type !== undefined, names: names?.filter((name) => name !== '') ?? null });
  }
  for (const [, specifier = ''] of [...source.matchAll(BARE), ...source.matchAll(CALL)]) {
    found.push({ specifier, typeOnly: false, names: null });
  }
  return found;
}

/** Breaches of the rules in a set of files, by path relative to the repository (with `/`). */
export function violations(files: ReadonlyMap<string, string>): Violation[] {
  const broken: Violation[] = [];
  for (const [file, source] of files) {
    for (const found of importsOf(source)) {
      const because = breach(file, found);
      if (because) broken.push({ file, imports: found.specifier, because });
    }
  }
  return broken;
}

function breach(file: string, found: Import): string | undefined {
  if (!found.specifier.startsWith('.')) {
    if (file.startsWith(PAGE)) return tooMuchForThePage(found);
    return isPure(file) ? impureModule(found) : undefined;
  }
  const target = path.posix.join(path.posix.dirname(file), found.specifier);
  return (
    wrongDirection(file, target) ??
    intoThePage(file, target, found) ??
    (isPure(file) ? impureFile(target) : undefined) ??
    (found.typeOnly ? undefined : wiring(file, target))
  );
}

function wrongDirection(file: string, target: string): string | undefined {
  const [from, to] = [top(file), top(target)];
  if (from === to) return undefined;
  if (to === 'test') return from === 'scripts' ? undefined : 'nothing that ships may import tests';
  if (to === 'cli' && from !== 'scripts' && from !== 'test') return 'only the command itself may import cli/';
  if (from === 'shared' && (to === 'agent' || to === 'collector'))
    return 'shared/ may import neither agent/ nor collector/';
  if (from === 'agent' && to === 'collector') return 'agent/ may not import collector/';
  if (from === 'collector' && to === 'agent') return 'collector/ may not import agent/';
  return undefined;
}

function tooMuchForThePage({ specifier, typeOnly }: Import): string | undefined {
  const isHeavy = specifier.startsWith('node:') || specifier === 'zod';
  return isHeavy && !typeOnly ? 'the page runs in browsers, and checks no schema' : undefined;
}

function intoThePage(file: string, target: string, { typeOnly }: Import): string | undefined {
  const [from, to] = [file.startsWith(PAGE), target.startsWith(PAGE)];
  if (from === to || typeOnly) return undefined;
  if (to) return top(file) === 'test' ? undefined : 'what runs on a server may not import the page';
  const ships = isPure(target) && !target.startsWith('shared/schema/');
  return ships ? undefined : 'the page may ship only itself and pure code without schemas';
}

function impureModule({ specifier, names }: Import): string | undefined {
  if (PURE_PACKAGES.has(packageName(specifier)) || PURE_BUILTINS.has(specifier)) return undefined;
  const allowed = PURE_NAMES[specifier];
  if (!allowed) return 'pure code may import only other pure code, zod, and built-in modules without I/O';
  if (names === null) return `of ${specifier}, pure code may import only names: ${[...allowed].join(', ')}`;
  const other = names.filter((name) => !allowed.has(name));
  return other.length > 0 ? `${other.join(', ')} of ${specifier} is not for pure code` : undefined;
}

function impureFile(target: string): string | undefined {
  return isPure(target) ? undefined : `pure code may import only pure code, and ${target} is not`;
}

function wiring(file: string, target: string): string | undefined {
  const part = partOf(target);
  if (!part || partOf(file) === part) return undefined;
  if (path.posix.basename(file) === 'topology.ts' || ['cli', 'test', 'scripts'].includes(top(file))) return undefined;
  return `${part}/ may be wired only by a topology.ts`;
}

function isPure(file: string): boolean {
  return top(file) === 'shared' && !IMPURE_SHARED.some((folder) => file.startsWith(folder));
}

/** `agent/sources/audit-file/tail.ts` belongs to `agent/sources/audit-file`; a file right in `agent/sources` to none. */
function partOf(file: string): string | undefined {
  const folder = PART_FOLDERS.find((candidate) => file.startsWith(`${candidate}/`));
  const [name, ...rest] = folder ? file.slice(folder.length + 1).split('/') : [];
  return folder && rest.length > 0 ? `${folder}/${name}` : undefined;
}

function top(file: string): string {
  return file.split('/', 1)[0] ?? '';
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
