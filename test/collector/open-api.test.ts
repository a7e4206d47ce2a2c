import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiRoute, openApi } from '../../collector/query/open-api.ts';
import { type Running, runCollector } from './support/running.ts';

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  parameters: { name: string; in: string; schema: object; description?: string }[];
  responses: Record<string, { $ref?: string; description?: string; content?: object }>;
  security: object[];
}
interface Document {
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, { content: object }> };
}

let running: Running;
let document: Document;

beforeAll(async () => {
  running = await runCollector();
  document = await running.json('/api/v1/openapi.json');
});
afterAll(() => running.stop());

const operations = (): Operation[] => Object.values(document.paths).flatMap((path) => Object.values(path));

describe('the description of the API', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as object as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe('3.1');
  });

  test('has every route of the API, and no other', () => {
    const isApi = (url: string) => url.startsWith('/api/') || ['/healthz', '/readyz', '/metrics'].includes(url);
    const expected = running.collector.routes
      .filter(({ url, method }) => isApi(url) && method !== 'HEAD')
      .map(({ url, method }) => `${method.toLowerCase()} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.toSorted()).toEqual(expected.toSorted());
  });

  test('says of each how it is refused, what it takes, and who may', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const operation of operations()) {
      const { operationId, responses, security, parameters } = operation;
      expect([operationId, Object.keys(responses)]).toEqual([
        operationId,
        expect.arrayContaining(['200', '400', '429', '503', 'default', ...(security.length > 0 ? ['401', '403'] : [])]),
      ]);
      for (const [status, { $ref = '' }] of Object.entries(responses)) {
        if (status === '200') continue;
        const problem = document.components.responses[$ref.split('/').at(-1)!];
        expect(problem?.content).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
      }
      expect(responses['200']?.content).toBeDefined();
      expect(operation.tags.every((tag) => tags.includes(tag))).toBe(true);
      expect(operation.description).toMatch(/For (everybody|viewers|analysts|agents|administrators)/);
      for (const parameter of parameters.filter(({ in: where }) => where === 'query')) {
        expect([operationId, parameter.name, parameter.description]).toEqual([
          operationId,
          parameter.name,
          expect.stringMatching(/^Must be [^[]+\./),
        ]);
        expect(parameter.schema).not.toHaveProperty('expected');
      }
    }
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('refers to nothing that is not there, and describes nothing that nobody refers to', () => {
    const text = JSON.stringify(document);
    const referred = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref));
    for (const name of Object.keys(document.components.responses)) referred.delete(`#/components/responses/${name}`);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...referred].filter((ref) => !known.includes(ref!))).toEqual([]);
    expect(text).not.toContain('$defs');
  });

  test('answers are as it says', async () => {
    const { default: Ajv } = await import('ajv/dist/2020.js');
    const ajv = new Ajv.default({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'api');
    const paths = ['/api/v1/status', '/api/v1/fleet', '/api/v1/rules', '/api/v1/alerts', '/api/v1/history', '/healthz'];
    for (const path of paths) {
      const pointer = `api#/paths/${path.replaceAll('/', '~1')}/get/responses/200/content/application~1json/schema`;
      const validate = ajv.getSchema(pointer);
      expect([path, validate?.(await running.json(path)), validate?.errors]).toEqual([path, true, null]);
    }
  });
});

test('of what a route takes: path, query, a body of its own type, another kind of answer', () => {
  const route: ApiRoute = {
    method: 'POST',
    url: '/api/v1/things/:id/parts/:part',
    access: 'act',
    documentation: {
      tag: 'Alerts',
      summary: 'Do',
      query: z.strictObject({
        limit: z.string().transform(Number).default(100).meta({ expected: 'a whole number' }),
        must: z.string(),
      }),
      body: z.strictObject({ note: z.string().default('') }),
      answer: { mediaTypes: ['text/csv'], description: 'Rows.' },
    },
  };
  const { paths } = openApi([route], '1.2.3') as unknown as Document;
  expect(paths['/api/v1/things/{id}/parts/{part}']?.['post']).toMatchObject({
    operationId: 'postThingsIdPartsPart',
    description: 'For analysts and administrators.',
    parameters: [
      { name: 'id', in: 'path', required: true },
      { name: 'part', in: 'path', required: true },
      {
        name: 'limit',
        required: false,
        schema: { type: 'string' },
        description: 'Must be a whole number. Left out: 100.',
      },
      { name: 'must', required: true },
      { name: 'X-CSRF-Token', in: 'header', required: false },
    ],
    requestBody: { content: { 'application/json': { schema: { properties: { note: { type: 'string' } } } } } },
    responses: { 200: { description: 'Rows.', content: { 'text/csv': {} } }, 404: {}, 409: {} },
    security: [{ bearer: [] }, { session: [] }],
  });
});
