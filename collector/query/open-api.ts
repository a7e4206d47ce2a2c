/**
 * The API as an OpenAPI 3.1 document, made from the routes and the very schemas that they read and answer by. Pure.
 * Schemas that have a name here are described once, and referred to.
 */
import { z } from 'zod';
import { Alert } from '../../shared/schema/alert.ts';
import { Envelope } from '../../shared/schema/envelope.ts';
import { ActionRecord, AlertAction, Exception } from '../../shared/schema/handling.ts';
import {
  DeniedRequest,
  Heartbeat,
  Observation,
  PodEntry,
  SourceStatus,
  TokenFile,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../../shared/schema/observation.ts';
import { Placement } from '../../shared/schema/placement.ts';
import type { Access } from '../identity/caller.ts';
import { type Documentation, TAGS } from '../server/endpoint.ts';
import { Summary } from './schemas/alerts.ts';
import { ProblemAnswer } from './schemas/common.ts';
import { Blind } from './schemas/status.ts';

export interface ApiRoute {
  method: string;
  /** `/api/v1/alerts/:id` */
  url: string;
  access: Access;
  documentation: Documentation;
}

type Json = Record<string, unknown>;

const NAMED = {
  Alert,
  AlertSummary: Summary,
  Placement,
  Observation,
  TokenUse,
  TokenIssue,
  TokenRead,
  TokenFile,
  PodEntry,
  DeniedRequest,
  SourceStatus,
  Heartbeat,
  Envelope,
  AlertAction,
  ActionRecord,
  Exception,
  BlindSpot: Blind,
  Problem: ProblemAnswer,
} satisfies Record<string, z.ZodType>;

const INTRODUCTION = `What the collector knows, for people and programs. Times are whole microseconds since 1970 UTC, or RFC 3339 where they are text.
Lists come in pages: \`next\` is the \`cursor\` of the page after, null on the last. Whatever is refused is answered with
problem details (RFC 9457) that say what would be right. Text in answers came from outside: it is text, and nothing else.`;

export function openApi(routes: readonly ApiRoute[], version: string): Json {
  const sorted = routes.toSorted((a, b) => (`${a.url} ${a.method}` < `${b.url} ${b.method}` ? -1 : 1));
  const paths: Record<string, Json> = {};
  for (const route of sorted) (paths[pathOf(route.url)] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Truant',
      version,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS.map((name) => ({ name })),
    paths,
    components: {
      schemas: namedSchemas(),
      responses: Object.fromEntries(ERRORS.map(([, name, description]) => [name, problem(description)])),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: "A token of the collector, or of an agent's ServiceAccount.",
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-truant-session',
          description: 'Of people who logged in on the page; without TLS it is called truant-session.',
        },
        certificate: { type: 'mutualTLS', description: 'Of agents, where the collector asks for it.' },
      },
    },
  };
}

interface Asked {
  method: string;
  access: Access;
  /** A part of the URL names something. */
  hasNames: boolean;
}

/** With which status, what it is called here, what it means, and where it can be. */
const ERRORS: readonly [status: string, name: string, description: string, applies: (asked: Asked) => boolean][] = [
  ['400', 'Invalid', 'The request is not right: a parameter, or the body.', () => true],
  ['401', 'Unauthenticated', 'It is not known who asks.', ({ access }) => access !== 'open'],
  ['403', 'Forbidden', 'Whoever asks may not.', ({ access }) => access !== 'open'],
  ['404', 'NotFound', 'There is nothing by that name.', ({ hasNames }) => hasNames],
  [
    '409',
    'Conflict',
    'It can not be done as things are: the alert is closed already, say.',
    ({ access, method }) => access === 'act' || (access === 'admin' && method !== 'GET'),
  ],
  ['429', 'TooMuch', 'Too much is asked at a time; Retry-After says when to try again.', () => true],
  ['503', 'Unavailable', 'Not at the moment; Retry-After says when to try again.', () => true],
  ['default', 'Refused', 'Anything else that is refused.', () => true],
];

