/** Topics are made where that is wanted and allowed; else their absence is said. */
import type { Kafka } from './client.ts';
import type { KafkaSettings } from './settings.ts';
import { KafkaProblem, troubleOf } from './trouble.ts';

/**
 * Resolves with the number of the topic's partitions once it is there.
 *
 * @throws KafkaProblem `topic-missing`, `authorisation`; what kafkajs throws when no broker can be reached
 */
export async function ensureTopic(
  kafka: Kafka,
  topic: string,
  { createTopics, partitions, replication }: Pick<KafkaSettings, 'createTopics' | 'partitions' | 'replication'>,
): Promise<number> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const found = await count();
    if (found !== undefined) return found;
    if (!createTopics) throw missing(topic, 'kafka.createTopics is off');
    const wanted = {
      topic,
      numPartitions: partitions,
      ...(replication !== undefined && { replicationFactor: replication }),
    };
    await admin.createTopics({ topics: [wanted] }).catch((error: unknown) => {
      const { reason, detail } = troubleOf(error);
      throw reason === 'authorisation' ? missing(topic, `it may not be created: ${detail}`) : error;
    });
    // Somebody else may have made it meanwhile, with another number.
    return (await count()) ?? partitions;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }

  async function count(): Promise<number | undefined> {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length;
    } catch (error) {
      if (troubleOf(error).reason !== 'topic-missing') throw error;
      return undefined;
    }
  }
}

const missing = (topic: string, why: string): KafkaProblem =>
  new KafkaProblem({
    reason: 'topic-missing',
    detail: `there is no topic ${topic}, and ${why}`,
    remedy: 'Create the topic, or set kafka.createTopics and give this client the right to create it.',
  });
