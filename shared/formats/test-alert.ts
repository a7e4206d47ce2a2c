/** The alert that is sent to try whether alerts arrive. */
import type { Alert } from '../schema/alert.ts';
import { formatTime, type Micros } from '../time.ts';
import { type AlertNotice, noticeId } from './notice.ts';

/**
 * @param output the output's name
 * @param run tells one try from the next, such as random letters
 */
export function testNotice(output: string, run: string, now: Micros): AlertNotice {
  const alert = testAlert(output, run, formatTime(now));
  return { kind: 'alert', id: noticeId(alert, 'create'), event: 'create', alert, isTest: true };
}

function testAlert(output: string, run: string, time: string): Alert {
  const title = `Test of the output ${output}`;
  return {
    type: 'alert',
    schema: 1,
    id: `test_${run}`,
    cluster: 'test',
    status: 'open',
    title,
    summary: `${title}: nothing happened. Somebody tries whether alerts arrive.`,
    severity: 'info',
    confidence: 'high',
    confidenceWhy: 'It is a test.',
    principal: 'system:serviceaccount:truant:test',
    credential: null,
    credentialKind: null,
    binding: {},
    sources: [{ address: '192.0.2.1', where: 'outside-cluster', count: 1 }],
    relatedCredentials: [],
    rules: ['test'],
    attack: [],
    firstSeen: time,
    lastSeen: time,
    createdAt: time,
    updatedAt: time,
    revision: 1,
    counts: { findings: 0, observations: 0 },
    findings: [],
    evidence: [],
    evidenceTotal: 0,
    story: [],
    did: { requests: 0, refused: 0, actions: [], namespaces: [], userAgents: [] },
    actions: [],
    triage: ['Nothing has to be done.'],
  };
}
