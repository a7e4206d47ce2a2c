import type { Severity } from '../../schema/alert.ts';
import type { AwayWhere, Confidence } from '../../schema/placement.ts';
import { describe } from '../deeds.ts';
import { defineRule } from '../rule.ts';

const BY_WHERE: Record<AwayWhere, Severity> = {
  internet: 'critical',
  'outside-cluster': 'critical',
  'other-node': 'high',
  'other-pod': 'high',
  host: 'high',
};
const CAP: Record<Confidence, readonly Severity[]> = {
  high: [],
  medium: ['critical'],
  low: ['critical', 'high'],
};
const BELOW: Partial<Record<Severity, Severity>> = { critical: 'high', high: 'medium' };

/** How bad a use away from home is: by where it came from, and no louder than it is sure. */
export function severityOf(where: AwayWhere, confidence: Confidence): Severity {
  let severity = BY_WHERE[where];
  if (where === 'host' && confidence !== 'high') return 'medium';
  while (CAP[confidence].includes(severity)) severity = BELOW[severity] ?? severity;
  return severity;
}

const WORDS: Record<AwayWhere, string> = {
  internet: 'from the internet',
  'outside-cluster': 'from outside the cluster',
  'other-node': 'from another node',
  'other-pod': 'from another pod',
  host: 'from the node itself, not the pod',
};

export default defineRule({
  id: 'token-used-away-from-pod',
  title: 'ServiceAccount token used away from where it belongs',
  severity: 'high',
  scope: 'cluster',
  attack: ['T1528', 'T1550.001'],
  observes: ['use'],
  needs:
    'Metadata level for requests by service accounts; pods and nodes of the inventory. Kubernetes 1.30 or later for the credential id.',
  why: 'A pod uses its token from its own address. The API server accepts it from anywhere; whoever uses it from elsewhere has taken it.',
  falsePositives: [
    'A gateway or load balancer between pods and API server that is not named in networks.trustedProxies.',
    'A virtual address that moves between API servers (kube-vip, keepalived) and is not named in networks.controlPlane.',
    'A CNI that gives pods addresses which the API does not show.',
    "A plug-in or driver that rightly acts with a pod's token elsewhere: a CNI plug-in run on the host with its pod's token (istio-cni of old), a CSI driver that asks for its pods' tokens (cert-manager's).",
    "A token made by hand that is pasted into a dashboard: it is used from the dashboard's pod.",
    'A token that its owner carries away on purpose (use a token made for that, and allow it).',
  ],
  blindSpots: [
    'Uses from the pod itself (a shell in it, a process in its network namespace).',
    'A hostNetwork pod: every process of its node looks like it.',
    'Masqueraded nodes: there the pod cannot be told from its host, and the use is unclear. Nodes that run an API server count as such.',
    'The token of a pod that has ended, used from the pod that has its address now: addresses are given away at once, so it is unclear.',
    "A hostNetwork pod that was never seen at its node, used from an address that is nobody's: it may be a load balancer.",
  ],
  triage: [
    'Look where the address is: the story names the pod, node or network that held it at that moment.',
    'Look at what was done: the list of requests shows whether Secrets were read or something was created.',
    'Find out how the token was taken: exec sessions, reads of its file, or a compromise of the pod or node.',
    'Cut the credential off with the kill action, then rotate whatever it could read.',
  ],
  evaluate(use, { placement }) {
    if (placement?.verdict !== 'away') return undefined;
    const { where, confidence, sentence } = placement;
    return {
      severity: severityOf(where, confidence),
      confidence,
      confidenceWhy: sentence,
      summary: `Token of ${use.principal} used ${WORDS[where]} (${use.source.address}): ${describe(use.request)}.`,
    };
  },
});
