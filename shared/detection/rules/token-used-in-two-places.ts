import { MINUTE } from '../../time.ts';
import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'token-used-in-two-places',
  title: 'One token used from two places at a time',
  severity: 'medium',
  scope: 'cluster',
  attack: ['T1550.001'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts.',
  why: 'A pod is in one place. Two places that take turns with one token within minutes are two holders, even where it is not known which one is right.',
  falsePositives: [
    'A node that begins or ends to masquerade its pods (its own address is left out where it is known).',
  ],
  blindSpots: ['Two holders behind one address.'],
  triage: ['Compare user agents and requests of the two places: the story lists both.'],
  evaluate(use, { placement, entry }) {
    if (placement?.verdict !== 'away' || !entry || use.source.address === null) return undefined;
    const family = use.source.address.includes(':');
    for (const [address, seen] of entry.sources) {
      if (address === use.source.address || seen.away || address.includes(':') !== family) continue;
      if (seen.first > use.time || use.time - seen.last > 5 * MINUTE) continue;
      return {
        confidence: placement.confidence,
        confidenceWhy: `Both addresses used the same credential within five minutes, taking turns.`,
        summary: `Token of ${use.principal} used from ${address} and from ${use.source.address} within minutes.`,
      };
    }
    return undefined;
  },
});
