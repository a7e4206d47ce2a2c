import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'token-read-by-other-pod',
  title: 'Token of a pod read from another pod',
  severity: 'high',
  scope: 'node',
  attack: ['T1552.001', 'T1611'],
  observes: ['read'],
  needs: "The sensor of token files on the node, with the host's pid namespace.",
  why: "Through a hostPath, /proc/PID/root or a shared process namespace a container reaches the tokens of others. No pod needs another's.",
  falsePositives: [
    'Security tools, backup agents and node agents that run as pods and open what is on the node: name them in detection.allowedReaders.',
  ],
  blindSpots: ['A token that another pod was handed, over the network or a shared volume.'],
  triage: [
    'Look at the pod that read it: who created it, and what lets it reach the node (hostPath, hostPID, privileged).',
    'Take every token that it could reach for stolen.',
    'Look at what the tokens were used for since.',
  ],
  evaluate(read) {
    const relation = read.opener?.relation;
    if (read.access !== 'read' || read.excused !== undefined) return undefined;
    if (relation !== 'other-pod' && relation !== 'other-container-of-pod') return undefined;
    const isNeighbour = relation === 'other-container-of-pod';
    return {
      severity: isNeighbour || read.outcome === 'denied' ? 'medium' : 'high',
      confidence: isNeighbour ? 'medium' : 'high',
      confidenceWhy: isNeighbour
        ? "The process is of the same pod, but of a container that does not have the token's volume."
        : 'By its control group the process belongs to another pod.',
      summary: `${deedOfRead(read)}.`,
      keys: keysOfRead(read),
    };
  },
});
