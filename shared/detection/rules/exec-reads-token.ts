import { defineRule, keys } from '../rule.ts';

/** Where token files are, as a command line would name them: the default mount, and the clouds' own. */
const TOKEN_PATH =
  /(serviceaccount\/+(\.\.data\/+)?token|secrets\/+[^ ]*serviceaccount[^ ]*\/+token|eks\.amazonaws\.com\/+serviceaccount|azure\/+tokens|secrets\/+tokens\/|\/proc\/+[^ ]+\/+root\/+[^ ]*secrets)/;

export default defineRule({
  id: 'exec-reads-token',
  title: 'Command run in a pod names its token file',
  severity: 'medium',
  scope: 'node',
  attack: ['T1609', 'T1552.001'],
  observes: ['entry'],
  needs: 'Metadata level for pods/exec, pods/attach and pods/ephemeralcontainers.',
  why: 'Printing the token file through `kubectl exec` is the plainest way to take a token. Who has the right to exec need not have the rights of the pod.',
  falsePositives: ['Somebody who debugs authentication by hand.'],
  blindSpots: [
    'A shell that is typed into: the log holds only the command that was started.',
    'A command that builds the path.',
  ],
  triage: ['Ask the person who ran it.', 'If nobody knows of it, delete the pod and look at what else that user did.'],
  evaluate(entry) {
    const command = entry.command.join(' ');
    if (!TOKEN_PATH.test(command)) return undefined;
    const pod = `${entry.pod.namespace}/${entry.pod.name}`;
    const failed = entry.request.code >= 400;
    return {
      severity: failed ? 'low' : 'medium',
      confidence: 'medium',
      confidenceWhy: 'The command line names a token file; what was done with its content is not in the log.',
      summary: `${entry.actor.username} ran a command in ${pod} that names its token file${failed ? ' (refused)' : ''}.`,
      principal: entry.actor.principal ?? entry.actor.username,
      keys: [keys.pod(entry.pod.namespace, entry.pod.name)],
    };
  },
});
