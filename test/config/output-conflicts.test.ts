import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../shared/config/parse.ts';

const kafka = { brokers: ['127.0.0.1:9092'] };
const parsed = (outputs: object) => parseConfig({ kafka, collector: { outputs } });
const file = (path: string) => ({ file: { path } });

describe('outputs', () => {
  test.each<[string, object]>([
    [
      'files of their own',
      { a: file('/var/log/truant'), b: file('/var/log/truant-b'), c: file('/var/log/truant.log') },
    ],
    ['the same topic', { a: { kafka: { topic: 'alerts' } }, b: { kafka: { topic: 'alerts' } } }],
    ['a topic of that name elsewhere', { a: { kafka: { topic: 'truant.observations', ...kafka } } }],
  ])('may have %s', (_what, outputs) => {
    expect(Object.keys(parsed(outputs).collector.outputs)).toEqual(Object.keys(outputs));
  });

  test.each<[string, object, string]>([
    ['one file', { a: file('/log/a'), b: file('/log/x/../a') }, 'collector.outputs.b.file.path'],
    ['a file that another is renamed to', { a: file('/log/a.2'), b: file('/log/a') }, 'collector.outputs.b.file.path'],
    [
      'the topic of observations',
      { a: { kafka: { topic: 'truant.observations' } } },
      'collector.outputs.a.kafka.topic',
    ],
    ['the topic of dead letters', { a: { kafka: { topic: 'truant.dead-letter' } } }, 'collector.outputs.a.kafka.topic'],
  ])('must not have %s', (_what, outputs, names) => {
    expect(() => parsed(outputs)).toThrow(names);
  });
});
