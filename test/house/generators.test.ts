import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configurationReference } from '../../scripts/generators/configuration.ts';
import { envelopeSchema } from '../../scripts/generators/envelope.ts';
import { cell } from '../../scripts/generators/generator.ts';
import { ruleCatalogue } from '../../scripts/generators/rules.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { Envelope } from '../../shared/schema/envelope.ts';

describe('the configuration reference', () => {
  const { content } = configurationReference();

  test('has every key that has a default, with it', () => {
    const leaves = (at: unknown, path: string[] = []): [string, unknown][] =>
      typeof at === 'object' && at !== null && !Array.isArray(at) && Object.keys(at).length > 0
        ? Object.entries(at).flatMap(([name, inner]) => leaves(inner, [...path, name]))
        : [[path.join('.'), at]];
    const defaults = leaves(parseConfig({}));
    expect(defaults.length).toBeGreaterThan(20);
    for (const [key, value] of defaults) {
      const row = content.split('\n').find((line) => line.startsWith(`| \`${key}\` |`));
      expect(row, key).toContain(`| \`${JSON.stringify(value)}\` |`);
    }
  });

  test('has the keys of lists and of rules', () => {
    expect(content).toContain('| `detection.allowedMinters[].reason` |');
    expect(content).toContain('| `detection.rules.<id>.enabled` |');
  });

  test('says something about each', () => {
    for (const line of content.split('\n').filter((row) => row.startsWith('| `'))) {
      const [, key, does, mustBe] = line.split(' | ');
      expect(key, line).not.toBe('');
      expect(does, line).not.toBe('');
      expect(mustBe, line).toBeDefined();
    }
  });
});

describe('the JSON Schema of an envelope', () => {
  test('names every key, and allows no other', () => {
    const schema = JSON.parse(envelopeSchema().content) as { properties: object; additionalProperties: boolean };
    expect(Object.keys(schema.properties)).toEqual(Object.keys(Envelope.shape));
    expect(schema.additionalProperties).toBe(false);
  });
});

describe('the rule catalogue', () => {
  test('has every rule, and every rule has all that it needs', () => {
    const { content } = ruleCatalogue();
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      expect(content).toContain(`\n## ${rule.id}\n`);
      expect(rule.triage.length, rule.id).toBeGreaterThan(0);
      expect(rule.falsePositives.length + rule.blindSpots.length, rule.id).toBeGreaterThan(0);
    }
  });

  test('every rule is in the file that bears its id, and every such file is in the catalogue', () => {
    const notRules = new Set(['index.ts', 'by-id.ts']);
    const files = readdirSync(new URL('../../shared/detection/rules/', import.meta.url)).filter(
      (name) => !notRules.has(name),
    );
    expect(files.toSorted()).toEqual(rules.map(({ id }) => `${id}.ts`).toSorted());
  });
});

test('a cell of a table holds any text', () => {
  expect(cell('a|b\nc')).toBe('a\\|b c');
});
