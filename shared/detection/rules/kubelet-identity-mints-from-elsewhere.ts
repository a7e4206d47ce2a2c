import { nodeOfKubelet } from '../../normalise/principal.ts';
import { defineRule, keys } from '../rule.ts';

export default defineRule({
  id: 'kubelet-identity-mints-from-elsewhere',
  title: "A node's identity mints tokens away from its node",
  severity: 'critical',
  scope: 'cluster',
  attack: ['T1528', 'T1552.001'],
  observes: ['issue', 'use'],
  needs:
    'Metadata level for serviceaccounts/token; nodes of the inventory. Kubernetes 1.30 or later to follow the minted token.',
  why: "A kubelet's certificate can have tokens issued for every pod of its node. Used from another address it has been taken off the node, and what it mints looks like the kubelet's own.",
  falsePositives: [
    'A kubelet that goes by a load balancer which nobody else was seen to go by: it is waited ten minutes for others.',
  ],
  blindSpots: [
    'A stolen certificate used on its own node, or on a machine of the control plane.',
    'Where kubelets go by a load balancer, one that is used from outside by the same way.',
  ],
  triage: [
    'Treat the node as compromised: its kubelet certificate was on its disk.',
    'Cordon and drain it, delete the Node object, and let it join anew with a new certificate.',
    'Delete every pod for whose account a token was minted.',
  ],
  evaluate(observation, { entry, placement }) {
    if (observation.kind === 'use') {
      const issued = entry?.issued;
      if (!issued || entry.tainted === undefined || nodeOfKubelet(issued.by) === undefined) return undefined;
      return {
        severity: 'critical',
        confidence: 'high',
        confidenceWhy: entry.tainted,
        summary: `Token of ${observation.principal}, minted with the identity of ${issued.by} away from its node, is used from ${observation.source.address}.`,
        related: [issued.observation],
      };
    }
    const { actor, principal, issued, source } = observation;
    const node = nodeOfKubelet(actor.username);
    if (node === undefined || placement?.verdict !== 'away') return undefined;
    return {
      severity: placement.confidence === 'high' ? 'critical' : 'high',
      confidence: placement.confidence,
      confidenceWhy: placement.sentence,
      summary: `${actor.username} asked for a token of ${principal} from ${source.address}, which is not ${node}.`,
      keys: [...(issued === undefined ? [] : [keys.credential(issued)]), keys.actor(actor.username, source.address)],
    };
  },
});
