/**
 * What an agent sends the collector, one observation at a time: a line of an HTTP body (newline-delimited JSON) and the
 * value of a Kafka record are the same. Published as JSON Schema in `docs/schema/`.
 */
import { z } from 'zod';
import { Finding } from './alert.ts';
import { Observation } from './observation.ts';

/** More findings than there are rules of scope `node` don't come of one observation. */
export const MAX_FINDINGS = 16;

export const Envelope = z.strictObject({
  schema: z.literal(1),
  cluster: z.string().min(1).max(253),
  /** The agent's node. */
  agent: z.string().min(1).max(253),
  /** `<cluster>/<agent>/<id of the agent's spool>`: positions of one stream only ever grow. */
  stream: z.string().min(1).max(600),
  /** The observation's number in its stream, from 0. A number that is left out never comes: the agent had no room for it. */
  position: z.int().nonnegative(),
  /** The observation's own kind and time (microseconds), for whoever sorts records without looking into them. */
  kind: z.string().max(32),
  time: z.int().nonnegative(),
  observation: Observation,
  /** Of rules with scope `node`, about this observation. */
  findings: z.array(Finding).max(MAX_FINDINGS),
});
export type Envelope = z.infer<typeof Envelope>;

/** What belongs together for whoever reads a stream in parts: the records of one credential, or else of one principal. */
export function keyOf(observation: Observation): string {
  switch (observation.kind) {
    case 'use':
      return observation.credential.id;
    case 'issue':
    case 'entry':
      return observation.actor.credential?.id ?? observation.actor.username;
    case 'denied':
      return observation.source.address ?? 'denied';
    case 'read':
    case 'file':
      return observation.credential?.id ?? observation.principal ?? observation.node;
    case 'status':
      return observation.node ?? observation.source;
    case 'heartbeat':
      return observation.node;
  }
}
