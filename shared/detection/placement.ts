/**
 * Where a use came from, seen from where its credential belongs: the heart of Truant. A pure question to what is known;
 * `undefined` means that waiting a little will tell. What can't be told is `unclear`, never a guess.
 */
import type { Ledger, LedgerEntry } from '../inventory/ledger.ts';
import { parsePrincipal } from '../normalise/principal.ts';
import type { AddressHolder, TokenUse, Whereabouts } from '../schema/observation.ts';
import type { AwayWhere, Confidence, Placement, PlacementReason } from '../schema/placement.ts';
import { type Micros, SECOND } from '../time.ts';
import { type LearnedHomes, residentKey } from './learned-homes.ts';
import { MASQUERADE_PATIENCE, type Masquerade } from './masquerade.ts';
import type { Policy } from './policy.ts';

export interface PlacementContext {
  /** Whether the log shows this address to be the control plane's. */
  isControlPlane(address: string): boolean;
  ledger: Ledger;
  masquerade: Masquerade;
  learned: LearnedHomes;
  policy: Policy;
  /** Event time up to which everything is known. */
  now: Micros;
  /** A principal other than the account itself fetched this legacy token's Secret before: undefined if none did. */
  secretReadBefore(credential: string, time: Micros): Micros | undefined;
}

/** How long a use may wait for others to show whether addresses reach the API server as they are. */
const REACH_PATIENCE: Micros = MASQUERADE_PATIENCE;
/** A deleted pod's token goes on for up to 10 s (the API server caches success), and a watcher is a moment late. */
const GONE_GRACE: Micros = 15 * SECOND;

export const home = (reason: PlacementReason, confidence: Confidence, sentence: string): Placement => ({
  verdict: 'home',
  reason,
  confidence,
  sentence,
});
const unclear = (reason: PlacementReason, sentence: string): Placement => ({
  verdict: 'unclear',
  reason,
  confidence: 'low',
  sentence,
});
const away = (where: AwayWhere, reason: PlacementReason, confidence: Confidence, sentence: string): Placement => ({
  verdict: 'away',
  where,
  reason,
  confidence,
  sentence,
});

export function place(use: TokenUse, context: PlacementContext): Placement | undefined {
  const address = use.source.address;
  if (address === null) return unclear('no-address', 'The event names no source address that can be read.');
  const whereabouts = use.whereabouts ?? NO_INVENTORY;
  const entry = context.ledger.get(use.credential.id);
  if (use.binding.pod) {
    if (whereabouts.inventory === 'none' || !whereabouts.home) {
      const unknown = unclear(
        'no-inventory',
        'Without an inventory nothing says where the pod belongs, and the log shows no steady home.',
      );
      return placeLearned(use, address, whereabouts, unknown, context);
    }
    return placePod(use, address, whereabouts, whereabouts.home, context);
  }
  if (use.credential.kind === 'legacy') return placeLegacy(use, address, whereabouts, entry, context);
  if (use.binding.node && !entry?.issued) return placeNodeBound(use, address, whereabouts, use.binding.node.name);
  if (entry?.issued) return placeIssued(use, address, whereabouts, entry, context);
  return placeUnissued(use, address, whereabouts, context);
}

const NO_INVENTORY: Whereabouts = { inventory: 'none', network: 'private', holders: [] };

type Home = NonNullable<Whereabouts['home']>;

function placePod(
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
  const sure: Confidence = whereabouts.inventory === 'live' ? 'high' : 'medium';

  const ownNode = at.nodeAddresses.includes(address);
  if (ownNode) return placeOnOwnNode(use, address, at, pod, node, context);

  const holderNode = whereabouts.holders.find((holder) => holder.kind === 'node');
  if (holderNode && holderNode.name !== at.node) {
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
    if (at.pod === 'gone' && withinGrace(use, context)) {
      return unclear(
        'pod-gone',
        `${pod} was just deleted and ${address} given to ${holderPod.namespace}/${holderPod.name}.`,
      );
    }
    return away(
      'other-pod',
      'another-pods-address',
      at.pod === 'known' ? sure : 'medium',
      `${address} is the pod ${holderPod.namespace}/${holderPod.name}, not ${pod}.`,
    );
  }
  if (whereabouts.network === 'pods' || whereabouts.network === 'services') {
    return at.pod === 'known'
      ? unclear('address-unknown', `${address} lies in the pods' network, but no pod in the inventory has it.`)
      : unclear('pod-unknown', `${pod} is not in the inventory, and ${address} may have been its address.`);
  }
  if (
    at.pod !== 'known' &&
    whereabouts.network === 'private' &&
    at.addresses.length === 0 &&
    at.nodeAddresses.length === 0
  ) {
    return unclear(
      'pod-unknown',
      `Neither ${pod} nor its node is in the inventory; ${address} may have been its address.`,
    );
  }
  return placeOutside(use, address, whereabouts, at, pod, sure, context);
}

