import type { TokenRead, TokenUse } from '../../schema/observation.ts';
import { describe } from '../deeds.ts';
import { type Suspect, TOLERANCE } from '../reads/suspects.ts';
import { keysOfRead } from '../reads/suspicious.ts';
import { readerOf } from '../reads/words.ts';
import { defineRule, type Facts, type Statement } from '../rule.ts';
import { severityOf } from './token-used-away-from-pod.ts';

/** Where their use from the pod itself is to be told from the pod's own: `token-misused-from-home`. */
const WITHIN = new Set(['in-container', 'exec-session', 'other-container-of-pod']);
export const isWithin = ({ relation }: Suspect): boolean => relation !== undefined && WITHIN.has(relation);

export default defineRule({
  id: 'token-stolen-and-used',
  title: 'Token read by a stranger, then used by one',
  severity: 'critical',
  scope: 'cluster',
  attack: ['T1528', 'T1550.001'],
  observes: ['use', 'read'],
  needs: 'The sensor of token files on the nodes, and Metadata level for requests by service accounts.',
  why: 'A read can have a reason, and so can a use from an odd place. Of the same credential, one after the other, they are a theft from beginning to end.',
  falsePositives: ['An administrator who tries a token out: take it for stolen all the same.'],
  blindSpots: [
    'A theft that no sensor saw (another node, before it ran, memory): the use is found by its place alone.',
    'A thief who uses it from its own home, by the usual client, for the usual things.',
  ],
  triage: [
    'Read the story from the read to the last use: who, with what, for what.',
    'Cut the credential off with the kill action, then rotate whatever it could read.',
    'Find out how the reader got to where it read it: that way is still open.',
  ],
  evaluate: (observation, facts) =>
    observation.kind === 'use' ? ofUse(observation, facts) : ofRead(observation, facts),
});

function ofUse(use: TokenUse, { placement, memory }: Facts): Statement | undefined {
  if (!placement) return undefined;
  const read = memory.suspects.before(use.credential.id, use.time).at(-1);
  if (!read) return undefined;
  const what = describe(use.request);
  if (placement.verdict === 'away') {
    return {
      severity: severityOf(placement.where, 'high'),
      confidence: 'high',
      confidenceWhy: `Its file was opened before by ${read.reader}. ${placement.sentence}`,
      summary: `Token of ${use.principal} was read by ${read.reader}, and then used from ${use.source.address}: ${what}.`,
      related: [read.observation],
    };
  }
  if (read.isDoubtful || (placement.verdict === 'home' && isWithin(read))) return undefined;
  const unfamiliar = memory.clients.unfamiliar(use, read.time - TOLERANCE);
  if (!unfamiliar) return undefined;
  const isClient = unfamiliar === 'client';
  return {
    severity: isClient ? 'high' : 'medium',
    confidence: isClient ? 'high' : 'medium',
    confidenceWhy: `Its file was opened before by ${read.reader}, and the account ${isClient ? 'has not used this client' : 'has not asked for this'} until then. ${placement.sentence}`,
    summary: `Token of ${use.principal} was read by ${read.reader}, and then used by ${isClient ? 'a client' : 'somebody who asks for what'} it had not shown before: ${what}.`,
    related: [read.observation],
  };
}

/** The use may have been told of long before the read. */
function ofRead(read: TokenRead, { memory, entry }: Facts): Statement | undefined {
  const use = entry?.lastAway;
  if (!use || !read.credential) return undefined;
  const suspects = memory.suspects.before(read.credential.id, use.time);
  if (!suspects.some(({ observation }) => observation === read.id)) return undefined;
  return {
    severity: severityOf(use.where, 'high'),
    confidence: 'high',
    confidenceWhy: `Its file was opened by ${readerOf(read)}, and it was used away from its home after that.`,
    summary: `Token of ${read.principal ?? 'a pod'} was read by ${readerOf(read)}, and then used away from its home.`,
    related: [use.observation],
    keys: keysOfRead(read),
  };
}
