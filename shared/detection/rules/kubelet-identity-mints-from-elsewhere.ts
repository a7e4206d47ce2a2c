import { nodeOfKubelet } from '../../normalise/principal.ts';
import type { TokenIssue } from '../../schema/observation.ts';
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
  falsePositives: ['Kubelets behind a NAT that is not there for pods.'],
  blindSpots: ['A stolen certificate used on its own node.'],
  triage: [
    'Treat the node as compromised: its kubelet certificate was on its disk.',
    'Cordon and drain it, delete the Node object, and let it join anew with a new certificate.',
    'Delete every pod for whose account a token was minted.',
  ],
  evaluate(observation, { entry, memory }) {
    if (observation.kind === 'use') {
      const issued = entry?.issued;
      if (!issued || entry.tainted === undefined || nodeOfKubelet(issued.by) === undefined) return undefined;
      return {
        confidence: 'high',
        confidenceWhy: entry.tainted,
        summary: `Token of ${observation.principal}, minted with the identity of ${issued.by} away from its node, is used from ${observation.source.address}.`,
        related: [issued.observation],
      };
    }
    const node = nodeOfKubelet(observation.actor.username);
    const { source } = observation;
    if (node === undefined) return undefined;
    const why = awayFromNode(node, observation);
    if (why === undefined || memory.masquerade.reaches(undefined, observation.time) === 'unknown') return undefined;
    return {
      confidence: 'high',
      confidenceWhy: why,
      summary: `${observation.actor.username} asked for a token of ${observation.principal} from ${source.address}, which is not ${node}.`,
      keys: [
        ...(observation.issued === undefined ? [] : [keys.credential(observation.issued)]),
        keys.actor(observation.actor.username, source.address),
      ],
    };
  },
});

/** Why this TokenRequest did not come from the kubelet's own node; undefined when it did, or when that can't be told. */
export function awayFromNode(node: string, issue: TokenIssue): string | undefined {
  const { whereabouts, source } = issue;
  const own = whereabouts?.home?.nodeAddresses ?? [];
  if (!whereabouts || source.address === null || own.length === 0) return undefined;
  if (own.includes(source.address) || whereabouts.network === 'loopback') return undefined;
  const [holder] = whereabouts.holders;
  if (holder?.kind === 'node') return `${source.address} is node ${holder.name}, not ${node}.`;
  if (holder) return `${source.address} is the pod ${holder.namespace}/${holder.name}, not node ${node}.`;
  return `${source.address} is no address of ${node} (${own.join(', ')}).`;
}
