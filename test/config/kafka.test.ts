import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../shared/config/parse.ts';
import { shownConfig } from '../../shared/config/shown.ts';

const brokers = ['kafka-1.example:9092', '[fd00::7]:9092'];
const local = ['127.0.0.1:9092', '[::1]:9092', 'localhost:9092'];
const asAgent = (kafka: object) => ({ agent: { transport: 'kafka' }, kafka });
const asCollector = (kafka: object) => ({ collector: { receive: { kafka: { enabled: true } } }, kafka });
const plain = { mechanism: 'plain', username: 'a', passwordFile: '/p' };

describe('the section kafka', () => {
  test.each([
    ['nobody uses it', { kafka: { sasl: { mechanism: 'plain' } } }],
    ['an agent uses it', asAgent({ brokers })],
    ['a collector uses it', asCollector({ brokers })],
    ['a password over TLS', asAgent({ brokers, sasl: plain, tls: { enabled: true } })],
    ['a password that does not leave the machine', asAgent({ brokers: local, sasl: plain })],
    ['a password that is never sent', asAgent({ brokers, sasl: { ...plain, mechanism: 'scram-sha-256' } })],
  ])('is right where %s', (_because, input) => {
    expect(parseConfig(input).kafka.topics.observations).toBe('truant.observations');
  });

  test.each([
    ['without brokers', asAgent({}), 'kafka.brokers'],
    ['without brokers, of a collector', asCollector({}), 'kafka.brokers'],
    ['with a broker without a port', asAgent({ brokers: ['kafka'] }), 'kafka.brokers[0]'],
    ['with a URL as a broker', asAgent({ brokers: ['kafka://a:9092'] }), 'kafka.brokers[0]'],
    ['without a password', asAgent({ brokers: local, sasl: { mechanism: 'plain', username: 'a' } }), 'passwordFile'],
    [
      'without a name',
      asAgent({ brokers: local, sasl: { mechanism: 'scram-sha-512', passwordFile: '/p' } }),
      'username',
    ],
    ['without a token', asAgent({ brokers: local, sasl: { mechanism: 'oauthbearer' } }), 'kafka.sasl.tokenFile'],
    ['that sends a password in clear', asAgent({ brokers, sasl: plain }), 'kafka.sasl.mechanism'],
    ['with a certificate without its key', asAgent({ brokers, tls: { enabled: true, certFile: '/c' } }), 'kafka.tls'],
    ['with a topic that cannot be', asAgent({ brokers, topics: { observations: '..' } }), 'kafka.topics.observations'],
    ['with a password in it', asAgent({ brokers, sasl: { ...plain, password: 'x' } }), 'kafka.sasl.password'],
  ])('is refused %s', (_because, input, names) => {
    expect(() => parseConfig(input)).toThrow(names);
  });

  test('has nothing secret to show', () => {
    const shown = JSON.stringify(shownConfig(parseConfig(asAgent({ brokers: local, sasl: plain }))));
    expect(shown).toContain('"passwordFile":"/p"');
  });
});
