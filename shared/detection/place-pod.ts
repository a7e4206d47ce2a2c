/** A credential that is bound to a pod, and an inventory that knows pods: home is where the pod was at that time. */
import type { Issued, LedgerEntry } from '../inventory/ledger.ts';
import { nodeOfKubelet } from '../normalise/principal.ts';
import type { AddressHolder, TokenUse, Whereabouts } from '../schema/observation.ts';
import type { Confidence, Placement } from '../schema/placement.ts';
import { MINUTE, type Micros } from '../time.ts';
import { MASQUERADE_PATIENCE } from './masquerade.ts';
import type { PlacementContext } from './placement-context.ts';
import { away, home, outside, unclear } from './verdict.ts';

/** How long a use may wait for others to show by which way the cluster's requests come. */
const PATH_PATIENCE = MASQUERADE_PATIENCE;

/** From a pod's token to its first request: images are pulled in between. */
const JUST_BEGUN: Micros = MINUTE;

type Home = NonNullable<Whereabouts['home']>;

export function placePod(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  at: Home,
  context: PlacementContext,
): Placement | undefined {
  const pod = `${use.binding.pod?.namespace}/${use.binding.pod?.name}`;
  const node = at.node ?? 'its node';
  if (at.addresses.includes(address)) {
    return at.hostNetwork
      ? home('node-of-host-network-pod', 'medium', `${address} is ${node}, on whose network ${pod} runs.`)
      : home('pod-address', 'high', `${address} is the address of ${pod} itself.`);
  }
  if (whereabouts.network === 'loopback') {
    return unclear('loopback', `${address} is the API server's own machine; any process there looks like this.`);
  }
  const issued = context.ledger.get(use.credential.id)?.issued;
  if (issued?.address === address && isByHand(issued)) {
    return home('issuer-address', 'medium', `${address} is where ${issued.by} had it issued.`);
  }
  if (at.nodeAddresses.includes(address)) return placeOnOwnNode(use, address, whereabouts, at, pod, node, context);
  if (at.hostNetwork && whereabouts.network === 'control-plane') {
    return unclear(
      'behind-proxy',
      `${address} is the control plane's; requests of ${node} itself may come by a load balancer there.`,
    );
  }

  const sure: Confidence = whereabouts.inventory === 'live' ? 'high' : 'medium';
  const holderNode = whereabouts.holders.find((holder) => holder.kind === 'node');
  if (holderNode) {
    if (at.node === undefined)
      return unclear('pod-unknown', `${pod} is unknown, so whether ${address} is its node can't be told.`);
    return away(
      'other-node',
      'another-nodes-address',
      sure,
      `${address} is node ${holderNode.name}; ${pod} runs on ${node}.`,
    );
  }
  const holderPod = whereabouts.holders.find(
    (holder): holder is AddressHolder & { kind: 'pod' } => holder.kind === 'pod' && holder.uid !== use.binding.pod?.uid,
  );
  if (holderPod) {
    const holder = `${holderPod.namespace}/${holderPod.name}`;
    // Addresses are given away within seconds: whoever has it now need not have had it a moment ago.
    if (at.pod === 'gone') {
      const had = at.formerly ?? [];
      if (had.length > 0 && !had.includes(address)) {
        const sentence = `${address} is the pod ${holder}; ${pod} has gone, and was at ${had.join(', ')}.`;
        return away('other-pod', 'another-pods-address', sure, sentence);
      }
      return unclear('pod-gone', `${pod} has gone, and ${address} was given to ${holder}.`);
    }
    if (at.pod !== 'known')
      return unclear('pod-unknown', `${pod} is not in the inventory; it may have had ${address} before ${holder}.`);
    return away('other-pod', 'another-pods-address', sure, `${address} is the pod ${holder}, not ${pod}.`);
  }
  if (whereabouts.network === 'pods' || whereabouts.network === 'services') {
    const continuity = context.masquerade.continuity(use, context.now);
    if (continuity === 'pending' && context.now < use.time + PATH_PATIENCE) return undefined;
    if (at.pod === 'known' && continuity === 'continuing') {
      const sentence = `${address} lies in the pods' network, and ${pod} went on at ${at.addresses.join(', ')} at the same time.`;
      return away('other-pod', 'another-pods-address', 'medium', sentence);
    }
    return at.pod === 'known'
      ? unclear('address-unknown', `${address} lies in the pods' network, but no pod in the inventory has it.`)
      : unclear('pod-unknown', `${pod} is not in the inventory, and ${address} may have been its address.`);
  }
  if (mayBeItsOwn(whereabouts, at) && context.paths.judge(address) !== 'thief') {
    return unclear('pod-unknown', `The inventory doesn't say where ${pod} is; ${address} may be its address.`);
  }
  return placeOutside(use, address, whereabouts, at, pod, sure, context);
}

