import { deedOf } from '../deeds.ts';
import { defineRule, keys } from '../rule.ts';

const REVIEWS = new Set(['selfsubjectrulesreviews', 'selfsubjectaccessreviews', 'selfsubjectreviews']);
const DISCOVERY = /^\/(api|apis|openapi\/v[23]|version)(\/[^/]*){0,2}\/?(\?|$)/;
/** So many different things refused in a minute are somebody trying doors. */
const REFUSED_KINDS = 4;

export default defineRule({
  id: 'token-recon',
  title: 'Holder of a token finds out what it can do',
  severity: 'low',
  scope: 'cluster',
  attack: ['T1613'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts, self-reviews and discovery included.',
  why: 'A workload knows what it may do. Who asks (rules reviews, discovery, one refusal after another) has just got the token.',
  falsePositives: [
    'kubectl and client libraries run discovery by themselves; at home this is quiet unless doors are tried.',
  ],
  blindSpots: ['A thief who knows the account beforehand.'],
  triage: [
    'The list of what was answered with 200 is what the thief knows now.',
    'Refused at home, with no theft around it: ask whether the account got a new client or lost a right.',
  ],
  evaluate(use, { placement, memory }) {
    const { request } = use;
    const review = request.resource !== undefined && REVIEWS.has(request.resource);
    const discovery = request.resource === undefined && DISCOVERY.test(request.uri);
    const refused = request.code === 403;
    const doors = refused ? memory.refusals(use) : [];
    if (!review && !discovery && !refused) return undefined;
    if (placement?.verdict === 'away') {
      return {
        severity: 'medium',
        confidence: placement.confidence,
        confidenceWhy: placement.sentence,
        summary: refused
          ? `Token of ${use.principal}, away from home, was refused: ${deedOf(use)}.`
          : `Token of ${use.principal}, away from home, asks what it can do.`,
      };
    }
    if (doors.length < REFUSED_KINDS || memory.hasHabit(use.principal, deedOf(use), use.time)) return undefined;
    return {
      confidence: 'low',
      confidenceWhy: `${doors.length} different things were refused within a minute; its place is not known to be wrong.`,
      summary: `${use.principal} was refused ${doors.length} different things within a minute.`,
      related: doors.filter((id) => id !== use.id),
      keys: [keys.hygiene('token-recon', use.principal)],
    };
  },
});
