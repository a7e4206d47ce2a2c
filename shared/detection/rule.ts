/** What a rule is: everything about it in one object, in the file that bears its id. */
import type { LedgerEntry } from '../inventory/ledger.ts';
import type { Severity } from '../schema/alert.ts';
import type { Binding, Credential, Observation, ObservationKind } from '../schema/observation.ts';
import type { Confidence, Placement } from '../schema/placement.ts';
import type { Technique } from './attack.ts';
import type { Memory } from './memory.ts';
import type { Policy } from './policy.ts';

/** `node`: decidable from what one agent sees; `cluster`: needs all requests, so it runs at the collector. */
export type RuleScope = 'node' | 'cluster';

/** What a rule may ask about the observation at hand. */
export interface Facts {
  /** Of a use, and of a kubelet's TokenRequest. */
  placement: Placement | undefined;
  /** The ledger's entry of the credential used. */
  entry: LedgerEntry | undefined;
  memory: Memory;
  policy: Policy;
}

/** What a rule states; the engine makes a finding of it. Left out: the rule's own severity, the observation's own subject. */
export interface Statement {
  severity?: Severity;
  confidence: Confidence;
  confidenceWhy: string;
  summary: string;
  principal?: string;
  credential?: Credential;
  binding?: Binding;
  /** Earlier observations that it rests on too, by id. */
  related?: string[];
  /** What ties it to a theft, strongest first; left out: the credential, and the away address with the principal. */
  keys?: string[];
}

export interface Rule<K extends ObservationKind = ObservationKind> {
  /** Also the name of its file and of its test. Never used again for something else. */
  id: string;
  title: string;
  /** The severity when nothing says otherwise. */
  severity: Severity;
  scope: RuleScope;
  attack: readonly Technique[];
  observes: readonly K[];
  /** What it needs of the audit policy, the cluster's version and the inventory. */
  needs: string;
  why: string;
  falsePositives: readonly string[];
  blindSpots: readonly string[];
  triage: readonly string[];
  evaluate(observation: Extract<Observation, { kind: K }>, facts: Facts): Statement | undefined;
}

/** Keeps the kinds of observation that a rule asks for and the one that it is given the same. */
export const defineRule = <K extends ObservationKind>(rule: Rule<K>): Rule => rule as unknown as Rule;

/** Keys that tie findings to one theft. */
export const keys = {
  credential: (id: string) => `credential:${id}`,
  pod: (namespace: string, name: string) => `pod:${namespace}/${name}`,
  away: (address: string | null, principal: string) => `away:${address ?? ''}|${principal}`,
  actor: (username: string, address: string | null) => `actor:${username}|${address ?? ''}`,
  /** A session of a node, or a container, that opens what is not its own. */
  reader: (node: string, actor: string) => `reader:${node}|${actor}`,
  source: (address: string) => `source:${address}`,
  /** Hygiene never joins a theft: it is a state of an account, not an incident. */
  hygiene: (rule: string, principal: string) => `hygiene:${rule}|${principal}`,
};
