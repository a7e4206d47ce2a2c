/** Which Kafka there is to test with. */

/** The newest of each line that runs on Java 17. */
export const KAFKA_VERSIONS = ['4.4.0', '3.9.2'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

export const kafkaList = (version: KafkaVersion): string => `test/support/kafka/${version}.json`;
