/** How a verdict on a use is written: where it came from, and the words for it. */
import type { AddressHolder, Whereabouts } from '../schema/observation.ts';
import type { AwayWhere, Confidence, Placement, PlacementReason } from '../schema/placement.ts';

export const home = (reason: PlacementReason, confidence: Confidence, sentence: string): Placement => ({
  verdict: 'home',
  reason,
  confidence,
  sentence,
});

export const unclear = (reason: PlacementReason, sentence: string): Placement => ({
  verdict: 'unclear',
  reason,
  confidence: 'low',
  sentence,
});

export const away = (
  where: AwayWhere,
  reason: PlacementReason,
  confidence: Confidence,
  sentence: string,
): Placement => ({
  verdict: 'away',
  where,
  reason,
  confidence,
  sentence,
});

/** The kind of away for an address that is nobody's in the cluster. */
export const outside = (whereabouts: Whereabouts): AwayWhere =>
  whereabouts.network === 'public' ? 'internet' : 'outside-cluster';

/** The kind of away for any address. */
export function whereIs(whereabouts: Whereabouts): AwayWhere {
  const [holder] = whereabouts.holders;
  if (holder) return holder.kind === 'node' ? 'other-node' : 'other-pod';
  if (whereabouts.network === 'nodes' || whereabouts.network === 'control-plane') return 'other-node';
  if (whereabouts.network === 'pods') return 'other-pod';
  return outside(whereabouts);
}

const holderWords = (holder: AddressHolder): string =>
  holder.kind === 'node' ? `node ${holder.name}` : `the pod ${holder.namespace}/${holder.name}`;

/** The address with whose it is. */
export const addressWords = (address: string, whereabouts: Whereabouts): string => {
  const [holder] = whereabouts.holders;
  if (holder) return `${address} (${holderWords(holder)})`;
  return whereabouts.network === 'public' ? `${address} (on the internet)` : address;
};
