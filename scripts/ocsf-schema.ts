/**
 * What tests check OCSF against: of a compiled schema only Detection Finding and what can be reached from it, without
 * descriptions. `node dist/scripts/ocsf-schema.js COMPILED COMMIT`; test/fixtures/ocsf/README.md tells where both come from.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const CLASS = 'detection_finding';

interface Attribute {
  type: string;
  requirement: string;
  object_type?: string;
  is_array?: true;
  sibling?: string;
  profiles?: string[];
  enum?: Record<string, { caption: string }>;
  '@deprecated'?: object;
}

interface Item {
  attributes: Record<string, Attribute>;
  constraints?: Record<string, string[]>;
  profiles?: string[];
}

interface Compiled {
  version: string;
  classes: Record<string, Item>;
  objects: Record<string, Item>;
  dictionary: { types: { attributes: Record<string, Record<string, unknown>> } };
}

const [file, commit] = process.argv.slice(2);
if (file === undefined || commit === undefined) throw new Error('usage: ocsf-schema.js COMPILED COMMIT');
const compiled = JSON.parse(readFileSync(file, 'utf8')) as Compiled;
const root = compiled.classes[CLASS];
if (!root) throw new Error(`${file} has no class ${CLASS}`);

const reached = new Map<string, Item>();
const waiting: Item[] = [root];
for (let item = waiting.pop(); item; item = waiting.pop()) {
  for (const { object_type: name } of Object.values(item.attributes)) {
    const object = name === undefined ? undefined : compiled.objects[name];
    if (name === undefined || !object || reached.has(name)) continue;
    reached.set(name, object);
    waiting.push(object);
  }
}

const target = `test/fixtures/ocsf/detection-finding-${compiled.version}.json`;
const objects = [...reached].toSorted(([a], [b]) => a.localeCompare(b));
const content = {
  source: `https://github.com/ocsf/ocsf-schema, commit ${commit}`,
  licence: 'Apache-2.0, Copyright OCSF a Series of LF Projects, LLC',
  version: compiled.version,
  profiles: root.profiles ?? [],
  types: Object.fromEntries(Object.entries(compiled.dictionary.types.attributes).map(([k, type]) => [k, ofType(type)])),
  class: ofItem(root),
  objects: Object.fromEntries(objects.map(([name, object]) => [name, ofItem(object)])),
};
writeFileSync(target, `${JSON.stringify(content, null, 1)}\n`);
console.log(`${target}: ${objects.length} objects`);

function ofType({ type, regex, max_len, range, values }: Record<string, unknown>) {
  return { type, regex, max_len, range, values };
}

function ofItem({ attributes, constraints = {} }: Item) {
  const shown = Object.entries(attributes).map(([name, attribute]) => [name, ofAttribute(attribute)]);
  return { constraints, attributes: Object.fromEntries(shown) as Record<string, unknown> };
}

function ofAttribute(attribute: Attribute) {
  const { type, requirement, object_type, is_array, sibling, profiles } = attribute;
  const captions = Object.entries(attribute.enum ?? {}).map(([value, { caption }]) => [value, caption] as const);
  return {
    type,
    requirement,
    object_type,
    is_array,
    sibling,
    profiles,
    enum: captions.length > 0 ? Object.fromEntries(captions) : undefined,
    deprecated: attribute['@deprecated'] ? true : undefined,
  };
}
