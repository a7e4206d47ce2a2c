/** The schema as data: what keys there are, where, and what they want. For errors, environment names and the reference. */
import { z } from 'zod';
import { Config } from './schema.ts';

/** One place in the configuration. */
export interface Outline {
  kind: 'section' | 'record' | 'list' | 'text' | 'number' | 'boolean';
  description: string;
  /** What would be right, to follow "must be". */
  expected: string;
  secret: boolean;
  /** What is wrong there may be a secret. */
  mayBeSecret: boolean;
  /** Has to be there if the section around it is. */
  required: boolean;
  /** Undefined: the key is optional and has none, or it is a section. */
  fallback: unknown;
  /** Of a section. */
  keys: ReadonlyMap<string, Outline>;
  /** Of a record: what its names have to be. */
  names: string | undefined;
  /** Of a list's or record's items. */
  items: Outline | undefined;
}

interface JsonSchema {
  type?: string;
  description?: string;
  expected?: string;
  secret?: boolean;
  mayBeSecret?: boolean;
  default?: unknown;
  enum?: string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  required?: string[];
}

const EXPECTED: Readonly<Record<Outline['kind'], string>> = {
  section: 'a section (keys with values)',
  record: 'a section (names with keys)',
  list: 'a list',
  text: 'text',
  number: 'a number',
  boolean: 'true or false',
};

export const outline: Outline = read(z.toJSONSchema(Config, { io: 'input' }) as JsonSchema);

/** Where a path leads; undefined if the configuration has no such place. */
export function outlineAt(path: readonly PropertyKey[]): Outline | undefined {
  let at: Outline | undefined = outline;
  for (const step of path) at = at?.keys.get(String(step)) ?? at?.items;
  return at;
}

function read(schema: JsonSchema, around: { secret?: boolean; required?: boolean } = {}): Outline {
  const secret = (around.secret ?? false) || schema.secret === true;
  const items =
    schema.items ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
  const kind = kindOf(schema);
  return {
    kind,
    description: schema.description ?? '',
    expected: schema.expected ?? schema.enum?.join(', ').replace(/, ([^,]*)$/, ' or $1') ?? EXPECTED[kind],
    secret,
    mayBeSecret: schema.mayBeSecret ?? false,
    required: around.required ?? false,
    fallback: kind === 'section' ? undefined : schema.default,
    keys: new Map(
      Object.entries(schema.properties ?? {}).map(([name, inner]) => [
        name,
        read(inner, { secret, required: schema.required?.includes(name) ?? false }),
      ]),
    ),
    names: schema.propertyNames?.expected,
    items: items && read(items, { secret }),
  };
}

function kindOf(schema: JsonSchema): Outline['kind'] {
  if (schema.type === 'array') return 'list';
  if (schema.type === 'boolean') return 'boolean';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type !== 'object') return 'text';
  return schema.properties ? 'section' : 'record';
}