/** Had issued by a person, not by a kubelet for its pod or by a pod for another. */
const isByHand = (issued: Issued): boolean =>
  issued.byPrincipal === undefined && nodeOfKubelet(issued.by) === undefined;

/** Had issued by the kubelet just before its first use: the pod has just begun. */
const isNewlyIssued = (entry: LedgerEntry | undefined): boolean =>
  entry?.issued !== undefined &&
  entry.firstUse !== undefined &&
  nodeOfKubelet(entry.issued.by) !== undefined &&
  entry.firstUse - entry.issued.time <= JUST_BEGUN;

const mayBeItsOwn = (whereabouts: Whereabouts, at: Home): boolean =>
  whereabouts.network === 'private' &&
  at.addresses.length === 0 &&
  (at.pod !== 'gone' || at.nodeAddresses.length === 0);

function placeOnOwnNode(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  at: Home,
  pod: string,
  node: string,
  context: PlacementContext,
): Placement | undefined {
  if (at.hostNetwork)
    return home('node-of-host-network-pod', 'medium', `${address} is ${node}, on whose network ${pod} runs.`);
  if (at.pod === 'unknown')
    return unclear('pod-unknown', `${address} is ${node}; ${pod} is not in the inventory, and may run on its network.`);
  // Pods beside an API server reach that one as themselves and the others masqueraded, in turns.
  if (whereabouts.network === 'control-plane') {
    return unclear('node-address-nat-or-host', `${address} is ${node}, which runs an API server itself.`);
  }
  switch (context.masquerade.judge(use, context.now, isNewlyIssued(context.ledger.get(use.credential.id)))) {
    case 'wait':
      return undefined;
    case 'host':
      return away(
        'host',
        'own-node-not-pod',
        'high',
        `${address} is ${node} itself, while ${pod} went on with its own address at the same time.`,
      );
    case 'host-by-neighbours':
      return away(
        'host',
        'own-node-not-pod',
        'medium',
        `${address} is ${node} itself, while other pods of ${node} reach the API server with their own addresses.`,
      );
    case 'masqueraded':
      return unclear(
        'node-address-nat-or-host',
        `${address} is ${node}; pods of that node show its address now (masquerading), so the pod can't be told from the host.`,
      );
    case 'undecided':
      return unclear(
        'node-address-nat-or-host',
        `${address} is ${node}: masqueraded traffic of ${pod}, or a process of the host.`,
      );
  }
}

/** An address that is nobody's in the cluster: a thief, or something that stands before the API server. */
function placeOutside(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  at: Home,
  pod: string,
  sure: Confidence,
  { paths, now }: PlacementContext,
): Placement | undefined {
  const where = outside(whereabouts);
  const words = `${address} is ${where === 'internet' ? 'on the internet' : 'no address of this cluster'}; ${pod} ${homeWords(at)}.`;
  const stranger = paths.judge(address);
  if (stranger === 'thief') return away(where, 'outside-cluster-networks', sure, words);
  const late = now >= use.time + PATH_PATIENCE;
  if (!paths.reaches(at.node, use.time)) {
    if (!late) return undefined;
    return unclear(
      'behind-proxy',
      `No address of ${at.node ?? 'its node'} was seen lately: a gateway may stand before the API server, and ${address} be that.`,
    );
  }
  if (paths.comesStraight(use.binding.pod?.uid)) return away(where, 'outside-cluster-networks', sure, words);
  if (!late) return undefined;
  if (stranger === 'gateway') {
    return unclear(
      'behind-proxy',
      `${address} is used for several that never show addresses of their own: it looks like a gateway.`,
    );
  }
  // Where the kubelet comes straight, what else runs on the node's network has the same way.
  if (at.hostNetwork && (at.node === undefined || !paths.kubeletReaches(at.node, use.time))) {
    return unclear(
      'behind-proxy',
      `${pod} was never seen at ${at.node}: ${address} may be the way by which its node reaches the API server.`,
    );
  }
  return away(where, 'outside-cluster-networks', 'medium', words);
}

const homeWords = (at: Home): string => {
  if (at.addresses.length > 0) return `is at ${at.addresses.join(', ')}`;
  return at.pod === 'gone' ? 'has gone' : 'is elsewhere';
};
