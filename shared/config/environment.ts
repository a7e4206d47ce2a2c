/**
 * Environment variables that set a key: `TRUANT_` and the key's names in capitals, joined by two underscores, with single
 * ones anywhere inside a name: `TRUANT_AGENT__STATE_DIR` and `TRUANT_AGENT__STATEDIR` both set agent.stateDir. Variables
 * without two underscores are left alone: the command has its own, and a Service of that name makes Kubernetes add some.
 */
import { type Outline, outline } from './outline.ts';
import type { Problem } from './problem.ts';
import { suggest } from './suggest.ts';

const PREFIX = 'TRUANT_';

/** One key that a variable sets. */
export interface Setting {
  path: string[];
  value: unknown;
  variable: string;
}

export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): {
  settings: Setting[];
  problems: Problem[];
} {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(PREFIX) || !variable.includes('__')) continue;
    const place = locate(variable.slice(PREFIX.length).split('__'));
    if (place) settings.push({ path: place.path, value: readValue(value, place.at), variable });
    else problems.push({ key: variable, message: unknownVariable(variable) });
  }
  return { settings, problems };
}

/** The variable that sets a key. */
export function variableName(path: readonly string[]): string {
  const names = path.map((name) => name.replaceAll(/[A-Z]/g, '_$&').replaceAll('-', '_').toUpperCase());
  return `${PREFIX}${names.join('__')}`;
}

function locate(names: readonly string[]): { path: string[]; at: Outline } | undefined {
  const path: string[] = [];
  let at = outline;
  for (const name of names) {
    const [found, next] = at.kind === 'record' ? [slug(name), at.items] : keyLike(at, name);
    if (!found || !next) return undefined;
    path.push(found);
    at = next;
  }
  return { path, at };
}

function keyLike(at: Outline, name: string): [string, Outline] | [] {
  return [...at.keys].find(([known]) => known.toUpperCase() === name.replaceAll('_', '').toUpperCase()) ?? [];
}

/** Names in records are rule ids: small letters and hyphens. */
function slug(name: string): string | undefined {
  return /^[A-Z0-9_]+$/i.test(name) ? name.toLowerCase().replaceAll('_', '-') : undefined;
}

/** Text as it is; lists with commas or as JSON; the rest as JSON. What can't be read is left to the schema to refuse. */
function readValue(value: string, at: Outline): unknown {
  if (at.kind === 'text') return value;
  if (at.kind === 'list' && !value.trimStart().startsWith('[')) {
    return value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function unknownVariable(variable: string): string {
  const near = suggest(variable, [...leaves([], outline)]);
  return `sets no key of the configuration${near ? `; did you mean ${near}?` : ''}`;
}

function* leaves(path: readonly string[], at: Outline): Generator<string> {
  if (at.kind !== 'section') yield variableName(path);
  for (const [name, inner] of at.keys) yield* leaves([...path, name], inner);
}
