/** Compares alerts with what really happened. Only alerts of severity medium and above count: lower ones are information. */
import type { Alert, Evidence } from '../../shared/schema/alert.ts';
import { type Micros, parseTime, SECOND } from '../../shared/time.ts';
import { type Deed, requestKey } from './recording.ts';

export interface Score {
  /** Malicious requests that the log and the inventory can tell, and that no alert shows: `<time> <actor>: <action>`. */
  missed: string[];
  /** How many there were to find. */
  toFind: number;
  /** Malicious reads that don't look like the workload's own, and that no alert shows: `<pid> <actor>: <action>`. */
  missedReads: string[];
  /** Alerts that rest on nothing malicious or ambiguous: `<severity> <rules> <principal>`. */
  falseAlerts: string[];
  mostAlertsForOneCredential: number;
  /** Benign uses and reads in the evidence of loud alerts. */
  benignEvidence: number;
}

const LOUD: ReadonlySet<string> = new Set(['medium', 'high', 'critical']);

export const isLoud = (alert: Alert): boolean => LOUD.has(alert.severity);

const isMalicious = ({ label }: Deed): boolean => label === 'theft' || label === 'misuse';

/** How far truth's own clock may be off. */
const TOLERANCE: Micros = 2 * SECOND;

const timeOf = (text: string): Micros => parseTime(text) ?? 0;

/** What somebody did, if the evidence is of that. */
function deedBehind({ kind, auditID, time, pid }: Evidence, truth: readonly Deed[]): Deed | undefined {
  const at = timeOf(time);
  return kind === 'read'
    ? truth.find(
        ({ reads = [], t0, t1 }) =>
          pid !== undefined && reads.includes(pid) && at >= timeOf(t0) - TOLERANCE && at <= timeOf(t1) + TOLERANCE,
      )
    : truth.find(({ requests = [] }) =>
        requests.some((request) => request.auditID === auditID && request.requestReceivedTimestamp === time),
      );
}

export function score(truth: readonly Deed[], alerts: readonly Alert[]): Score {
  const missed = new Map<string, string>();
  const missedReads = new Map<string, string>();
  for (const deed of truth.filter(isMalicious)) {
    const what = `${deed.actor}: ${deed.action}`;
    for (const { auditID, requestReceivedTimestamp: time, tellBy } of deed.requests ?? []) {
      if (tellBy === 'audit') missed.set(requestKey(auditID, time), `${time} ${what}`);
    }
    if (deed.readsTellBy !== undefined) continue;
    for (const pid of deed.reads ?? []) missedReads.set(`${pid} ${what}`, `${pid} ${what}`);
  }
  const toFind = missed.size;
  const falseAlerts: string[] = [];
  const alertsOf = new Map<string, Set<string>>();
  let benignEvidence = 0;
  for (const alert of alerts.filter(isLoud)) {
    let isFalse = true;
    for (const item of alert.evidence) {
      const deed = deedBehind(item, truth);
      if (deed && isMalicious(deed)) {
        missed.delete(requestKey(item.auditID ?? '', item.time));
        missedReads.delete(`${item.pid} ${deed.actor}: ${deed.action}`);
        // Who goes through all of a node's tokens takes no one credential.
        const credential = deed.credential ?? `${deed.action}: ${item.credential}`;
        alertsOf.set(credential, (alertsOf.get(credential) ?? new Set()).add(alert.id));
      }
      if (deed && deed.label !== 'benign') isFalse = false;
      else if (item.kind === 'use' || item.kind === 'read') benignEvidence += 1;
    }
    if (isFalse) falseAlerts.push(`${alert.severity} ${alert.rules.join(',')} ${alert.principal}`);
  }
  return {
    missed: [...missed.values()],
    toFind,
    missedReads: [...missedReads.values()],
    falseAlerts,
    mostAlertsForOneCredential: Math.max(0, ...[...alertsOf.values()].map((ids) => ids.size)),
    benignEvidence,
  };
}
