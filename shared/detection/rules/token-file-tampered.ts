import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'token-file-tampered',
  title: "Written where only the kubelet writes: a pod's token volume",
  severity: 'high',
  scope: 'node',
  attack: ['T1098'],
  observes: ['read'],
  needs: "The sensor of token files on the node, with the host's pid namespace.",
  why: "Pods have their token volumes read-only; only the kubelet writes there. Whoever else does gives the pod another identity, or another API server's certificate to trust.",
  falsePositives: ['An administrator who repairs a volume by hand.'],
  blindSpots: ['Files that are renamed, linked or deleted, not written.', 'A volume that is mounted over.'],
  triage: [
    'Compare what is in the volume with what the API server issues: delete the pod to have it made anew.',
    'Find out how the process came to be on the node: it needs root there.',
  ],
  evaluate(read) {
    const { opener } = read;
    if (read.access !== 'write' || read.excused !== undefined || opener?.relation === 'kubelet') return undefined;
    if (!opener) return undefined;
    return {
      confidence: 'medium',
      confidenceWhy: 'The process is not the kubelet; what it wrote was not looked at.',
      summary: `${deedOfRead(read)}.`,
      keys: keysOfRead(read),
    };
  },
});
