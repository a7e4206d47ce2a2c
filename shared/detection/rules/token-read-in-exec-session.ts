import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'token-read-in-exec-session',
  title: 'Token read in a session that was opened into its pod',
  severity: 'medium',
  scope: 'node',
  attack: ['T1609', 'T1552.001'],
  observes: ['read'],
  needs: "The sensor of token files on the node, with the host's pid namespace.",
  why: 'Who may exec into a pod need not have its rights: with the token they do, and from anywhere. The audit log shows the session, this shows what was done in it.',
  falsePositives: [
    'An administrator who runs kubectl, or another client of the API, in the pod.',
    "A probe or hook whose command the inventory did not show; those of the pod's own spec are let pass.",
  ],
  blindSpots: [
    'A process of the session that was left behind when it ended belongs to the container then.',
    'A session that gives itself the command line of a probe or hook of the pod.',
    'In a pod with one process namespace for all containers the first process is told by its age.',
  ],
  triage: [
    'Ask whoever opened the session: the audit log has it as pods/exec at that time.',
    'Look at what the token was used for since, and from where.',
    'If nobody knows of it, delete the pod: that ends the token.',
  ],
  evaluate(read) {
    const { opener } = read;
    if (opener?.relation !== 'exec-session' || read.access !== 'read' || read.excused !== undefined) return undefined;
    if (opener.expected === 'hook') return undefined;
    return {
      confidence: 'medium',
      confidenceWhy: "The process was started in the container from outside, not by the container's first process.",
      summary: `${deedOfRead(read)}.`,
      keys: keysOfRead(read),
    };
  },
});
