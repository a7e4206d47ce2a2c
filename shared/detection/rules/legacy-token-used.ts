import { defineRule, keys } from '../rule.ts';
import { severityOf } from './token-used-away-from-pod.ts';

export default defineRule({
  id: 'legacy-token-used',
  title: 'Legacy long-lived token used',
  severity: 'info',
  scope: 'cluster',
  attack: ['T1528', 'T1552.007'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts (annotation authentication.k8s.io/legacy-token).',
  why: 'A legacy token lives in a Secret, never expires and is bound to no pod. Whoever read the Secret once can use it for ever, so each new place it is used from deserves a look.',
  falsePositives: ['A CI system or laptop whose address changes: list it in detection.knownLegacySources.'],
  blindSpots: ['A thief behind the same address as the rightful user.', 'Uses before the log begins.'],
  triage: [
    'Find out who holds this token; if nobody can say, delete the Secret.',
    'Move the user to short-lived tokens (TokenRequest, or a projected volume).',
  ],
  evaluate(use, { placement, memory }) {
    if (use.credential.kind !== 'legacy' || !placement) return undefined;
    if (use.invalidated) {
      return {
        severity: 'medium',
        confidence: 'medium',
        confidenceWhy: 'The cluster had invalidated this token because nobody used it for a year.',
        summary: `Invalidated legacy token of ${use.principal} used from ${use.source.address}.`,
      };
    }
    if (placement.verdict === 'away') {
      return {
        severity: severityOf(placement.where, placement.confidence),
        confidence: placement.confidence,
        confidenceWhy: placement.sentence,
        summary: `Legacy token of ${use.principal} used from a new place, ${use.source.address}.`,
        related: memory.secretReads(use.credential.id, use.principal, use.time).map(({ observation }) => observation),
      };
    }
    if (placement.reason !== 'no-history') return undefined;
    return {
      confidence: 'low',
      confidenceWhy: placement.sentence,
      summary: `Legacy token of ${use.principal} is in use from ${use.source.address}.`,
      keys: [keys.hygiene('legacy-token-used', use.principal)],
    };
  },
});
