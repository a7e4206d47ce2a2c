import { keysOfRead } from '../reads/suspicious.ts';
import { deedOfRead } from '../reads/words.ts';
import { defineRule } from '../rule.ts';

const PLAIN =
  'By its control group the process belongs to no pod, and it is neither the kubelet nor the container runtime.';
const DISGUISED =
  "The process put itself into the pod's control group without having been started by the container runtime.";
const ESCAPED = "The process is of the pod's container, but has the node's mounts, as no container does.";

export default defineRule({
  id: 'token-read-from-host',
  title: 'Token of a pod read by a process of the node',
  severity: 'high',
  scope: 'node',
  attack: ['T1552.001', 'T1611'],
  observes: ['read'],
  needs: "The sensor of token files on the node, with the host's pid namespace.",
  why: 'On the node only the kubelet and the container runtime have business with token files. Who escaped a container, or got into the node, takes the tokens of every pod there.',
  falsePositives: [
    'Backup agents, virus scanners and other security tools that open every file: name them in detection.allowedReaders.',
    'An administrator who looks at a token on the node.',
    'A CNI plug-in or driver that reads the token of its own pod on the host.',
  ],
  blindSpots: [
    'A token taken from memory, from the wire, or off the disk of a stopped node.',
    'A file that was open before the sensor began.',
    'Root on the node can stop the sensor, or pass as the kubelet by putting another program in its place.',
  ],
  triage: [
    'Find out who was on the node: the session that the process belongs to, and how it was begun.',
    'Take the node for compromised until you know: every token on it can have been read.',
    'Look at what the token was used for since.',
  ],
  evaluate(read) {
    if (read.opener?.relation !== 'host' || read.access !== 'read' || read.excused !== undefined) return undefined;
    const { disguised, escaped } = read.opener;
    return {
      severity: read.outcome === 'denied' ? 'medium' : 'high',
      confidence: disguised || escaped ? 'high' : 'medium',
      confidenceWhy: disguised ? DISGUISED : escaped ? ESCAPED : PLAIN,
      summary: `${deedOfRead(read)}.`,
      keys: keysOfRead(read),
    };
  },
});
