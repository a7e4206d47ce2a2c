/**
 * Records that could not be taken, told of on a topic of their own: why, where they stand, and a scrubbed, short sample, never
 * the record itself. Where that topic can't be written they are counted and sampled all the same, and reading goes on.
 */
import { type Producer, packing } from '../../../shared/kafka/client.ts';
import { clean } from '../../../shared/normalise/scrub.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ComponentMetrics } from '../../../shared/telemetry/metrics.ts';
import { type Clock, formatTime, MINUTE, type Micros } from '../../../shared/time.ts';
import { REJECTIONS } from '../decode.ts';

/** The closed list of why a record is not taken, besides what is wrong with its content. */
export const KAFKA_REJECTIONS = [
  ...REJECTIONS,
  'undecodable',
  'foreign-cluster',
  'limit-reached',
  'not-stored',
] as const;
export type KafkaRejection = (typeof KAFKA_REJECTIONS)[number];

export interface DeadLetter {
  reason: KafkaRejection;
  offset: number;
  value: Buffer | null;
}

export interface DeadLettersOptions {
  /** Where they are told of. */
  topic: string;
  metrics: ComponentMetrics<never, 'dead-letter', KafkaRejection>;
  /** Keeps samples in a file. */
  setAside(reason: KafkaRejection, value: Buffer): void;
  clock: Clock;
  logger: Logger;
}

const SAMPLE_CHARS = 2048;
/** More than is kept, so that a token across the cut is seen as one. */
const SCRUBBED_BYTES = 2 * SAMPLE_CHARS;
/** Of one send: with samples, well below what brokers take. */
const MAX_SENT = 200;
/** After a failure, so that a flood of bad records does not wait for a topic that is not there, one by one. */
const REST: Micros = MINUTE;
const ALL_REPLICAS = -1;
const ACKNOWLEDGE_MS = 10_000;

export class DeadLetterTopic {
  readonly #options: DeadLettersOptions;
  #restUntil: Micros = 0;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async tell(
    letters: readonly DeadLetter[],
    from: { topic: string; partition: number; producer(): Promise<Producer> },
  ): Promise<void> {
    const { metrics, setAside, clock } = this.#options;
    for (const { reason, value } of letters) {
      metrics.deadLetter(reason);
      setAside(reason, value ?? Buffer.alloc(0));
    }
    if (clock.now() < this.#restUntil) return;
    for (let at = 0; at < letters.length; at += MAX_SENT) {
      if (!(await this.#send(letters.slice(at, at + MAX_SENT), from))) return;
    }
  }

  async #send(
    letters: readonly DeadLetter[],
    { topic, partition, producer }: Parameters<DeadLetterTopic['tell']>[1],
  ): Promise<boolean> {
    const { clock, logger, metrics, topic: to } = this.#options;
    const time = formatTime(clock.now());
    const messages = letters.map(({ reason, offset, value }) => {
      const sample = clean((value ?? Buffer.alloc(0)).toString('utf8', 0, SCRUBBED_BYTES), SAMPLE_CHARS);
      const letter = { schema: 1, time, reason, topic, partition, offset, bytes: value?.length ?? 0, sample };
      return { key: `${topic}/${partition}`, value: JSON.stringify(letter) };
    });
    try {
      const connected = await producer();
      await connected.send({
        topic: to,
        acks: ALL_REPLICAS,
        timeout: ACKNOWLEDGE_MS,
        compression: packing('gzip'),
        messages,
      });
      return true;
    } catch (error) {
      metrics.error('dead-letter');
      this.#restUntil = clock.now() + REST;
      logger.warn(
        { err: error, topic: to },
        'dead letters cannot be told of in kafka; they are counted and sampled here',
      );
      return false;
    }
  }
}
