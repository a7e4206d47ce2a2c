/** From what was read (a YAML document, an environment) to a configuration, or to every reason why it is none. */
import type { z } from 'zod';
import { TruantError } from '../errors.ts';
import { readEnvironment, type Setting } from './environment.ts';
import { outlineAt } from './outline.ts';
import { describeProblem, found, keyName, type Problem } from './problem.ts';
import { Config } from './schema.ts';
import { suggest } from './suggest.ts';

export interface ParseOptions {
  environment?: Readonly<Record<string, string | undefined>>;
  /** Ids that `detection.rules` may name; left out: any. */
  ruleIds?: readonly string[];
}

/**
 * @param input what the file holds; null or undefined: nothing
 * @throws {TruantError} CONFIG_INVALID, with all problems in its message, one a line
 */
export function parseConfig(input: unknown, options: ParseOptions = {}): Config {
  const { settings, problems } = readEnvironment(options.environment ?? {});
  const merged = merge(input ?? {}, settings);
  const result = Config.safeParse(merged);
  problems.push(...(result.error?.issues.flatMap((issue) => describeIssue(issue, merged)) ?? []));
  problems.push(...unknownRules(merged, options.ruleIds));
  if (result.success && problems.length === 0) return result.data;
  throw invalid(problems.map((problem) => ({ ...problem, variable: variableOf(problem.key, settings) })));
}

function invalid(problems: readonly Problem[]): TruantError {
  const lines = [...new Set(problems.map(describeProblem))];
  const message = `the configuration has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}:`;
  return new TruantError('CONFIG_INVALID', [message, ...lines.map((line) => `  ${line}`)].join('\n'), {
    remedy: 'Correct the keys named above; docs/configuration.md lists them all.',
  });
}

/** A copy of the input with the settings put over it. Where the input is no mapping, the schema is left to refuse it. */
function merge(input: unknown, settings: readonly Setting[]): unknown {
  const merged = withoutNulls(input);
  for (const { path, value } of settings) {
    let at: unknown = merged;
    for (const [index, name] of path.entries()) {
      if (!isMapping(at)) break;
      if (index === path.length - 1) at[name] = value;
      else at = at[name] ??= {};
    }
  }
  return merged;
}

/** A key without a value (`networks:` and nothing below it) is a key that is not set. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, withoutNulls(inner)]),
  );
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({ key: keyName([...issue.path, name]), message: unknownKey(issue.path, name) }));
  }
  const key = issue.path.length === 0 ? 'the configuration' : keyName(issue.path);
  if (issue.code === 'custom' && issue.params?.['whole'] === true) return [{ key, message: issue.message }];
  if (issue.code === 'invalid_key') {
    const names = outlineAt(issue.path.slice(0, -1))?.names;
    return [{ key, message: `is no name for it; must be ${names ?? 'another'}` }];
  }
  const at = outlineAt(issue.path);
  return [{ key, message: `${found(valueAt(input, issue.path), at)}; must be ${at?.expected ?? 'something else'}` }];
}

function unknownKey(path: readonly PropertyKey[], name: string): string {
  const known = [...(outlineAt(path)?.keys.keys() ?? [])];
  const near = suggest(name, known);
  if (near) return `no such key; did you mean ${near}?`;
  return `no such key; there ${known.length === 1 ? 'is only' : 'are'} ${known.join(', ')}`;
}

function unknownRules(input: unknown, ruleIds: readonly string[] | undefined): Problem[] {
  const rules = valueAt(input, ['detection', 'rules']);
  if (!ruleIds || !isMapping(rules)) return [];
  return Object.keys(rules)
    .filter((id) => !ruleIds.includes(id))
    .map((id) => {
      const near = suggest(id, ruleIds);
      return {
        key: keyName(['detection', 'rules', id]),
        message: `no such rule${near ? `; did you mean ${near}?` : ''}`,
      };
    });
}

function variableOf(key: string, settings: readonly Setting[]): string | undefined {
  return settings.find(({ path }) => {
    const set = keyName(path);
    return key === set || key.startsWith(`${set}.`) || key.startsWith(`${set}[`);
  })?.variable;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = input;
  for (const step of path) {
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined;
  }
  return at;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
