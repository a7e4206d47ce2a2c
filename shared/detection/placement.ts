/**
 * Where a use came from, seen from where its credential belongs: the heart of Truant. A pure question to what is known;
 * `undefined` means that waiting a little will tell. What can't be told is `unclear`, never a guess.
 */
import type { TokenUse, Whereabouts } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { placeLearned } from './place-learned.ts';
import { placePod } from './place-pod.ts';
import { placeIssued, placeLegacy, placeNodeBound, placeUnissued } from './place-unbound.ts';
import type { PlacementContext } from './placement-context.ts';
import { unclear } from './verdict.ts';

const NO_INVENTORY: Whereabouts = { inventory: 'none', network: 'private', holders: [] };

export function place(use: TokenUse, context: PlacementContext): Placement | undefined {
  const { address } = use.source;
  if (address === null) return unclear('no-address', 'The event names no source address that can be read.');
  if (context.policy.isTrustedProxy(address)) {
    return unclear('behind-proxy', `${address} is a configured proxy that named no client.`);
  }
  const whereabouts = use.whereabouts ?? NO_INVENTORY;
  const entry = context.ledger.get(use.credential.id);
  if (use.binding.pod) {
    if (whereabouts.inventory !== 'none' && whereabouts.home) {
      const placed = placePod(use, address, whereabouts, whereabouts.home, context);
      // An inventory of another time says nothing of this pod: then the log itself may.
      return placed?.reason === 'pod-unknown' ? placeLearned(use, address, whereabouts, placed, context) : placed;
    }
    const unknown = unclear(
      'no-inventory',
      'Without an inventory nothing says where the pod belongs, and the log shows no steady home.',
    );
    return placeLearned(use, address, whereabouts, unknown, context);
  }
  if (use.credential.kind === 'legacy') return placeLegacy(use, address, whereabouts, entry, context);
  const node = use.binding.node?.name;
  const isOnItsNode = whereabouts.home?.nodeAddresses.includes(address) === true;
  if (node !== undefined && (isOnItsNode || !entry?.issued)) return placeNodeBound(address, whereabouts, node);
  if (entry?.issued) return placeIssued(use, address, whereabouts, entry, entry.issued, context);
  return placeUnissued(use, address, whereabouts, context);
}
