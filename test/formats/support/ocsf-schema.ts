/** Holds a document against the published OCSF schema: test/fixtures/ocsf/README.md tells where that comes from. */
import { readFileSync } from 'node:fs';

interface Type {
  type?: string;
  regex?: string;
  max_len?: number;
  range?: [number, number];
}

interface Attribute {
  type: string;
  requirement: 'required' | 'recommended' | 'optional';
  object_type?: string;
  is_array?: true;
  sibling?: string;
  profiles?: string[];
  enum?: Record<string, string>;
  deprecated?: true;
}

interface Item {
  attributes: Record<string, Attribute>;
  constraints: { at_least_one?: string[]; just_one?: string[] };
}

interface Schema {
  version: string;
  profiles: string[];
  types: Record<string, Type>;
  class: Item;
  objects: Record<string, Item>;
}

type Json = Record<string, unknown>;

const FILE = new URL('../../fixtures/ocsf/detection-finding-1.8.0.json', import.meta.url);
const schema = JSON.parse(readFileSync(FILE, 'utf8')) as Schema;

export const OCSF_VERSION = schema.version;

/** What is wrong with it as a Detection Finding, each with its path; nothing else is allowed than what the schema names. */
export function ocsfErrors(document: unknown): string[] {
  if (!isObject(document)) return ['is no object'];
  const metadata = document['metadata'];
  const profiles = isObject(metadata) && Array.isArray(metadata['profiles']) ? metadata['profiles'] : [];
  const unknown = profiles.filter((name) => !schema.profiles.includes(name as string));
  const version = isObject(metadata) && metadata['version'] === schema.version ? [] : ['metadata.version: is another'];
  const uid = Number(document['class_uid']) * 100 + Number(document['activity_id']);
  return [
    ...unknown.map((name) => `metadata.profiles: ${String(name)} is none of this class`),
    ...version,
    ...(document['type_uid'] === uid ? [] : [`type_uid: is not ${uid}`]),
    ...new Validator(new Set(profiles as string[])).item(document, schema.class, ''),
    ...observableErrors(document),
  ];
}

class Validator {
  readonly #profiles: ReadonlySet<string>;

  constructor(profiles: ReadonlySet<string>) {
    this.#profiles = profiles;
  }

  item(value: Json, { attributes, constraints }: Item, path: string): string[] {
    const errors: string[] = [];
    for (const [name, one] of Object.entries(value)) {
      const at = join(path, name);
      const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      if (!attribute) errors.push(`${at}: no such attribute`);
      else errors.push(...this.#attribute(one, attribute, value, at));
    }
    for (const [name, attribute] of Object.entries(attributes)) {
      const isDue = attribute.requirement === 'required' && this.#isActive(attribute);
      if (isDue && !Object.hasOwn(value, name)) errors.push(`${join(path, name)}: is required`);
    }
    const { at_least_one: some, just_one: just } = constraints;
    const given = (names: string[]) => names.filter((name) => Object.hasOwn(value, name)).length;
    if (some && given(some) === 0) errors.push(`${path}: has none of ${some.join(', ')}`);
    if (just && given(just) !== 1) errors.push(`${path}: has not just one of ${just.join(', ')}`);
    return errors;
  }

  #isActive({ profiles }: Attribute): boolean {
    return !profiles || profiles.some((profile) => this.#profiles.has(profile));
  }

  #attribute(value: unknown, attribute: Attribute, parent: Json, path: string): string[] {
    const errors: string[] = [];
    if (attribute.deprecated) errors.push(`${path}: is deprecated`);
    if (!this.#isActive(attribute)) errors.push(`${path}: needs profile ${attribute.profiles?.join(' or ')}`);
    if (attribute.is_array) {
      if (!Array.isArray(value)) return [...errors, `${path}: is no array`];
      return [...errors, ...value.flatMap((one, i) => this.#value(one, attribute, `${path}[${i}]`))];
    }
    return [...errors, ...this.#value(value, attribute, path), ...siblingErrors(value, attribute, parent, path)];
  }

  #value(value: unknown, attribute: Attribute, path: string): string[] {
    if (attribute.type === 'object_t') {
      if (!isObject(value)) return [`${path}: is no object`];
      const object = schema.objects[attribute.object_type ?? ''];
      if (!object) return [`${path}: the schema has no ${attribute.object_type}`];
      // The bare object: what is in it is the source's own.
      return attribute.object_type === 'object' ? [] : this.item(value, object, path);
    }
    const { type, error } = valueError(value, attribute.type);
    if (error !== undefined) return [`${path}: ${error} (${type})`];
    const isKnown = !attribute.enum || Object.hasOwn(attribute.enum, String(value));
    return isKnown ? [] : [`${path}: ${String(value)} is none of its values`];
  }
}

function valueError(value: unknown, type: string): { type: string; error?: string } {
  const { type: base = type, regex, max_len: longest, range } = schema.types[type] ?? {};
  const error = (text: string) => ({ type, error: text });
  switch (base) {
    case 'json_t':
      return { type };
    case 'boolean_t':
      return typeof value === 'boolean' ? { type } : error('is no boolean');
    case 'float_t':
      return typeof value === 'number' ? { type } : error('is no number');
    case 'integer_t':
    case 'long_t':
      if (!Number.isSafeInteger(value)) return error('is no integer');
      return range && ((value as number) < range[0] || (value as number) > range[1])
        ? error('is out of range')
        : { type };
    case 'string_t':
      if (typeof value !== 'string') return error('is no string');
      if (longest !== undefined && value.length > longest) return error(`is longer than ${longest}`);
      return regex === undefined || new RegExp(`^(?:${regex})$`).test(value) ? { type } : error('has not the form');
    default:
      return error('is of a type that the schema does not have');
  }
}

/** What the number says, the text beside it must say too; of 99 (Other) only the text says what it is. */
function siblingErrors(value: unknown, attribute: Attribute, parent: Json, path: string): string[] {
  if (attribute.sibling === undefined || !attribute.enum) return [];
  const text = parent[attribute.sibling];
  if (value === 99)
    return typeof text === 'string' && text !== '' ? [] : [`${path}: ${attribute.sibling} must say what`];
  if (text === undefined || text === attribute.enum[String(value)]) return [];
  return [`${path}: ${attribute.sibling} is ${JSON.stringify(text)}, not ${attribute.enum[String(value)]}`];
}

/** `name` points to an attribute of the document, and `value` is what is there. */
function observableErrors(document: Json): string[] {
  const observables = Array.isArray(document['observables']) ? (document['observables'] as Json[]) : [];
  return observables.flatMap(({ name, value }, i) => {
    const steps = String(name).split(/[.[\]]+/);
    const there = steps.reduce<unknown>((at, step) => (isIndexable(at) ? at[step] : undefined), document);
    return there !== undefined && there === value ? [] : [`observables[${i}]: ${String(name)} is not its value`];
  });
}

const isIndexable = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const isObject = (value: unknown): value is Json => isIndexable(value) && !Array.isArray(value);
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
