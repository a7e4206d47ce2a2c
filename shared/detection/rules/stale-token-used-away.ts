import { defineRule, keys } from '../rule.ts';

export default defineRule({
  id: 'stale-token-used-away',
  title: 'Token used past the time it should have been replaced',
  severity: 'info',
  scope: 'cluster',
  attack: ['T1550.001'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts (annotation authentication.k8s.io/stale-token).',
  why: 'A pod that reloads its token never uses it past warnafter. A stale token away from home is a copy; at home it is a client that reads its token only once, which will break when extended tokens end.',
  falsePositives: ['Old clients that never reload their token: said as information only.'],
  blindSpots: ['A thief who takes a fresh copy each time.'],
  triage: ['Away: treat it as the theft that the alert tells of.', 'At home: update the client library.'],
  evaluate(use, { placement }) {
    if (use.staleBy === undefined || !placement) return undefined;
    if (placement.verdict === 'away') {
      return {
        severity: 'medium',
        confidence: placement.confidence,
        confidenceWhy: placement.sentence,
        summary: `Token of ${use.principal} used away from home ${use.staleBy} s after it should have been replaced.`,
      };
    }
    return {
      confidence: 'low',
      confidenceWhy: 'Clients that never reload their token are common.',
      summary: `${use.principal} uses a token ${use.staleBy} s after it should have been replaced.`,
      keys: [keys.hygiene('stale-token-used-away', use.principal)],
    };
  },
});
