/** Answers about the agents, and about the rules. */
import { z } from 'zod';
import { Severity } from '../../../shared/schema/alert.ts';
import { cluster, count, micros } from './common.ts';
import { Blind } from './status.ts';

/**
 * `ok`; `late`: it is heard of, but behind with what it reads or delivers; `blind`: it says that it can't see something;
 * `silent`: nothing was heard of it for five minutes. The worst that is true.
 */
export const AgentHealth = z.enum(['ok', 'late', 'blind', 'silent']);

export const FleetAgent = z.strictObject({
  cluster,
  agent: z.string(),
  health: AgentHealth,
  /** Why it is not ok, in plain words. */
  because: z.string().nullable(),
  /** Null: an earlier agent's, which does not say it. */
  version: z.string().nullable(),
  startedAt: micros.nullable(),
  /** By the collector's clock. */
  firstSeen: micros,
  lastSeen: micros,
  /** Time of its newest observation. */
  newest: micros.nullable(),
  /** Behind the audit log, in microseconds. */
  lag: micros.nullable(),
  waiting: z.strictObject({ records: count, bytes: count }).nullable(),
  parts: z.array(z.strictObject({ name: z.string(), state: z.string(), detail: z.string().optional() })),
  accepted: count,
  rejected: count,
  missing: count,
  blindSpots: z.array(Blind),
});

export const FleetAnswer = z.strictObject({
  time: micros,
  /** The collector's own. */
  version: z.string(),
  agents: z.array(FleetAgent),
  /** Blind spots that no known agent has. */
  blindSpots: z.array(Blind),
});
export type FleetAnswer = z.infer<typeof FleetAnswer>;

export const RulesAnswer = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      severity: Severity,
      scope: z.enum(['node', 'cluster']),
      attack: z.array(z.strictObject({ id: z.string(), name: z.string(), tactic: z.string() })),
      observes: z.array(z.string()),
      needs: z.string(),
      why: z.string(),
      falsePositives: z.array(z.string()),
      blindSpots: z.array(z.string()),
      triage: z.array(z.string()),
      /** Alerts with a finding of it that are not closed, and all. */
      open: count,
      alerts: count,
    }),
  ),
});
export type RulesAnswer = z.infer<typeof RulesAnswer>;
