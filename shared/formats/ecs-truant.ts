/** What of an alert has no place in ECS, in the spelling of ECS: everything below `truant`. */
import type { Alert, Evidence } from '../schema/alert.ts';
import { formatTime } from '../time.ts';
import { fewerOf } from './lessened.ts';
import type { AlertNotice } from './notice.ts';

/** Of evidence and story: a document is for searching; all of it is at the collector. */
const MAX_ITEMS = 50;

export function truantFields({ id, event, alert, isTest }: AlertNotice) {
  return { notice: { id, event, ...(isTest && { test: true }) }, alert: alertFields(fewerOf(alert, MAX_ITEMS)) };
}

function alertFields(alert: Alert) {
  const { did, resolution } = alert;
  return {
    status: alert.status,
    severity: alert.severity,
    confidence: alert.confidence,
    revision: alert.revision,
    rules: alert.rules,
    credential: {
      ...(alert.credential !== null && { id: alert.credential }),
      ...(alert.credentialKind !== null && { kind: alert.credentialKind }),
      ...(alert.expiresAt !== undefined && { expires: alert.expiresAt }),
      related: alert.relatedCredentials,
    },
    sources: alert.sources,
    findings: alert.counts.findings,
    observations: alert.counts.observations,
    requests: did.requests,
    refused: did.refused,
    did: did.actions,
    namespaces: did.namespaces,
    user_agents: did.userAgents,
    story: alert.story.map(({ time, sentence }) => ({ time: formatTime(time), sentence })),
    evidence: alert.evidence.map(evidenceFields),
    evidence_total: alert.evidenceTotal,
    actions: alert.actions,
    triage: alert.triage,
    ...(alert.assignee !== undefined && { assignee: alert.assignee }),
    ...(resolution && { resolution }),
  };
}

function evidenceFields({ kind, id, time, auditID, source, principal, what, placement, rules }: Evidence) {
  return {
    kind,
    id,
    time,
    what,
    rules,
    ...(auditID !== undefined && { audit_id: auditID }),
    ...(source !== undefined && source !== null && { source }),
    ...(principal !== undefined && { principal }),
    ...(placement !== undefined && { placement }),
  };
}
