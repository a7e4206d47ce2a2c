/** One life of a consumer: from its connection to the loss of it, or to its stop. */
import { type Consumer, type EachBatchPayload, type Kafka } from '../../../shared/kafka/client.ts';

export interface ConsumerOptions {
  kafka: Kafka;
  group: string;
  /** After so long without a sign of life the brokers give its partitions to others. */
  sessionMs: number;
  topic: string;
  /** Which partitions it has from now on, whenever that is decided anew. Called before anything of them is read. */
  onAssigned(partitions: readonly number[], consumer: Consumer): void;
  onBatch(payload: EachBatchPayload, consumer: Consumer): Promise<void>;
  signal: AbortSignal;
}

/** Signs of life in a session: two may get lost. */
const HEARTBEATS = 3;
const REBALANCE_MS = 60_000;
/** How long the brokers may wait for something to come before they say that there is nothing. */
const WAIT_MS = 500;
const PARTITION_BYTES = 1024 * 1024;
const RESPONSE_BYTES = 4 * 1024 * 1024;
const METADATA_MS = 10_000;
const DISCONNECT_MS = 5000;
const RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 4, restartOnFailure: async () => false };

/** Resolves once the signal is aborted and nothing is read any more; rejects with what ended it before. */
export async function consume({
  kafka,
  group,
  sessionMs,
  topic,
  onAssigned,
  onBatch,
  signal,
}: ConsumerOptions): Promise<void> {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: Math.floor(sessionMs / HEARTBEATS),
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES,
    maxBytes: RESPONSE_BYTES,
    metadataMaxAge: METADATA_MS,
    allowAutoTopicCreation: false,
    retry: RETRY,
  });
  let stop = (): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    stop = resolve;
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
  });
  signal.addEventListener('abort', stop, { once: true });
  consumer.on('consumer.group_join', ({ payload }) => onAssigned(payload.memberAssignment[topic] ?? [], consumer));
  const start = async (): Promise<void> => {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => onBatch(payload, consumer),
    });
    await ended;
  };
  try {
    // To be let into a group can take as long as others take to leave it.
    if (!signal.aborted) await Promise.race([start(), ended]);
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.race([consumer.disconnect().catch(() => undefined), after(DISCONNECT_MS)]);
  }
}

/** A broker that does not answer is not waited for. */
const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
