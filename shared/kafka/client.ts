/**
 * Makes clients of Kafka out of the configuration. The one file that loads kafkajs: what is put right about kafkajs is in
 * place before anything of it is used.
 */
import { createRequire } from 'node:module';
import type * as KafkaJS from 'kafkajs';
import type { CompressionTypes, Consumer, EachBatchPayload, Kafka, KafkaConfig, KafkaMessage, Producer } from 'kafkajs';
import type { Logger } from '../telemetry/logger.ts';
import { type Codec, type Compression, codecs, requireCodec } from './codecs.ts';
import { letIdleSleep, type RequestQueue } from './idle-guard.ts';
import { logBridge } from './log-bridge.ts';
import { type BatchRecord, batchReader } from './record-batch.ts';
import { saslOptions, tlsOptions } from './security.ts';
import type { KafkaSettings } from './settings.ts';

export type { Consumer, EachBatchPayload, Kafka, Producer };
/** A record as the consumer is given it. */
export type ConsumedRecord = KafkaMessage & Pick<BatchRecord, 'unreadable'>;

const require = createRequire(import.meta.url);
const READER = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder');
const kafkajs = prepared();

const CONNECT_MS = 10_000;
const REQUEST_MS = 30_000;
/** A few tries against what passes at once; whoever uses a client tries again for ever. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 4 };

/**
 * A client with the secrets and certificates as they are in their files now: whoever connects anew makes a new one.
 *
 * @throws KafkaProblem with reason `secret` when one can't be read
 */
export async function createKafka(settings: KafkaSettings, logger: Logger): Promise<Kafka> {
  const [ssl, sasl] = [await tlsOptions(settings.tls), await saslOptions(settings.sasl)];
  return new kafkajs.Kafka({
    brokers: settings.brokers,
    clientId: settings.clientId,
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: kafkajs.logLevel.DEBUG,
    logCreator: () => logBridge(logger),
    ...(ssl && { ssl }),
    ...(sasl && { sasl }),
  } satisfies KafkaConfig);
}

/**
 * What a producer is told to pack with.
 *
 * @throws TruantError CONFIG_INVALID when this Node does not have it
 */
export function packing(compression: Compression): CompressionTypes {
  requireCodec(compression);
  const { None, GZIP, LZ4, ZSTD } = kafkajs.CompressionTypes;
  return { none: None, gzip: GZIP, lz4: LZ4, zstd: ZSTD }[compression];
}

function prepared(): typeof KafkaJS {
  if (require.cache[require.resolve('kafkajs')])
    throw new Error('kafkajs was loaded before what is put right about it');
  const readers = new Map([...codecs.values()].map(({ number, decompress }) => [number, decompress]));
  require(READER);
  const reader = require.cache[READER];
  if (!reader) throw new Error('kafkajs is not built as it was');
  reader.exports = batchReader(readers);
  letIdleSleep((require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype);
  const loaded = require('kafkajs') as typeof KafkaJS;
  for (const codec of codecs.values()) loaded.CompressionCodecs[codec.number as never] = (() => packer(codec)) as never;
  return loaded;
}

/** As kafkajs wants it. */
const packer = ({ compress }: Codec) => ({ compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer) });
