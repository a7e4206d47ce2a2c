/** What a broker for tests is told: every way in that Truant supports, each on a listener of its own. */

export const LISTENERS = ['plaintext', 'sasl', 'tls', 'saslTls'] as const;
export type ListenerName = (typeof LISTENERS)[number];

/** Names and passwords for PLAIN and SCRAM. */
export const USERS = { admin: 'admin-pass-1', agent: 'agent-pass-2', collector: 'collector-pass-3' } as const;

/** All PEM. */
export interface ServerTls {
  certificate: string;
  key: string;
  /** Who signs certificates of clients; with it they must have one on the listener `tls`. */
  clientCa: string;
}

export interface ServerOptions {
  tls?: ServerTls;
  acls?: true;
  properties?: Record<string, string>;
  data: string;
  /** Address of each. */
  listeners: Readonly<Record<ListenerName, string>>;
  /** Port of the controller. */
  controller: number;
}

const PROTOCOLS: Record<ListenerName, string> = {
  plaintext: 'PLAINTEXT',
  sasl: 'SASL_PLAINTEXT',
  tls: 'SSL',
  saslTls: 'SASL_SSL',
};

export function serverProperties({ tls, acls, properties = {}, data, listeners, controller }: ServerOptions): string {
  const used = LISTENERS.filter((name) => tls !== undefined || !PROTOCOLS[name].endsWith('SSL'));
  const addresses = used.map((name) => `${name.toUpperCase()}://${listeners[name]}`).join(',');
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${addresses},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': addresses,
    'listener.security.protocol.map': [
      ...used.map((name) => `${name.toUpperCase()}:${PROTOCOLS[name]}`),
      'CONTROLLER:PLAINTEXT',
    ].join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    'num.partitions': '1',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // One that was killed may come back as soon as it is taken for dead.
    'broker.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '200',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    'auto.create.topics.enable': 'false',
    'log.retention.check.interval.ms': '1000',
    ...saslProperties('sasl'),
    ...(tls && { ...saslProperties('saslTls'), ...tlsProperties(tls) }),
    ...(acls && {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:admin;User:ANONYMOUS',
    }),
    ...properties,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n\\\n')}\n`)
    .join('');
}

function saslProperties(listener: ListenerName): Record<string, string> {
  // Names of settings are in small letters, of listeners in capitals.
  const prefix = `listener.name.${listener.toLowerCase()}`;
  const known = Object.entries(USERS).map(([name, password]) => `user_${name}="${password}"`);
  const oauth = 'org.apache.kafka.common.security.oauthbearer';
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${prefix}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${known.join(' ')};`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    // Tokens without a signature, as good as any other for what a client does with them.
    [`${prefix}.oauthbearer.sasl.jaas.config`]: `${oauth}.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    [`${prefix}.oauthbearer.sasl.server.callback.handler.class`]: `${oauth}.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
  };
}

function tlsProperties({ certificate, key, clientCa }: ServerTls): Record<string, string> {
  const keystore = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': certificate,
    'ssl.keystore.key': key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': clientCa,
  };
  return {
    ...Object.fromEntries(
      ['tls', 'sasltls'].flatMap((listener) =>
        Object.entries(keystore).map(([name, value]) => [`listener.name.${listener}.${name}`, value]),
      ),
    ),
    'listener.name.tls.ssl.client.auth': 'required',
  };
}
