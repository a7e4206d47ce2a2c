/** Why Kafka does not take alerts, in words. */
import { type KAFKA_TROUBLES, troubleOf } from '../../../shared/kafka/trouble.ts';
import { type FailureReason, OutputFailure } from '../failure.ts';

const REASONS: Readonly<Record<(typeof KAFKA_TROUBLES)[number], FailureReason>> = {
  unreachable: 'unreachable',
  tls: 'tls',
  authentication: 'authentication',
  authorisation: 'authorisation',
  'topic-missing': 'not-found',
  'too-large': 'too-large',
  secret: 'secret',
  broker: 'peer',
};
const NO_SUCH_NAME = /\b(?:ENOTFOUND|EAI_AGAIN)\b/;
const CLOSED = /^Closed connection/;
const OTHERWISE_PROTECTED =
  'Look whether it is stopping; if it always does so, whether that listener wants TLS or SASL, as kafka.tls and kafka.sasl then have to say.';

/** @param target such as `topic truant.alerts at kafka-1.example:9092` */
export function kafkaFailure(error: unknown, target: string, signal?: AbortSignal): OutputFailure {
  if (error instanceof OutputFailure) return error;
  if (signal?.aborted === true) {
    const remedy = 'Look at whether all brokers answer, and as many copies are in sync as the topic must have.';
    return new OutputFailure('timeout', `Kafka has not acknowledged in time what ${target} was sent.`, {
      remedy,
      cause: error,
    });
  }
  const { reason, detail, remedy: usual } = troubleOf(error);
  const remedy = usual ?? (CLOSED.test(detail) ? OTHERWISE_PROTECTED : undefined);
  return new OutputFailure(
    NO_SUCH_NAME.test(detail) ? 'dns' : REASONS[reason],
    `Kafka does not take alerts for ${target}: ${detail.replace(/\.?$/, '.')}`,
    { cause: error, of: reason === 'too-large' ? 'message' : 'output', ...(remedy !== undefined && { remedy }) },
  );
}