const PEOPLE = [{ bearer: [] }, { session: [] }];
const SECURITY: Readonly<Record<Access, readonly Json[]>> = {
  open: [],
  read: PEOPLE,
  act: PEOPLE,
  write: [{ bearer: [] }, { certificate: [] }],
  admin: PEOPLE,
};

/** Whatever changes something needs it of a browser, which sends its cookie whoever had it ask. */
const CSRF: Json = {
  name: 'X-CSRF-Token',
  in: 'header',
  required: false,
  description: 'By a session: the one that /api/v1/me has for it.',
  schema: { type: 'string' },
};

const WHO: Readonly<Record<Access, string>> = {
  open: 'For everybody.',
  read: 'For viewers, analysts and administrators.',
  act: 'For analysts and administrators.',
  write: 'For agents.',
  admin: 'For administrators.',
};

function operationOf({ method, url, access, documentation }: ApiRoute): Json {
  const { tag, summary, description, query, body, bodyType = 'application/json', answer } = documentation;
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const errors = ERRORS.filter(([, , , applies]) => applies({ method, access, hasNames: names.length > 0 }));
  return {
    operationId: idOf(method, url),
    tags: [tag],
    summary,
    description: [description, WHO[access]].filter(Boolean).join(' '),
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query.shape).map(([name, schema]) => parameterOf(name, schema as z.ZodType)),
      ...(method !== 'GET' && SECURITY[access] === PEOPLE ? [CSRF] : []),
    ],
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { [bodyType]: { schema: refersTo(body) ?? inline(body, 'input') } },
      },
    }),
    responses: {
      200: { description: 'schema' in answer ? 'The answer.' : answer.description, content: contentOf(answer) },
      ...Object.fromEntries(errors.map(([status, name]) => [status, { $ref: `#/components/responses/${name}` }])),
    },
    security: SECURITY[access],
  };
}

function contentOf(answer: Documentation['answer']): Json {
  if ('mediaTypes' in answer) {
    return Object.fromEntries(answer.mediaTypes.map((type) => [type, { schema: { type: 'string' } }]));
  }
  return { 'application/json': { schema: refersTo(answer.schema) ?? inline(answer.schema, 'output') } };
}

/** What a parameter must be is said in words: as text, it says little by itself. */
function parameterOf(name: string, schema: z.ZodType): Json {
  const { default: _, expected, ...shape } = inline(schema, 'input');
  const { success, data: fallback } = schema.safeParse(undefined);
  const must = typeof expected === 'string' ? `Must be ${expected}.` : '';
  const otherwise = fallback === undefined ? '' : `Left out: ${JSON.stringify(fallback)}.`;
  const description = [must, otherwise].filter(Boolean).join(' ');
  return { name, in: 'query', required: !success, ...(description && { description }), schema: shape };
}

const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const pathOf = (url: string): string => url.replaceAll(/:(\w+)/g, '{$1}');

/** `getAlertsId` */
function idOf(method: string, url: string): string {
  const words = url
    .replace(/^\/api\/v\d+/, '')
    .split(/\W+/)
    .filter(Boolean);
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

const nameOf = new Map<z.ZodType, string>(Object.entries(NAMED).map(([name, schema]) => [schema, name]));
const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

function refersTo(schema: z.ZodType): Json | undefined {
  const name = nameOf.get(schema);
  return name === undefined ? undefined : reference(name);
}

function namedSchemas(): Json {
  return Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, inline(schema, 'output')]));
}

/** Named ones within it are referred to. */
function inline(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const within = zodSchema as unknown as z.ZodType;
      const name = within === schema ? undefined : nameOf.get(within);
      if (name !== undefined) replace(jsonSchema, reference(name));
      else tidy(jsonSchema);
    },
  });
  return json;
}

function replace(target: Json, by: Json): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, by);
}

/** That a whole number is one that JSON can hold need not be said of each. */
function tidy(json: Json): void {
  if (json['minimum'] === Number.MIN_SAFE_INTEGER) delete json['minimum'];
  if (json['maximum'] === Number.MAX_SAFE_INTEGER) delete json['maximum'];
}
