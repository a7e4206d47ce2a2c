/** What is offered to be copied is right. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseConfig } from '../../shared/config/parse.ts';

const folder = new URL('../../deploy/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

interface RbacDocument {
  rules?: object[];
  roleRef?: { name: string };
}

const examples = readdirSync(folder).filter((name) => name.endsWith('.example.yaml'));

it.each(examples)('%s is a right configuration', (name) => {
  expect(() => parseConfig(parse(read(name)))).not.toThrow();
});

it("the collector's rights are to have tokens reviewed, and to see public keys", () => {
  const documents = parseAllDocuments(read('collector-rbac.yaml')).map((document) => document.toJS() as RbacDocument);
  const rules = documents.flatMap(({ rules = [] }) => rules);
  expect(rules).toEqual([{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }]);
  const roles = documents.flatMap(({ roleRef }) => roleRef?.name ?? []);
  expect(roles).toEqual(['system:service-account-issuer-discovery', 'truant-collector-reviews']);
});

it("the agent's rights are to list and watch, and no Secrets", () => {
  const documents = parseAllDocuments(read('rbac.yaml')).map((document) => document.toJS() as Record<string, unknown>);
  const rules = documents.flatMap(({ rules = [] }) => rules as { resources: string[]; verbs: string[] }[]);
  expect(rules.flatMap(({ resources }) => resources)).toEqual(['pods', 'nodes', 'endpointslices']);
  expect(rules.every(({ verbs }) => verbs.join() === 'list,watch')).toBe(true);
});
