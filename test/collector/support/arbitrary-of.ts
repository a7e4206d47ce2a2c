/** Values of a zod schema, hostile text included: a field that is added to a schema is tried without touching a test. */
import fc from 'fast-check';
import { z } from 'zod';

/** Text of at most `max` characters. */
type Text = (max: number) => fc.Arbitrary<string>;

const hostile: Text = (max) =>
  fc.oneof(
    fc.string({ maxLength: Math.min(max, 20), unit: 'binary' }),
    fc.constantFrom('', '\u0000', "'; DROP TABLE observations; --", '\u202egnp', '{"a":1}').map((s) => s.slice(0, max)),
  );

export function arbitraryOf<Schema extends z.ZodType>(
  schema: Schema,
  text: Text = hostile,
): fc.Arbitrary<z.infer<Schema>> {
  return build(schema, text) as fc.Arbitrary<z.infer<Schema>>;
}

function build(schema: z.core.$ZodType, text: Text): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional) return fc.option(build(schema.unwrap(), text), { nil: undefined });
  if (schema instanceof z.ZodNullable) return fc.option(build(schema.unwrap(), text), { nil: null });
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber) return number(schema);
  if (schema instanceof z.ZodString) return string(schema, text);
  if (schema instanceof z.ZodArray) {
    const bounds = (schema.def.checks ?? []).map(({ _zod }) => _zod.def as { minimum?: number; maximum?: number });
    return fc.array(build(schema.element, text), {
      minLength: Math.max(0, ...bounds.map(({ minimum = 0 }) => minimum)),
      maxLength: Math.min(3, ...bounds.map(({ maximum = 3 }) => maximum)),
    });
  }
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).map(
      ([name, field]) => [name, build(field as z.core.$ZodType, text)] as const,
    );
    return fc.record(Object.fromEntries(fields)).map(withoutUndefined);
  }
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => build(option, text)));
  throw new Error(`no arbitrary for ${schema.constructor.name}`);
}

function number(schema: z.ZodNumber): fc.Arbitrary<number> {
  const checks = (schema.def.checks ?? []).map(({ _zod }) => _zod.def as { check: string; inclusive?: boolean });
  const above = checks.some(({ check, inclusive }) => check === 'greater_than' && inclusive === false) ? 1 : 0;
  const min = Number.isFinite(schema.minValue)
    ? Math.max((schema.minValue ?? 0) + above, Number.MIN_SAFE_INTEGER)
    : -1e9;
  if (schema.isInt) return fc.oneof(fc.integer({ min, max: 1e9 }), fc.constant(Number.MAX_SAFE_INTEGER));
  return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
}

function string(schema: z.ZodString, text: Text): fc.Arbitrary<string> {
  const pattern = schema.def.checks?.map((check) => (check._zod.def as { pattern?: RegExp }).pattern).find(Boolean);
  if (pattern) return fc.stringMatching(pattern);
  return text(schema.maxLength ?? 1000);
}

function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
}
