import { describe } from '../deeds.ts';
import { defineRule, keys } from '../rule.ts';

export default defineRule({
  id: 'denied-source',
  title: 'Refused credentials from an address that uses stolen ones',
  severity: 'low',
  scope: 'cluster',
  attack: ['T1528'],
  observes: ['denied'],
  needs: 'Stage ResponseStarted not omitted by the audit policy: a 401 is logged at that stage alone.',
  why: 'A 401 names nobody. From an address that stolen tokens come from, it is the same thief trying more: an expired token, one for another audience, a guess.',
  falsePositives: ['Another client behind the same address.'],
  blindSpots: [
    '401s before the first theft from that address is known.',
    'An audit policy that omits ResponseStarted.',
  ],
  triage: ['Count them as part of the theft; nothing was let in.'],
  evaluate(denied, { memory }) {
    const { address } = denied.source;
    const away = address === null ? undefined : memory.awaySource(address, denied.time);
    if (!away || address === null) return undefined;
    const [principal] = away.principals;
    return {
      confidence: 'medium',
      confidenceWhy: `Stolen credentials were used from ${address} before.`,
      summary: `A credential was refused (401) from ${address}: ${describe(denied.request)}.`,
      principal: principal ?? 'unknown',
      keys: [keys.source(address)],
    };
  },
});
