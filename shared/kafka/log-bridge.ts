/**
 * What kafkajs logs, in Truant's log. Its texts, some of them a broker's, are fields, scrubbed and short; of whatever else it
 * adds, only names and numbers are kept. A level lower than kafkajs has it: what matters, its user says itself.
 */
import { clean } from '../normalise/scrub.ts';
import type { Logger } from '../telemetry/logger.ts';
import { printable } from '../text.ts';

export interface KafkaLogEntry {
  /** 1 error, 2 warning, 4 information, 5 debugging. */
  level: number;
  namespace: string;
  log: { message: string; [extra: string]: unknown };
}

const KEPT = ['broker', 'groupId', 'topic', 'partition', 'retryCount', 'retryTime', 'error'] as const;
const MAX_TEXT = 300;

export function logBridge(logger: Logger): (entry: KafkaLogEntry) => void {
  return ({ level, namespace, log }) => {
    const fields: Record<string, unknown> = { namespace, says: shown(log.message) };
    for (const name of KEPT) if (log[name] !== undefined) fields[name] = shown(log[name]);
    if (level <= 2) logger.info(fields, 'kafka client');
    else logger.debug(fields, 'kafka client');
  };
}

function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : printable(clean(String(value), MAX_TEXT));
}
