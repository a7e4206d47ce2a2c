import type { Familiarity } from '../reads/profiles.ts';
import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule, type Statement } from '../rule.ts';

/** A stranger who goes on reading is told of so often, and is then known. */
const TOLD = 5;

/** What is said of a read, by how familiar its reader is. */
const SAID: Partial<Record<Familiarity, Pick<Statement, 'severity' | 'confidence' | 'confidenceWhy'>>> = {
  unfamiliar: {
    severity: 'medium',
    confidence: 'medium',
    confidenceWhy: 'The same image has read its token in other ways all through the learning period.',
  },
  first: {
    severity: 'low',
    confidence: 'low',
    confidenceWhy: 'Nobody in this container has read the token all through the learning period.',
  },
  new: {
    severity: 'info',
    confidence: 'low',
    confidenceWhy: 'The same image has read its token in other ways so far, but has not been watched for long.',
  },
};

export default defineRule({
  id: 'token-read-by-unfamiliar-process',
  title: 'Token read by a process that does not usually read it',
  severity: 'medium',
  scope: 'node',
  attack: ['T1552.001'],
  observes: ['read'],
  needs: 'The sensor of token files on the node; the inventory, for a profile that all replicas share.',
  why: "A workload's own code reads its token in the same way again and again. A shell that a web application starts does not.",
  falsePositives: [
    'What a workload does seldom: a job of its own once a week, a failover. After some time it is familiar.',
    'A workload whose program was replaced in place.',
  ],
  blindSpots: [
    'Code within the very process that usually reads the token.',
    'Everything in the learning period of a new image is of severity info until enough was seen.',
  ],
  triage: [
    'The lineage shows which part of the workload started the process.',
    'Ask whether the workload was changed by hand.',
    'Look at what the token was used for since.',
  ],
  evaluate(read, { memory: { profiles } }) {
    if (read.excused !== undefined) return undefined;
    const said = SAID[profiles.judge(read) ?? 'familiar'];
    if (!said || profiles.strangeness(read) >= TOLD) return undefined;
    return {
      ...said,
      summary: `${deedOfRead(read)}.`,
      keys: keysOfRead(read),
    };
  },
});
