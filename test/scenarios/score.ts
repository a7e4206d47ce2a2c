/** Compares alerts with what really happened. Only alerts of severity medium and above count: lower ones are information. */
import type { Alert } from '../../shared/schema/alert.ts';
import { type Deed, requestKey } from './recording.ts';

export interface Score {
  /** Malicious requests that the log and the inventory can tell, and that no alert shows: `<time> <actor>: <action>`. */
  missed: string[];
  /** How many there were to find. */
  toFind: number;
  /** Alerts that rest on nothing malicious or ambiguous: `<severity> <rules> <principal>`. */
  falseAlerts: string[];
  mostAlertsForOneCredential: number;
  /** Benign uses in the evidence of loud alerts. */
  benignEvidence: number;
}

const LOUD: ReadonlySet<string> = new Set(['medium', 'high', 'critical']);

export const isLoud = (alert: Alert): boolean => LOUD.has(alert.severity);

const isMalicious = ({ label }: Deed): boolean => label === 'theft' || label === 'misuse';

export function score(truth: readonly Deed[], alerts: readonly Alert[]): Score {
  const deedOf = new Map<string, Deed>();
  const missed = new Map<string, string>();
  for (const deed of truth) {
    for (const { auditID, requestReceivedTimestamp: time, tellBy } of deed.requests ?? []) {
      const key = requestKey(auditID, time);
      deedOf.set(key, deed);
      if (isMalicious(deed) && tellBy === 'audit') missed.set(key, `${time} ${deed.actor}: ${deed.action}`);
    }
  }
  const toFind = missed.size;
  const falseAlerts: string[] = [];
  const alertsOf = new Map<string | null, Set<string>>();
  let benignEvidence = 0;
  for (const alert of alerts.filter(isLoud)) {
    let isFalse = true;
    for (const { auditID, time, kind } of alert.evidence) {
      if (auditID === undefined) continue;
      const key = requestKey(auditID, time);
      const deed = deedOf.get(key);
      if (deed && isMalicious(deed)) {
        missed.delete(key);
        const ids = alertsOf.get(deed.credential) ?? new Set();
        alertsOf.set(deed.credential, ids.add(alert.id));
      }
      if (deed && deed.label !== 'benign') isFalse = false;
      else if (kind === 'use') benignEvidence += 1;
    }
    if (isFalse) falseAlerts.push(`${alert.severity} ${alert.rules.join(',')} ${alert.principal}`);
  }
  return {
    missed: [...missed.values()],
    toFind,
    falseAlerts,
    mostAlertsForOneCredential: Math.max(0, ...[...alertsOf.values()].map((ids) => ids.size)),
    benignEvidence,
  };
}
