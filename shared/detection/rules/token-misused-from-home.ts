import { describe } from '../deeds.ts';
import { TOLERANCE } from '../reads/suspects.ts';
import { defineRule } from '../rule.ts';
import { isWithin } from './token-stolen-and-used.ts';

export default defineRule({
  id: 'token-misused-from-home',
  title: 'Token read by a stranger in its pod, then used from there by one',
  severity: 'high',
  scope: 'cluster',
  attack: ['T1528', 'T1550.001'],
  observes: ['use'],
  needs: 'The sensor of token files on the nodes, and Metadata level for requests by service accounts.',
  why: 'Who got into a pod uses its token from there: the address is right. That somebody else in the pod read the token, and a client that the account never used asks for what it never asked for, shows it.',
  falsePositives: [
    'An administrator who works with kubectl in the pod: ask them.',
    'A workload that does something seldom after somebody looked at its token.',
  ],
  blindSpots: ['A thief who imitates the client of the workload, and asks for the same things.'],
  triage: [
    'Compare the requests with what the workload usually does: the story has both.',
    'Find out how somebody came to be in the pod: exec, or a hole in the application.',
    'Delete the pod: that ends the token, and whoever is in there.',
  ],
  evaluate(use, { placement, memory }) {
    if (placement?.verdict !== 'home') return undefined;
    const read = memory.suspects
      .before(use.credential.id, use.time)
      .findLast((suspect) => isWithin(suspect) && !suspect.isDoubtful);
    const unfamiliar = read && memory.clients.unfamiliar(use, read.time - TOLERANCE);
    if (!unfamiliar) return undefined;
    const isClient = unfamiliar === 'client';
    return {
      severity: isClient ? 'high' : 'medium',
      confidence: isClient ? 'medium' : 'low',
      confidenceWhy: `Its file was opened before by ${read.reader}, and the account ${isClient ? 'has not used this client' : 'has not asked for this'} until then.`,
      summary: `Token of ${use.principal} was read by ${read.reader}, and then used from the pod ${isClient ? 'by a client' : 'for what'} it had not shown before: ${describe(use.request)}.`,
      related: [read.observation],
    };
  },
});
