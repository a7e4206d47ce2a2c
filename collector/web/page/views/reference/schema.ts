/** A JSON schema as lines for people. */
import { type Json, object, resolved } from './open-api.ts';

export interface Shape {
  /** `text`, `one of open, closed`, `list of objects`. */
  says: string;
  description: string | undefined;
  /** What it is made of, by name; empty for what is not. */
  fields: Field[];
}

export interface Field {
  name: string;
  required: boolean;
  schema: unknown;
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'object',
  array: 'list',
  null: 'null',
};
const MOST_CHOICES = 12;
const DEEPEST = 8;

export function shapeOf(document: unknown, given: unknown): Shape {
  const schema = object(resolved(document, given));
  const description = typeof schema['description'] === 'string' ? schema['description'] : undefined;
  return { says: saysOf(document, schema, 0), description, fields: fieldsOf(document, schema, 0) };
}

function saysOf(document: unknown, schema: Json, depth: number): string {
  if (depth > DEEPEST) return '…';
  const of = (value: unknown): string => saysOf(document, object(resolved(document, value)), depth + 1);
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return `one of ${few(schema['enum'].map(String))}`;
  const several = optionsOf(schema);
  if (several) return [...new Set(several.map(of))].join(', or ');
  const { type } = schema;
  if (type === 'array') return `list of: ${of(schema['items'])}`;
  const names = (Array.isArray(type) ? type : [type]).map((one) => NAMES[String(one)] ?? 'anything');
  return `${names.join(' or ')}${limits(schema)}`;
}

function limits(schema: Json): string {
  const bound = (keyword: string, words: (value: number) => string): string[] => {
    const value = schema[keyword];
    return typeof value === 'number' && !isHuge(value) ? [words(value)] : [];
  };
  const all = [
    ...bound('minimum', (value) => `from ${value}`),
    ...bound('maximum', (value) => `to ${value}`),
    ...bound('minLength', (value) => `at least ${value} characters`),
    ...bound('maxLength', (value) => `at most ${value} characters`),
    ...(schema['default'] === undefined ? [] : [`default ${JSON.stringify(schema['default'])}`]),
  ];
  return all.length === 0 ? '' : ` (${all.join(', ')})`;
}

/** What zod writes for any whole number. */
const isHuge = (value: number): boolean => Math.abs(value) >= Number.MAX_SAFE_INTEGER;

/** Of a list: of what it is a list of; of several: of all that are objects, as one can be any of them. */
function fieldsOf(document: unknown, schema: Json, depth: number): Field[] {
  if (depth > DEEPEST) return [];
  const inner = (value: unknown): Field[] => fieldsOf(document, object(resolved(document, value)), depth + 1);
  const several = optionsOf(schema);
  if (several) return merged(several.map(inner));
  if (schema['type'] === 'array') return inner(schema['items']);
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(object(schema['properties'])).map(([name, property]) => ({
    name,
    required: required.has(name),
    schema: property,
  }));
}

/** A field that some of them lack is not required; of those that have it, the first says what it is. */
function merged(all: Field[][]): Field[] {
  const groups = all.filter((fields) => fields.length > 0);
  const names = new Set(groups.flatMap((fields) => fields.map(({ name }) => name)));
  return [...names].map((name) => {
    const found = groups.flatMap((fields) => fields.filter((field) => field.name === name));
    const schemas = [...new Map(found.map(({ schema }) => [JSON.stringify(schema), schema])).values()];
    return {
      name,
      required: found.length === groups.length && found.every(({ required }) => required),
      schema: schemas.length === 1 ? schemas[0] : { anyOf: schemas },
    };
  });
}

function optionsOf(schema: Json): unknown[] | undefined {
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const options: unknown = schema[keyword];
    if (Array.isArray(options) && options.length > 0) return options as unknown[];
  }
  return undefined;
}

const few = (choices: readonly string[]): string =>
  choices.length > MOST_CHOICES
    ? `${choices.slice(0, MOST_CHOICES).join(', ')} and ${choices.length - MOST_CHOICES} more`
    : choices.join(', ');

/** Something that fits the schema, to begin with. */
export function exampleOf(document: unknown, given: unknown, depth = 0): unknown {
  const schema = object(resolved(document, given));
  if (depth > DEEPEST) return null;
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['default'] !== undefined) return schema['default'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const [option] = optionsOf(schema) ?? [];
  if (option !== undefined) return exampleOf(document, option, depth + 1);
  switch (schema['type']) {
    case 'object': {
      const required = fieldsOf(document, schema, 0).filter((field) => field.required);
      return Object.fromEntries(required.map(({ name, schema }) => [name, exampleOf(document, schema, depth + 1)]));
    }
    case 'array':
      return [exampleOf(document, schema['items'], depth + 1)];
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return true;
    case 'string':
      return '…';
    default:
      return null;
  }
}
