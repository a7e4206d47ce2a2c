import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ecs } from '../../shared/formats/ecs.ts';
import { canonicalAddress } from '../../shared/inventory/address.ts';
import { parseTime } from '../../shared/time.ts';
import { read, theft, use } from '../page/support/theft.ts';
import { arbitraryOfAll, LINK, noticeOf, summary } from './support/notices.ts';
import { recordedAlerts } from './support/recorded-alerts.ts';

interface Published {
  type: string;
  array?: true;
  ignore_above?: number;
  values?: string[];
  event_types?: Record<string, string[]>;
}

interface Mapping {
  type?: string;
  ignore_above?: number;
  properties?: Record<string, Mapping>;
}

const json = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as unknown;

const published = json('../fixtures/ecs/fields-9.4.0.json') as Record<string, Published>;
const template = (name: string) => json(`../../deploy/elasticsearch/${name}.json`);
const mappings = (template('elasticsearch') as { template: { mappings: Mapping } }).template.mappings;

/** Every value by the path of its field; what lists hold stands side by side. */
function* fieldsOf(value: unknown, path = ''): Generator<[field: string, value: unknown, inList: boolean]> {
  if (Array.isArray(value)) {
    for (const one of value) for (const [field, inner] of fieldsOf(one, path)) yield [field, inner, true];
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      expect(key, 'a nested object, not a dotted key').not.toContain('.');
      yield* fieldsOf(inner, path === '' ? key : `${path}.${key}`);
    }
  } else yield [path, value, false];
}

const isWhole = (value: unknown) => Number.isSafeInteger(value);
const isText = (value: unknown) => typeof value === 'string';
const FORMS: Record<string, (value: unknown) => boolean> = {
  keyword: isText,
  match_only_text: isText,
  wildcard: isText,
  object: isText,
  boolean: (value) => typeof value === 'boolean',
  long: isWhole,
  date: (value) => typeof value === 'string' && parseTime(value) !== undefined,
  ip: (value) => typeof value === 'string' && canonicalAddress(value) !== undefined,
};

function mappingOf(field: string): Mapping | undefined {
  let mapping: Mapping | undefined = mappings;
  for (const key of field.split('.')) mapping = mapping?.properties?.[key];
  return mapping;
}

function expectField(field: string, value: unknown, inList: boolean): void {
  const mapping = mappingOf(field);
  expect(mapping?.type, `${field} in the index template`).toBeDefined();
  expect(FORMS[mapping?.type ?? '']?.(value), `${field}: ${JSON.stringify(value)}`).toBe(true);
  if (/^(?:truant|kubernetes)\./.test(field)) return;
  const known = published[field.startsWith('labels.') ? 'labels' : field];
  expect(known, `${field} in ECS`).toBeDefined();
  expect(FORMS[known?.type ?? '']?.(value), `${field}: ${JSON.stringify(value)}`).toBe(true);
  expect(inList, `${field} as a list`).toBe(known?.array ?? false);
  if (known?.values) expect(known.values, field).toContain(value);
}

function expectDocument(text: string): void {
  const document = JSON.parse(text) as { event: { category: string[]; type: string[] } };
  for (const [field, value, inList] of fieldsOf(document)) expectField(field, value, inList);
  const { category, type } = document.event;
  for (const one of category) {
    expect(published['event.category']?.event_types?.[one], one).toEqual(expect.arrayContaining(type));
  }
}

