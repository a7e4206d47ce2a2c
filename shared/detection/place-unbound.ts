/** Credentials that are bound to no pod: home is where they were issued to, else what their history shows. */
import type { Issued, LedgerEntry } from '../inventory/ledger.ts';
import { legacyCredentialId } from '../normalise/credential.ts';
import { CONTROLLER_MANAGER, parsePrincipal } from '../normalise/principal.ts';
import type { TokenUse, Whereabouts } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { MINUTE, type Micros } from '../time.ts';
import { residentKey } from './learned-homes.ts';
import { placeLearned } from './place-learned.ts';
import type { PlacementContext } from './placement-context.ts';
import { addressWords, away, home, unclear, whereIs } from './verdict.ts';

/** How long a use waits to see whether somebody who listed Secrets does so for a living. */
const LISTS_SHOW: Micros = MINUTE;

export function placeNodeBound(address: string, whereabouts: Whereabouts, node: string): Placement {
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

/** The log tells who had it issued: its home is there. */
export function placeIssued(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  entry: LedgerEntry,
  issued: Issued,
  context: PlacementContext,
): Placement {
  const { by } = issued;
  if (entry.tainted !== undefined) return away(whereIs(whereabouts), 'issued-to-thief', 'high', entry.tainted);
  if (issued.address === address) return home('issuer-address', 'medium', `${address} is where ${by} had it issued.`);
  if (whereabouts.holders.some((holder) => holder.kind === 'pod' && holder.uid === issued.byPod)) {
    return home('issuer-address', 'medium', `${address} is another address of the pod that had it issued.`);
  }
  // A person works from more than one machine.
  if (issued.byPrincipal === undefined && context.ledger.issuedFrom(by, address)) {
    return home('issuer-address', 'low', `${by} had other tokens issued from ${address}.`);
  }
  if (issued.address === null)
    return unclear('issuer-unknown', `${by} had it issued, from an address that can't be read.`);
  if (isOwnController(use, address, whereabouts, context)) return ownController(address);
  const handsOut = context.policy.allowedMinter(by, use.principal);
  if (handsOut !== undefined) return unclear('issuer-unknown', `${by} had it issued for somebody else: ${handsOut}.`);
  // The control plane may have more addresses than one, behind a balancer or on several machines.
  if (by === CONTROLLER_MANAGER && whereabouts.network === 'private') {
    return unclear(
      'behind-proxy',
      `${by} had it issued at ${issued.address}; ${address} may be the control plane too.`,
    );
  }
  return away(
    whereIs(whereabouts),
    'not-issuer-address',
    'medium',
    `${by} had this token issued at ${issued.address}; it was used from ${addressWords(address, whereabouts)}.`,
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

const ownController = (address: string): Placement =>
  home('control-plane', 'medium', `${address} is the control plane, using its own controllers' account.`);

/** Issued before the log begins, or by a cluster that doesn't say: only its history can tell. */
export function placeUnissued(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  context: PlacementContext,
): Placement | undefined {
  if (isOwnController(use, address, whereabouts, context)) return ownController(address);
  if (use.credential.kind === 'minted') {
    const unknown = unclear('issuer-unknown', 'The token is bound to no pod, and who had it issued is not in the log.');
    return placeLearned(use, address, whereabouts, unknown, context);
  }
  // Several credentials of the account go by one name here: two places need not be two holders of one.
  return context.learned.homeOf(residentKey(use)) === address
    ? home('learned-home', 'low', `Steadily used from ${address}.`)
    : unclear('credential-unnamed', 'The event does not say which credential was used.');
}

export function placeLegacy(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  entry: LedgerEntry | undefined,
  context: PlacementContext,
): Placement | undefined {
  const known = context.policy.knownLegacySource(use.principal, address);
  if (known !== undefined)
    return home('known-legacy-source', 'high', `${address} is configured as right for this token: ${known}`);
  const here = entry?.sources.get(address);
  const mayMount = mayMountIt(use, whereabouts);
  // Whoever acts from the control plane's machine holds every key already, and needs to steal none.
  if (!mayMount && !isControlPlane(address, whereabouts, context)) {
    const reads = context
      .secretReads(use.credential.id, use.time)
      .filter((read) => here === undefined || here.first > read.time);
    const wasNamed = reads.some((read) => read.name !== undefined);
    // Who lists Secrets time and again shows it within a while.
    if (reads.length > 0 && !wasNamed && context.now < use.time + LISTS_SHOW) return undefined;
    if (reads.length > 0) {
      return away(
        whereIs(whereabouts),
        'new-legacy-source',
        wasNamed ? 'high' : 'medium',
        `First used from ${addressWords(address, whereabouts)} after another account had ${wasNamed ? 'fetched its Secret' : 'listed all Secrets'}.`,
      );
    }
    if (here?.away) {
      const sentence = `${addressWords(address, whereabouts)} was found to be no place of this token before.`;
      return away(whereIs(whereabouts), 'new-legacy-source', 'low', sentence);
    }
  }
  const isFirst = ![...(entry?.sources ?? [])].some(
    ([other, seen]) => other !== address && !seen.away && (here === undefined || seen.first < here.first),
  );
  if (mayMount && !isFirst) {
    const sentence = `${address} is a pod of the account's own namespace, which may mount its Secret.`;
    return home('known-legacy-source', 'low', sentence);
  }
  const unknown = unclear(
    'no-history',
    isFirst
      ? `A legacy token has no home of its own, and ${address} is the first place it was seen at.`
      : `A legacy token has no home of its own, and may be used from several places; ${address} is not the first.`,
  );
  return isFirst ? unknown : placeLearned(use, address, whereabouts, unknown, context);
}

/**
 * A pod may mount the Secrets of its own namespace: each new pod of a deployment is a new address. Where its spec is known
 * it says whether it does.
 */
const mayMountIt = (use: TokenUse, whereabouts: Whereabouts): boolean => {
  const namespace = parsePrincipal(use.principal)?.namespace ?? '';
  return whereabouts.holders.some(
    (holder) =>
      holder.kind === 'pod' &&
      holder.namespace === namespace &&
      (holder.secrets?.some((secret) => legacyCredentialId(namespace, secret) === use.credential.id) ?? true),
  );
};
