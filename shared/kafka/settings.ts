import type { Config } from '../config/schema.ts';

/** The section `kafka` of the configuration. */
export type KafkaSettings = Config['kafka'];