describe('ECS', () => {
  it('has no field but those of ECS and the index template, for the alerts of the recordings', async () => {
    const alerts = await recordedAlerts();
    expect(alerts.length).toBeGreaterThan(10);
    for (const alert of alerts) expectDocument(ecs.alert(noticeOf(alert)));
  });

  it('nor for whatever else an alert holds', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) =>
        expectDocument(notice.kind === 'alert' ? ecs.alert(notice) : ecs.summary(notice)),
      ),
    );
  });

  it('says what, who, from where and how bad', () => {
    const alert = theft({
      sources: [
        { address: '2001:db8::1', where: 'internet', count: 3 },
        { address: 'nowhere', where: 'internet', count: 1 },
      ],
      attack: [
        { id: 'T1528', name: 'Steal Application Access Token', tactic: 'Credential Access' },
        { id: 'T1552.001', name: 'Unsecured Credentials: Credentials In Files', tactic: 'Credential Access' },
      ],
      evidence: [
        read({ pid: 4711, process: { name: 'cat', path: '/bin/busybox' }, path: '/v/token', node: 'node-b' }),
        use(),
      ],
      did: { requests: 3, refused: 1, actions: [], namespaces: [], userAgents: ['curl/8.5.0'] },
    });
    expect(JSON.parse(ecs.alert(noticeOf(alert, { event: 'update' })))).toMatchObject({
      '@timestamp': alert.updatedAt,
      ecs: { version: '9.4.0' },
      message: alert.summary,
      event: {
        kind: 'alert',
        action: 'alert-update',
        id: 'al_1',
        severity: 10,
        outcome: 'success',
        sequence: 1,
        url: LINK,
      },
      rule: { id: 'token-stolen-and-used', name: alert.title },
      threat: {
        tactic: { id: ['TA0006'], name: ['Credential Access'] },
        technique: {
          id: ['T1528', 'T1552'],
          name: ['Steal Application Access Token', 'Unsecured Credentials'],
          subtechnique: { id: ['T1552.001'], name: ['Credentials In Files'] },
        },
      },
      user: { name: 'system:serviceaccount:shop:cart' },
      source: { address: '2001:db8::1', ip: '2001:db8::1' },
      related: { ip: ['2001:db8::1', '203.0.113.66'], hosts: ['node-a', 'node-b'] },
      orchestrator: { cluster: { name: 'kubernetes' }, namespace: 'shop', resource: { type: 'pod', name: 'cart-0' } },
      host: { name: 'node-b' },
      process: { pid: 4711, name: 'cat', executable: '/bin/busybox' },
      file: { path: '/v/token', name: 'token' },
      user_agent: { original: 'curl/8.5.0' },
    });
  });

  it('has no address where there is none', () => {
    const alert = theft({ sources: [{ address: '1.2.3.4.5', where: 'internet', count: 1 }] });
    expect((JSON.parse(ecs.alert(noticeOf(alert))) as { source: unknown }).source).toEqual({ address: '1.2.3.4.5' });
  });

  it('tells a summary', () => {
    const text = ecs.summary(summary);
    expectDocument(text);
    expect(JSON.parse(text)).toMatchObject({
      event: { action: 'alert-summary', id: summary.id, severity: 10, start: summary.since },
      truant: { summary: { total: 41 } },
    });
  });
});

describe('index templates', () => {
  it('take fields as ECS has them', () => {
    for (const [field, mapping] of mapped(mappings)) {
      if (/^(?:truant|kubernetes|labels)\./.test(field)) continue;
      expect(mapping.type, field).toBe(published[field]?.type);
      expect(mapping.ignore_above, field).toBe(published[field]?.ignore_above);
    }
  });

  it('refuse no document for a long text, and take up no field by themselves', () => {
    expect(mappings).toMatchObject({ dynamic: false });
    for (const [field, mapping] of mapped(mappings)) {
      if (mapping.type === 'keyword') expect(mapping.ignore_above, field).toBeGreaterThan(0);
    }
  });

  it('are the same for OpenSearch, whose older versions have no match_only_text', () => {
    const same = JSON.parse(JSON.stringify(template('elasticsearch')).replaceAll('match_only_text', 'text')) as unknown;
    expect(template('opensearch')).toEqual(same);
  });
});

function* mapped({ properties = {} }: Mapping, path = ''): Generator<[field: string, mapping: Mapping]> {
  for (const [key, mapping] of Object.entries(properties)) {
    if (mapping.properties) yield* mapped(mapping, `${path}${key}.`);
    else yield [`${path}${key}`, mapping];
  }
}
