/** Dispatches observations to the rules that asked for them, and makes findings of what they state. */
import { hash } from 'node:crypto';
import type { Finding } from '../schema/alert.ts';
import type { Observation, ObservationKind } from '../schema/observation.ts';
import type { Policy } from './policy.ts';
import { type Facts, keys, type Rule, type RuleScope, type Statement } from './rule.ts';

/** A rule, and the severity that the operator gave it. */
interface Armed {
  rule: Rule;
  severity: Finding['severity'] | undefined;
}

export type OnDefect = (rule: string, error: unknown) => void;

export class Engine {
  readonly #byKind = new Map<ObservationKind, Armed[]>();
  readonly #onDefect: OnDefect | undefined;

  /** @param onDefect told of a rule that throws, and the others go on; left out: `evaluate` throws */
  constructor(rules: readonly Rule[], scopes: readonly RuleScope[], policy: Policy, onDefect?: OnDefect) {
    this.#onDefect = onDefect;
    for (const rule of rules) {
      const setting = policy.rule(rule.id);
      if (!scopes.includes(rule.scope) || setting?.enabled === false) continue;
      for (const kind of rule.observes) {
        const list = this.#byKind.get(kind);
        const armed = { rule, severity: setting?.severity };
        if (list) list.push(armed);
        else this.#byKind.set(kind, [armed]);
      }
    }
  }

  evaluate(observation: Observation, facts: Facts): Finding[] {
    const findings: Finding[] = [];
    for (const { rule, severity } of this.#byKind.get(observation.kind) ?? []) {
      try {
        const statement = rule.evaluate(observation, facts);
        if (statement) findings.push(toFinding(rule, statement, observation, severity));
      } catch (error) {
        if (!this.#onDefect) throw error;
        this.#onDefect(rule.id, error);
      }
    }
    return findings;
  }
}

function toFinding(
  rule: Rule,
  statement: Statement,
  observation: Observation,
  configured: Finding['severity'] | undefined,
): Finding {
  const subject = subjectOf(observation);
  const principal = statement.principal ?? subject.principal ?? 'unknown';
  const credential = statement.credential ?? subject.credential;
  const binding = statement.binding ?? subject.binding;
  return {
    id: hash('sha1', `${rule.id}\n${observation.id}`, 'hex').slice(0, 32),
    rule: rule.id,
    title: rule.title,
    severity: configured ?? statement.severity ?? rule.severity,
    confidence: statement.confidence,
    confidenceWhy: statement.confidenceWhy,
    summary: statement.summary,
    time: observation.time,
    principal,
    ...(credential && { credential }),
    ...(binding && { binding }),
    source: 'source' in observation && typeof observation.source === 'object' ? observation.source.address : null,
    observations: [observation.id, ...(statement.related ?? [])],
    keys: statement.keys ?? defaultKeys(observation),
    attack: [...rule.attack],
  };
}

function subjectOf(observation: Observation): Pick<Statement, 'principal' | 'credential' | 'binding'> {
  switch (observation.kind) {
    case 'use':
      return { principal: observation.principal, credential: observation.credential, binding: observation.binding };
    case 'issue':
      return observation.issued === undefined
        ? { principal: observation.principal }
        : { principal: observation.principal, credential: { id: observation.issued, kind: 'minted' } };
    case 'entry':
      return { principal: observation.actor.username };
    case 'read':
    case 'file': {
      const { principal, credential, binding } = observation;
      return { binding, ...(principal !== undefined && { principal }), ...(credential && { credential }) };
    }
    case 'denied':
    case 'status':
    case 'heartbeat':
      return {};
  }
}

/** One theft is one credential; a thief at one address with one account is one theft too, whatever credentials it has. */
function defaultKeys(observation: Observation): string[] {
  if (observation.kind !== 'use') return [`observation:${observation.id}`];
  const pod = observation.binding.pod;
  return [
    keys.credential(observation.credential.id),
    keys.away(observation.source.address, observation.principal),
    ...(pod ? [keys.pod(pod.namespace, pod.name)] : []),
  ];
}
