/** What stands in the way, out of what kafkajs throws: a closed list of reasons, what it says, and what has to be put right. */
import { TruantError } from '../errors.ts';
import { clean } from '../normalise/scrub.ts';
import { printable } from '../text.ts';

export const KAFKA_TROUBLES = [
  'unreachable',
  'tls',
  'authentication',
  'authorisation',
  'topic-missing',
  'too-large',
  'secret',
  'broker',
] as const;

export interface KafkaTrouble {
  reason: (typeof KAFKA_TROUBLES)[number];
  /** In the client's or the broker's words, scrubbed. */
  detail: string;
  /** What has to be put right; undefined when it may pass by itself. */
  remedy?: string;
}

/** Thrown by Truant itself on its way to a broker. */
export class KafkaProblem extends Error {
  readonly trouble: KafkaTrouble;

  constructor(trouble: KafkaTrouble, cause?: unknown) {
    super(trouble.detail, cause === undefined ? undefined : { cause });
    this.trouble = trouble;
  }
}

const MAX_DETAIL = 300;

const REMEDIES: Partial<Record<KafkaTrouble['reason'], string>> = {
  tls: 'Look at kafka.tls: whether the listener speaks TLS, the CA that signed its certificate, the name in that certificate, and the certificate of this client.',
  authentication: 'Look at kafka.sasl: the mechanism, and the name and the secret that the brokers know.',
  authorisation: 'Give this client its rights at the brokers: docs/kafka.md lists the ACLs.',
  'topic-missing': 'Create the topic, or set kafka.createTopics and give this client the right to create it.',
};

const TYPES: Readonly<Record<string, KafkaTrouble['reason']>> = {
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
  UNKNOWN_TOPIC_OR_PARTITION: 'topic-missing',
  TOPIC_AUTHORIZATION_FAILED: 'authorisation',
  GROUP_AUTHORIZATION_FAILED: 'authorisation',
  CLUSTER_AUTHORIZATION_FAILED: 'authorisation',
  SASL_AUTHENTICATION_FAILED: 'authentication',
  UNSUPPORTED_SASL_MECHANISM: 'authentication',
  ILLEGAL_SASL_STATE: 'authentication',
};

const TLS_WORDS =
  /certificate|\bssl\b|\btls\b|alert number|altnames|self.signed|wrong version number|ERR_TLS|ERR_SSL|DEPTH_ZERO|UNABLE_TO_/i;

export function troubleOf(error: unknown): KafkaTrouble {
  const chain = [...causes(error)];
  for (const cause of chain) {
    if (cause instanceof KafkaProblem) return cause.trouble;
    // Of a file with a certificate.
    if (cause instanceof TruantError) return { reason: 'secret', detail: cause.message, ...remedyOf(cause) };
  }
  const last = chain.at(-1) ?? new Error(String(error));
  const reason = reasonOf(chain);
  const remedy = REMEDIES[reason];
  const detail = printable(clean(last.message || last.name, MAX_DETAIL));
  return { reason, detail, ...(remedy !== undefined && { remedy }) };
}

const remedyOf = ({ remedy }: TruantError) => (remedy === undefined ? {} : { remedy });

function reasonOf(chain: readonly Error[]): KafkaTrouble['reason'] {
  for (const error of chain) {
    const known = 'type' in error ? TYPES[String(error.type)] : undefined;
    if (known) return known;
    if (error.name === 'KafkaJSSASLAuthenticationError') return 'authentication';
    if (TLS_WORDS.test(error.message)) return 'tls';
  }
  return chain.some(({ name }) => /Connection|BrokerNotFound|RequestTimeout|NoBroker/.test(name))
    ? 'unreachable'
    : 'broker';
}

/** An error and what it wraps, the innermost last; of several that were told at once, the first. */
function* causes(error: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  let at = error;
  while (at instanceof Error && !seen.has(at)) {
    seen.add(at);
    yield at;
    at = 'errors' in at && Array.isArray(at.errors) ? at.errors[0] : at.cause;
  }
}
