/** Runs of a stream as an agent sends them, short: a test names only what it is about. */
import { vi } from 'vitest';
import type { Run } from '../../agent/transport/transport.ts';
import { type Envelope, keyOf } from '../../shared/schema/envelope.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { use } from '../collector/support/make.ts';

/** Waits for a condition, not for a time. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });

export interface RunParts {
  cluster?: string;
  agent?: string;
  spool?: string;
}

export function envelopeOf(position: number, observation: Observation, parts: RunParts = {}): Envelope {
  const { cluster = 'demo', agent = 'node-a', spool = 'spool' } = parts;
  const { kind, time } = observation;
  const stream = `${cluster}/${agent}/${spool}`;
  return { schema: 1, cluster, agent, stream, position, kind, time, observation, findings: [] };
}

/** A run of that many uses, each of its own second. */
export function runOf(position: number, count: number, parts: RunParts = {}, observation = use): Run {
  const { cluster = 'demo', agent = 'node-a', spool = 'spool' } = parts;
  const records = Array.from({ length: count }, (_, index) => {
    const envelope = envelopeOf(position + index, observation(position + index), parts);
    return {
      position: position + index,
      key: keyOf(envelope.observation),
      value: Buffer.from(JSON.stringify(envelope)),
    };
  });
  return { cluster, agent, stream: `${cluster}/${agent}/${spool}`, records };
}
