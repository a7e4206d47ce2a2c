/** The section `kafka`: how agents and collectors reach the brokers. */
import { z } from 'zod';
import { flag, list, section } from './keys.ts';
import { filePath, hostAndPort, isLoopback, key, text, topicName, wholeNumber } from './values.ts';

const topic = (name: string, description: string) => key(topicName.default(name), description);

export const sasl = section('How this client proves who it is.', {
  mechanism: key(
    z.enum(['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).default('none'),
    'The mechanism. plain and oauthbearer show the secret to whom they speak with, and need TLS.',
  ),
  username: key(text.optional(), 'The name, for plain and scram.'),
  passwordFile: key(filePath.optional(), 'A file that holds the password, for plain and scram.'),
  tokenFile: key(filePath.optional(), 'A file that holds the token, for oauthbearer. Read anew for each connection.'),
});

export const tls = section('TLS to the brokers, 1.2 or newer.', {
  enabled: flag(false, 'Use it.'),
  caFile: key(
    filePath.optional(),
    "A file with the CAs that sign the brokers' certificates (PEM). Without it: the usual ones.",
  ),
  certFile: key(filePath.optional(), "A file with this client's certificate (PEM), where the brokers want one."),
  keyFile: key(filePath.optional(), 'A file with the key of that certificate (PEM).'),
});

export const kafka = section('Kafka, for agents and collectors that use it.', {
  brokers: list(hostAndPort, 'Brokers to begin with; they tell of the others.'),
  clientId: key(text.default('truant'), "The name that this client bears in the brokers' logs and quotas."),
  topics: section('The topics that Truant uses.', {
    observations: topic('truant.observations', 'What agents saw.'),
    alerts: topic('truant.alerts', 'What was found.'),
    deadLetter: topic(
      'truant.dead-letter',
      'What a collector could not read: why, where it stands, and a scrubbed sample.',
    ),
  }),
  createTopics: flag(true, 'Create a topic that is missing, if the brokers allow it.'),
  partitions: key(
    wholeNumber(1, 1000, 'partitions').default(6),
    'Of a topic that is created. Of observations a cluster is in one of them: more collectors than clusters are of no use.',
  ),
  replication: key(
    wholeNumber(1, 100, 'copies').optional(),
    "How many brokers have a copy of a topic that is created. Without it: the brokers' default.",
  ),
  compression: key(
    z.enum(['none', 'gzip', 'lz4', 'zstd']).default('gzip'),
    'How agents pack what they send. zstd needs Node 22.15 at both ends.',
  ),
  sasl,
  tls,
});
type Connection = Pick<z.infer<typeof kafka>, 'brokers' | 'sasl' | 'tls'>;

/** Keys that are wrong only together: where, and what is wrong. Asked only of who uses Kafka. */
export function* kafkaProblems({ brokers, sasl, tls }: Connection): Generator<{ path: string[]; message: string }> {
  if (brokers.length === 0) yield { path: ['brokers'], message: 'is empty, but Kafka is to be used' };
  const { mechanism } = sasl;
  const isRemote = brokers.some((broker) => !isLoopback(broker.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')));
  if (mechanism === 'oauthbearer' && sasl.tokenFile === undefined) {
    yield { path: ['sasl', 'tokenFile'], message: 'is missing, but the mechanism oauthbearer needs it' };
  }
  if (mechanism !== 'none' && mechanism !== 'oauthbearer') {
    for (const name of ['username', 'passwordFile'] as const) {
      if (sasl[name] === undefined)
        yield { path: ['sasl', name], message: `is missing, but the mechanism ${mechanism} needs it` };
    }
  }
  if ((mechanism === 'plain' || mechanism === 'oauthbearer') && !tls.enabled && isRemote) {
    yield {
      path: ['sasl', 'mechanism'],
      message: `is ${mechanism}, which shows the secret to everybody on the way without kafka.tls`,
    };
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    yield { path: ['tls'], message: 'needs certFile and keyFile together' };
  }
}