const withinGrace = (use: TokenUse, context: PlacementContext): boolean => context.now - use.time < GONE_GRACE;

function placeOnOwnNode(
  use: TokenUse,
  address: string,
  at: Home,
  pod: string,
  node: string,
  context: PlacementContext,
): Placement | undefined {
  if (at.hostNetwork)
    return home('node-of-host-network-pod', 'medium', `${address} is ${node}, on whose network ${pod} runs.`);
  switch (context.masquerade.judge(use, context.now)) {
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

function placeOutside(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  at: Home,
  pod: string,
  sure: Confidence,
  context: PlacementContext,
): Placement | undefined {
  const reach = context.masquerade.reaches(at.node, use.time);
  if (reach === 'unknown') {
    if (context.now < use.time + REACH_PATIENCE) return undefined;
    return unclear(
      'behind-proxy',
      `No pod's own address was seen lately: the API server may sit behind a gateway, and ${address} be that.`,
    );
  }
  if (reach === 'cluster' && context.masquerade.standsInFor(address) >= 3) {
    return unclear(
      'behind-proxy',
      `${address} is used by several pods of ${at.node ?? 'that node'} that never show their own: it looks like a gateway.`,
    );
  }
  const where = outside(whereabouts);
  return away(
    where,
    'outside-cluster-networks',
    reach === 'node' ? sure : 'medium',
    `${address} is ${where === 'internet' ? 'on the internet' : 'no address of this cluster'}; ${pod} ${homeWords(at)}.`,
  );
}

const homeWords = (at: Home): string =>
  at.addresses.length > 0 ? `is at ${at.addresses.join(', ')}` : at.pod === 'gone' ? 'has gone' : 'is elsewhere';

/** The kind of away for an address that is nobody's in the cluster. */
const outside = (whereabouts: Whereabouts): AwayWhere =>
  whereabouts.network === 'public' ? 'internet' : 'outside-cluster';

/** The kind of away for any address. */
function whereIs(whereabouts: Whereabouts): AwayWhere {
  for (const holder of whereabouts.holders) return holder.kind === 'node' ? 'other-node' : 'other-pod';
  if (whereabouts.network === 'nodes' || whereabouts.network === 'control-plane') return 'other-node';
  if (whereabouts.network === 'pods') return 'other-pod';
  return outside(whereabouts);
}

const holderWords = (holder: AddressHolder): string =>
  holder.kind === 'node' ? `node ${holder.name}` : `the pod ${holder.namespace}/${holder.name}`;

const addressWords = (address: string, whereabouts: Whereabouts): string => {
  const [holder] = whereabouts.holders;
  if (holder) return `${address} (${holderWords(holder)})`;
  return whereabouts.network === 'public' ? `${address} (on the internet)` : address;
};

/** Where nothing but the log itself can tell: only what it has shown for long enough. */
function placeLearned(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  unknown: Placement,
  context: PlacementContext,
): Placement | undefined {
  const resident = residentKey(use);
  const who = use.binding.pod ? `${use.binding.pod.namespace}/${use.binding.pod.name}` : 'the token';
  const learned = context.learned.homeOf(resident);
  if (learned === address) return home('learned-home', 'low', `Steadily used from ${address}.`);
  const late = context.now >= use.time + MASQUERADE_PATIENCE;
  if (learned === undefined) return late ? unknown : undefined;
  if (context.learned.isNode(address)) {
    return unclear(
      'node-address-nat-or-host',
      `${address} is a node's address: masqueraded traffic of ${who}, or a process of a host.`,
    );
  }
  const continuity = context.learned.continuity(resident, learned, use.time, context.now);
  if (continuity === 'continuing') {
    const where = context.learned.isAnothers(address, resident) ? 'other-pod' : whereIs(whereabouts);
    return away(
      where,
      'not-learned-home',
      where === 'internet' ? 'medium' : 'low',
      `Steadily used from ${learned}, and at the same time from ${addressWords(address, whereabouts)}.`,
    );
  }
  if (continuity === 'pending' && !late) return undefined;
  return unclear('no-inventory', `Used from ${learned} before; nothing says whether ${who} moved to ${address}.`);
}

function placeNodeBound(use: TokenUse, address: string, whereabouts: Whereabouts, node: string): Placement {
  const addresses = whereabouts.home?.nodeAddresses ?? [];
  if (addresses.includes(address)) {
    return home('node-of-node-bound-credential', 'medium', `${address} is ${node}, to which the token is bound.`);
  }
  if (addresses.length === 0)
    return unclear('no-inventory', `The token is bound to ${node}, whose addresses aren't known.`);
  return away(
    whereIs(whereabouts),
    'another-nodes-address',
    'medium',
    `The token is bound to ${node}, and used from ${addressWords(address, whereabouts)}.`,
  );
}

/** Not bound to a pod, but the log tells who had it issued: its home is there. */
function placeIssued(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  entry: LedgerEntry,
  context: PlacementContext,
): Placement {
  const by = entry.issued?.by ?? '';
  const issuer = entry.issued?.address ?? null;
  if (entry.tainted !== undefined) return away(whereIs(whereabouts), 'issued-to-thief', 'high', entry.tainted);
  if (issuer === address) return home('issuer-address', 'medium', `${address} is where ${by} had it issued.`);
  const samePod = whereabouts.holders.some((holder) => holder.kind === 'pod' && holder.uid === entry.issued?.byPod);
  if (samePod) return home('issuer-address', 'medium', `${address} is another address of the pod that had it issued.`);
  if (issuer === null) return unclear('issuer-unknown', `${by} had it issued, from an address that can't be read.`);
  if (isOwnController(use, address, whereabouts, context))
    return home('control-plane', 'medium', `${address} is the control plane, using its own controllers' account.`);
  return away(
    whereIs(whereabouts),
    'not-issuer-address',
    'medium',
    `${by} had this token issued at ${issuer}; it was used from ${addressWords(address, whereabouts)}.`,
  );
}

/** Its own controllers use tokens that are bound to nothing, from its own machine: right, and many. */
const isOwnController = (
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  context: PlacementContext,
): boolean =>
  parsePrincipal(use.principal)?.namespace === 'kube-system' && isControlPlane(address, whereabouts, context);

const isControlPlane = (address: string, whereabouts: Whereabouts, context: PlacementContext): boolean =>
  whereabouts.network === 'control-plane' || whereabouts.network === 'loopback' || context.isControlPlane(address);

/** Not bound, and issued before the log begins (or by a cluster that doesn't say): only its history can tell. */
function placeUnissued(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  context: PlacementContext,
): Placement | undefined {
  if (isOwnController(use, address, whereabouts, context)) {
    return home('control-plane', 'medium', `${address} is the control plane, using its own controllers' account.`);
  }
  const unknown =
    use.credential.kind === 'minted'
      ? unclear('issuer-unknown', 'The token is bound to no pod, and who had it issued is not in the log.')
      : unclear('credential-unnamed', 'The event does not say which credential was used.');
  return placeLearned(use, address, whereabouts, unknown, context);
}

function placeLegacy(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  entry: LedgerEntry | undefined,
  context: PlacementContext,
): Placement {
  const known = context.policy.knownLegacySource(use.principal, address);
  if (known !== undefined)
    return home('known-legacy-source', 'high', `${address} is configured as right for this token: ${known}`);
  const here = entry?.sources.get(address);
  const readAt = context.secretReadBefore(use.credential.id, use.time);
  const isNewSinceRead = readAt !== undefined && (here === undefined || here.first > readAt);
  // Whoever acts from the control plane's machine holds every key already, and needs to steal none.
  if (isNewSinceRead && !mountsItsOwn(use, whereabouts) && !isControlPlane(address, whereabouts, context)) {
    return away(
      whereIs(whereabouts),
      'new-legacy-source',
      'high',
      `First used from ${addressWords(address, whereabouts)} after another account had fetched its Secret.`,
    );
  }
  const others = [...(entry?.sources ?? [])].filter(([other, seen]) => other !== address && !seen.away);
  const before = others.filter(([, seen]) => here === undefined || seen.first < here.first);
  if (before.length === 0)
    return unclear(
      'no-history',
      `A legacy token has no home of its own, and ${address} is the first place it was seen at.`,
    );
  if (mountsItsOwn(use, whereabouts)) {
    return home(
      'known-legacy-source',
      'low',
      `${address} is a pod of the account's own namespace, which may mount its Secret.`,
    );
  }
  return away(
    whereIs(whereabouts),
    'new-legacy-source',
    'low',
    `So far used from ${before
      .map(([other]) => other)
      .slice(0, 3)
      .join(', ')}; ${addressWords(address, whereabouts)} is new.`,
  );
}

/** A pod may mount the Secrets of its own namespace: each new pod of a deployment is a new address. */
const mountsItsOwn = (use: TokenUse, whereabouts: Whereabouts): boolean =>
  whereabouts.holders.some(
    (holder) => holder.kind === 'pod' && holder.namespace === parsePrincipal(use.principal)?.namespace,
  );
