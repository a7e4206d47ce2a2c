/** An OpenAPI 3.1 document as it is shown: operations by their tag, references followed. What is wrong in it is left out. */
export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string | undefined;
  /** Everybody may ask, without a token. */
  isOpen: boolean;
  parameters: Parameter[];
  body: Content[];
  bodyRequired: boolean;
  answers: { status: string; description: string; content: Content[] }[];
}

export interface Parameter {
  name: string;
  in: string;
  required: boolean;
  description: string | undefined;
  schema: unknown;
}

export interface Content {
  type: string;
  /** Undefined: something other than JSON. */
  schema: unknown;
}

export interface Section {
  tag: string;
  description: string | undefined;
  operations: Operation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export function sectionsOf(document: unknown): Section[] {
  const sections = new Map<string, Section>();
  for (const tag of list(object(document)['tags']).map(object)) {
    const name = text(tag['name']);
    if (name !== undefined) sections.set(name, { tag: name, description: text(tag['description']), operations: [] });
  }
  for (const [path, item] of Object.entries(object(object(document)['paths']))) {
    for (const method of METHODS) {
      const found = object(item)[method];
      if (typeof found !== 'object' || found === null) continue;
      const shared = list(object(item)['parameters']);
      const tag = text(list(object(found)['tags'])[0]) ?? 'Others';
      const section = sections.get(tag) ?? { tag, description: undefined, operations: [] };
      section.operations.push(operationOf(document, method, path, object(found), shared));
      sections.set(tag, section);
    }
  }
  return [...sections.values()].filter(({ operations }) => operations.length > 0);
}

function operationOf(document: unknown, method: string, path: string, found: Json, shared: unknown[]): Operation {
  const body = object(resolved(document, found['requestBody']));
  return {
    id: `${method}-${path}`.replaceAll(/[^a-z0-9]+/gi, '-').replace(/-$/, ''),
    method: method.toUpperCase(),
    path,
    summary: text(found['summary']) ?? '',
    description: text(found['description']),
    isOpen: Array.isArray(found['security']) && found['security'].length === 0,
    parameters: [...shared, ...list(found['parameters'])].map((one) => parameterOf(object(resolved(document, one)))),
    body: contentsOf(body['content']),
    bodyRequired: body['required'] === true,
    answers: Object.entries(object(found['responses'])).map(([status, answer]) => {
      const { description, content } = object(resolved(document, answer));
      return { status, description: text(description) ?? '', content: contentsOf(content) };
    }),
  };
}

const parameterOf = (found: Json): Parameter => ({
  name: text(found['name']) ?? '',
  in: text(found['in']) ?? '',
  required: found['required'] === true,
  description: text(found['description']),
  schema: found['schema'],
});

const contentsOf = (content: unknown): Content[] =>
  Object.entries(object(content)).map(([type, media]) => ({ type, schema: object(media)['schema'] }));

const MOST_STEPS = 10;

/** Follows `#/a/b`, as often as it leads to another; undefined where it leads nowhere. */
export function resolved(document: unknown, value: unknown): unknown {
  let current = value;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const ref = text(object(current)['$ref']);
    if (ref === undefined) return current;
    if (!ref.startsWith('#/')) return undefined;
    current = ref
      .slice(2)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((at, part) => (Object.hasOwn(object(at), part) ? object(at)[part] : undefined), document);
  }
  return undefined;
}

export const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
