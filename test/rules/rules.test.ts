/** What holds for every rule. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TECHNIQUES } from '../../shared/detection/attack.ts';
import type { Rule } from '../../shared/detection/rule.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { Severity } from '../../shared/schema/alert.ts';

const RULES = fileURLToPath(new URL('../../shared/detection/rules/', import.meta.url));
const files = readdirSync(RULES).filter((file) => !['index.ts', 'by-id.ts'].includes(file));

it('every file is a rule that is in use, and bears its id', async () => {
  const ids = await Promise.all(
    files.map(async (file) => {
      const { default: rule } = (await import(`${RULES}${file}`)) as { default: Rule };
      expect(rules).toContain(rule);
      return `${rule.id}.ts`;
    }),
  );
  expect(ids).toEqual(files);
  expect(rules).toHaveLength(files.length);
});

it('rules are known by one id each, in order', () => {
  const ids = rules.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].toSorted());
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  it('has a test of its own', () => {
    expect(existsSync(fileURLToPath(new URL(`${id}.test.ts`, import.meta.url)))).toBe(true);
  });

  it('names techniques that are known', () => {
    expect(rule.attack.length).toBeGreaterThan(0);
    for (const technique of rule.attack) expect(Object.keys(TECHNIQUES)).toContain(technique);
  });

  it('is documented', () => {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(Severity.options).toContain(rule.severity);
    expect(['node', 'cluster']).toContain(rule.scope);
    expect(rule.observes.length).toBeGreaterThan(0);
    expect(rule.title).toMatch(/^[A-Z].+[^.]$/);
    for (const text of [rule.needs, rule.why]) expect(text).toMatch(/^.{20,}\.$/);
    expect(rule.triage.length).toBeGreaterThan(0);
    for (const text of [...rule.falsePositives, ...rule.blindSpots, ...rule.triage])
      expect(text).toMatch(/^.{10,}[.]$/);
  });
});
