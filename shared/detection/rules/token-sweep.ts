import { keysOfRead } from '../reads/suspicious.ts';
import { readerOf } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

/** Of one pod a mistake, of two a coincidence. Told again when it has become many more. */
const TOLD_AT = new Set([3, 10, 30, 100, 300]);
const MAX_RELATED = 100;

export default defineRule({
  id: 'token-sweep',
  title: 'Tokens of several pods read by one reader',
  severity: 'critical',
  scope: 'node',
  attack: ['T1552.001', 'T1528'],
  observes: ['read'],
  needs: "The sensor of token files on the node, with the host's pid namespace.",
  why: 'Who goes through the tokens of a node takes the rights of everything that runs there, and looks for the best of them.',
  falsePositives: ['Tools that open every file of the node: name them in detection.allowedReaders.'],
  blindSpots: ['A thief who takes more than 10 minutes from one to the next, or a session for each.'],
  triage: [
    'Take the node out of service: whoever did this has its root, or a pod that reaches all of it.',
    'End every token that the alert names, beginning with those that may read Secrets or create pods.',
    'Look at what each of them was used for since.',
  ],
  evaluate(read, { memory }) {
    const reads = memory.sweeps.of(read);
    if (!TOLD_AT.has(reads.length)) return undefined;
    return {
      confidence: 'high',
      confidenceWhy: `One reader opened tokens of at least ${reads.length} pods within 10 minutes.`,
      summary: `${readerOf(read)}, read the tokens of at least ${reads.length} pods of node ${read.node} within 10 minutes.`,
      related: reads.filter((id) => id !== read.id).slice(-MAX_RELATED),
      keys: keysOfRead(read),
    };
  },
});
