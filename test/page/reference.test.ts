import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { curlOf } from '../../collector/web/page/views/reference/curl.ts';
import { resolved, sectionsOf } from '../../collector/web/page/views/reference/open-api.ts';
import { exampleOf, shapeOf } from '../../collector/web/page/views/reference/schema.ts';
import { AlertAction } from '../../shared/schema/handling.ts';

const document = {
  tags: [{ name: 'Alerts', description: 'Thefts.' }, { name: 'Unused' }],
  paths: {
    '/api/v1/alerts/{id}/actions': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      post: {
        tags: ['Alerts'],
        summary: 'Do something',
        parameters: [{ $ref: '#/components/parameters/cluster' }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Action' } } },
        },
        responses: {
          200: { description: 'Done', content: { 'application/json': {} } },
          400: { $ref: '#/components/responses/Refused' },
        },
      },
    },
    '/healthz': { get: { tags: ['Operations'], security: [], responses: {} } },
  },
  components: {
    parameters: {
      cluster: { name: 'cluster', in: 'query', required: true, schema: { type: 'string', maxLength: 253 } },
    },
    responses: { Refused: { description: 'Refused' } },
    schemas: {
      Action: z.toJSONSchema(AlertAction),
      Loop: { $ref: '#/components/schemas/Loop' },
      Tree: { type: 'object', properties: { child: { $ref: '#/components/schemas/Tree' } }, required: ['child'] },
      "It's": { type: 'object', properties: { name: { const: "it's" } }, required: ['name'] },
    },
  },
};

describe('an OpenAPI document', () => {
  const sections = sectionsOf(document);
  const operation = sections[0]?.operations[0];

  it('has operations by tag', () => {
    expect(
      sections.map(({ tag, operations }) => [tag, operations.map(({ method, path }) => `${method} ${path}`)]),
    ).toEqual([
      ['Alerts', ['POST /api/v1/alerts/{id}/actions']],
      ['Operations', ['GET /healthz']],
    ]);
  });

  it('has its references followed', () => {
    expect(operation?.parameters.map(({ name, required }) => [name, required])).toEqual([
      ['id', true],
      ['cluster', true],
    ]);
    expect(operation?.answers.map(({ status, description }) => [status, description])).toEqual([
      ['200', 'Done'],
      ['400', 'Refused'],
    ]);
  });

  it('gives a line for a shell, with the token in a variable', () => {
    expect(operation && curlOf(document, operation, 'https://truant.example')).toBe(
      [
        'curl -sS -X POST',
        '-H "Authorization: Bearer $TRUANT_TOKEN"',
        "-H 'content-type: application/json'",
        `-d '{"action":"acknowledge"}'`,
        "'https://truant.example/api/v1/alerts/{id}/actions?cluster=…'",
      ].join(' \\\n  '),
    );
    const open = sections[1]?.operations[0];
    expect(open && curlOf(document, open, 'http://h')).toBe("curl -sS \\\n  'http://h/healthz'");
  });

  it('can not get out of the quotes of that line', () => {
    const schema = { $ref: "#/components/schemas/It's" };
    const body = [{ type: 'application/json', schema }];
    expect(operation && curlOf(document, { ...operation, body }, 'http://h')).toContain(
      String.raw`-d '{"name":"it'\''s"}'`,
    );
  });

  it('that refers to itself comes to an end', () => {
    expect(resolved(document, { $ref: '#/components/schemas/Loop' })).toBeUndefined();
    expect(shapeOf(document, { $ref: '#/components/schemas/Tree' }).fields.map(({ name }) => name)).toEqual(['child']);
    expect(JSON.stringify(exampleOf(document, { $ref: '#/components/schemas/Tree' }))).toContain('child');
    expect(resolved(document, { $ref: '#/constructor/prototype' })).toBeUndefined();
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (any, other) => {
        expect(sectionsOf(any)).toBeInstanceOf(Array);
        expect(sectionsOf({ paths: { '/x': { get: any } } })).toBeInstanceOf(Array);
        expect(shapeOf(any, other).says).toBeTypeOf('string');
        expect(() => exampleOf(any, other)).not.toThrow();
      }),
    );
  });
});

describe('a schema in words', () => {
  it.each([
    [z.string().max(5), 'text (at most 5 characters)'],
    [z.int().min(1).max(9), 'whole number (from 1, to 9)'],
    [z.int(), 'whole number'],
    [z.boolean(), 'true or false'],
    [z.enum(['a', 'b']), 'one of a, b'],
    [z.string().nullable(), 'text or null'],
    [z.array(z.string()), 'list of: text'],
    [z.literal('x'), '"x"'],
    [z.unknown(), 'anything'],
  ])('%#', (schema, words) => {
    expect(shapeOf({}, z.toJSONSchema(schema)).says).toBe(words);
  });

  it('of several has the fields of all, required where all require them', () => {
    const several = z.union([z.object({ a: z.string(), b: z.string() }), z.object({ a: z.number(), c: z.string() })]);
    const { fields } = shapeOf({}, z.toJSONSchema(several));
    expect(fields.map(({ name, required }) => [name, required])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
  });
});
