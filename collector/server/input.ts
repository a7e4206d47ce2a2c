/** Reads what a request brings by the schema that is also its documentation; whoever gets it wrong is told what would be right. */
import { z } from 'zod';
import { type ParameterProblem, Problem } from './problem.ts';

/** What can't go together though each is right by itself: what is wrong with it, by parameter. */
export type Contradictions = (query: Record<string, unknown>) => Map<string, string>;

const MOST_PROBLEMS = 20;

/**
 * @param schema of each parameter, `expected` in its meta follows "must be"
 * @throws Problem 400 that names every wrong parameter, and those that can't go together
 */
export function readQuery<Schema extends z.ZodObject>(
  schema: Schema,
  query: unknown,
  contradictions: Contradictions = () => new Map(),
): z.infer<Schema> {
  const result = schema.safeParse(query);
  const problems = result.success ? contradictions(result.data) : new Map<string, string>();
  if (result.success && problems.size === 0) return result.data;
  const given = query as Record<string, unknown>;
  for (const issue of result.error?.issues ?? []) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])];
    for (const name of names) problems.set(name.slice(0, 100), problemWith(schema, name, given[name]));
  }
  throw refused(problems);
}

/** @throws Problem 400 that names every wrong field of a JSON body */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = new Map(
    result.error.issues.map(({ path, message }) => [path.join('.').slice(0, 100) || 'body', `is wrong: ${message}`]),
  );
  throw refused(problems);
}

function refused(problems: ReadonlyMap<string, string>): Problem {
  const parameters = [...problems]
    .slice(0, MOST_PROBLEMS)
    .map(([name, problem]): ParameterProblem => ({ name, problem }));
  const detail = parameters.map(({ name, problem }) => `${name} ${problem}`).join('; ');
  return new Problem({ status: 400, detail, parameters });
}

function problemWith(schema: z.ZodObject, name: string, value: unknown): string {
  const field: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  if (!(field instanceof z.ZodType)) {
    const known = Object.keys(schema.shape);
    return known.length === 0 ? 'is not asked for here' : `is no parameter; these are: ${known.join(', ')}`;
  }
  return Array.isArray(value) ? 'must be given once' : `must be ${String(field.meta()?.['expected'])}`;
}
