/** What holds documents against the schema must itself be able to say no. */
import { describe, expect, it } from 'vitest';
import { ocsfErrors } from './support/ocsf-schema.ts';

const valid = () => ({
  activity_id: 1,
  category_uid: 2,
  class_uid: 2004,
  type_uid: 200401,
  time: 1_795_459_186_281,
  severity_id: 4,
  severity: 'High',
  metadata: { version: '1.8.0', product: { name: 'Truant' }, profiles: ['incident'] as string[] },
  finding_info: { uid: 'al_1' },
  assignee: { name: 'ann' },
  evidences: [{ src_endpoint: { ip: '10.0.0.1', port: 443 }, data: { any: ['thing'] } }],
  observables: [{ name: 'evidences[0].src_endpoint.ip', value: '10.0.0.1', type_id: 2, type: 'IP Address' }],
});
type Wrong = Record<string, unknown>;

const evidence = (fields: object): Wrong => ({ evidences: [fields], observables: [] });
const info = (fields: object): Wrong => ({ finding_info: { uid: 'al_1', ...fields } });
const metadata = (fields: object): Wrong => ({ metadata: { ...valid().metadata, ...fields } });

describe('what is wrong', () => {
  it('nothing', () => {
    expect(ocsfErrors(valid())).toEqual([]);
  });

  it.each<{ what: string; wrong: Wrong; error: string }>([
    { what: 'not one of its attributes', wrong: { nonsense: 1 }, error: 'nonsense: no such attribute' },
    { what: 'an inherited name', wrong: { constructor: 1 }, error: 'constructor: no such attribute' },
    { what: 'required, and undefined', wrong: { severity_id: undefined }, error: 'severity_id: is no integer' },
    { what: 'required further in', wrong: { finding_info: {} }, error: 'finding_info.uid: is required' },
    { what: 'a fraction', wrong: { time: 1.5 }, error: 'time: is no integer (timestamp_t)' },
    { what: 'a number as text', wrong: { count: '1' }, error: 'count: is no integer (integer_t)' },
    { what: 'a text as number', wrong: info({ title: 1 }), error: 'finding_info.title: is no string (string_t)' },
    { what: 'a boolean as text', wrong: { is_alert: 'true' }, error: 'is_alert: is no boolean (boolean_t)' },
    { what: 'null', wrong: { message: null }, error: 'message: is no string (string_t)' },
    { what: 'none of the values', wrong: { severity_id: 7 }, error: 'severity_id: 7 is none of its values' },
    { what: 'two that disagree', wrong: { severity: 'Low' }, error: 'severity_id: severity is "Low", not High' },
    { what: '99 without saying what', wrong: { status_id: 99 }, error: 'status_id: status must say what' },
    { what: 'one in place of many', wrong: { evidences: {} }, error: 'evidences: is no array' },
    { what: 'many in place of one', wrong: { assignee: [] }, error: 'assignee: is no object' },
    { what: 'another class', wrong: { class_uid: 2001 }, error: 'class_uid: 2001 is none of its values' },
    { what: 'a type of another activity', wrong: { type_uid: 200402 }, error: 'type_uid: is not 200401' },
    { what: 'another version', wrong: metadata({ version: '1.7.0' }), error: 'metadata.version: is another' },
    { what: 'a profile unnamed', wrong: metadata({ profiles: [] }), error: 'assignee: needs profile incident' },
    { what: 'no profile', wrong: metadata({ profiles: ['x'] }), error: 'metadata.profiles: x is none of this class' },
    { what: 'what a profile requires', wrong: metadata({ profiles: ['cloud'] }), error: 'cloud: is required' },
    { what: 'deprecated', wrong: info({ product_uid: 'x' }), error: 'finding_info.product_uid: is deprecated' },
    { what: 'none of several', wrong: evidence({ name: 'use' }), error: 'evidences[0]: has none of actor, api,' },
    { what: 'two of one', wrong: evidence({ url: {}, job: {} }), error: 'evidences[0].url: has none of' },
    {
      what: 'no address',
      wrong: evidence({ src_endpoint: { ip: 'localhost' } }),
      error: 'evidences[0].src_endpoint.ip: has not the form (ip_t)',
    },
    {
      what: 'too long',
      wrong: evidence({ src_endpoint: { ip: `${'0:'.repeat(20)}1` } }),
      error: 'evidences[0].src_endpoint.ip: is longer than 40 (ip_t)',
    },
    {
      what: 'no port',
      wrong: evidence({ src_endpoint: { port: 65_536 } }),
      error: 'evidences[0].src_endpoint.port: is out of range (port_t)',
    },
    {
      what: 'more than a UUID',
      wrong: evidence({ file: { name: 'x', type_id: 0 }, container: { uid: 'x', pod_uuid: 'x' } }),
      error: 'evidences[0].container.pod_uuid: has not the form (uuid_t)',
    },
    {
      what: 'pointing elsewhere',
      wrong: { observables: [{ name: 'evidences[0].src_endpoint.ip', value: '10.0.0.2', type_id: 2 }] },
      error: 'observables[0]: evidences[0].src_endpoint.ip is not its value',
    },
    {
      what: 'pointing nowhere',
      wrong: { observables: [{ name: 'evidences[9].src_endpoint.ip', type_id: 2 }] },
      error: 'observables[0]: evidences[9].src_endpoint.ip is not its value',
    },
  ])('$what', ({ wrong, error }) => {
    expect(ocsfErrors({ ...valid(), ...wrong }).join('\n')).toContain(error);
  });

  it('left out', () => {
    const { severity_id: _1, severity: _2, ...document } = valid();
    expect(ocsfErrors(document)).toEqual(['severity_id: is required']);
  });

  it.each([null, [], 'x'])('no object: %j', (document) => {
    expect(ocsfErrors(document)).toEqual(['is no object']);
  });
});
