/**
 * Observations out of a Kafka topic. Each partition is read from where the store has come to, by whichever collector of the
 * group has it at the time; the brokers are told how far that is only for people to see.
 */
import { Gauge, type Registry } from 'prom-client';
import { type Component, createComponent } from '../../../shared/component/component.ts';
import { type Consumer, createKafka, type EachBatchPayload, type Producer } from '../../../shared/kafka/client.ts';
import { partitionOf } from '../../../shared/kafka/partition.ts';
import type { KafkaSettings } from '../../../shared/kafka/settings.ts';
import { ensureTopic } from '../../../shared/kafka/topics.ts';
import { KAFKA_TROUBLES, type KafkaTrouble, troubleOf } from '../../../shared/kafka/trouble.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
