import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'token-read-denied',
  title: 'Open of a token denied by policy',
  severity: 'medium',
  scope: 'node',
  attack: ['T1552.001'],
  observes: ['read'],
  needs: 'The sensor of token files in mode enforce.',
  why: 'Somebody tried to open a token that the policy keeps from them: the attempt failed, and whoever made it is still there.',
  falsePositives: ['A tool that the policy forgot: name it in detection.allowedReaders.'],
  blindSpots: ['In a dry run nothing is denied; what would have been is of severity info.'],
  triage: [
    'Look at who tried, and how they came to be there.',
    'Look at whether the same reader got other tokens before.',
  ],
  evaluate(read) {
    if (read.outcome === 'allowed' || read.excused !== undefined) return undefined;
    const isDenied = read.outcome === 'denied';
    return {
      severity: isDenied ? 'medium' : 'info',
      confidence: 'high',
      confidenceWhy: isDenied ? 'The kernel refused the open.' : 'The policy is on trial: the open was allowed.',
      summary: isDenied ? `${deedOfRead(read)}.` : `${deedOfRead(read)}, which the policy would have denied.`,
      keys: keysOfRead(read),
    };
  },
});
