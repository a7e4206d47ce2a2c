/** Where nothing but the log itself can tell where a credential belongs: only what it has shown for long enough. */
import type { TokenUse, Whereabouts } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { residentKey } from './learned-homes.ts';
import { MASQUERADE_PATIENCE } from './masquerade.ts';
import type { PlacementContext } from './placement-context.ts';
import { addressWords, away, home, unclear, whereIs } from './verdict.ts';

/** @param unknown the verdict when the log shows no home */
export function placeLearned(
  use: TokenUse,
  address: string,
  whereabouts: Whereabouts,
  unknown: Placement,
  { learned, now }: PlacementContext,
): Placement | undefined {
  const resident = residentKey(use);
  const who = use.binding.pod ? `${use.binding.pod.namespace}/${use.binding.pod.name}` : 'the token';
  const at = learned.homeOf(resident);
  if (at === address) return home('learned-home', 'low', `Steadily used from ${address}.`);
  const late = now >= use.time + MASQUERADE_PATIENCE;
  if (at === undefined) return late ? unknown : undefined;
  if (learned.isNode(address) || whereabouts.holders.some((holder) => holder.kind === 'node')) {
    return unclear(
      'node-address-nat-or-host',
      `${address} is a node's address: masqueraded traffic of ${who}, or a process of a host.`,
    );
  }
  // A pod is in one place. A token that is bound to none may rightly be used in several, by pods that come and go too.
  const mayBeAnyPod = whereabouts.inventory === 'none' && whereIs(whereabouts) !== 'internet';
  if (!use.binding.pod && (mayBeAnyPod || !learned.isNewcomer(resident, address, at))) return unknown;
  const continuity = learned.continuity(resident, at, use.time, Math.min(now, use.time + MASQUERADE_PATIENCE));
  if (continuity === 'continuing') {
    const where = learned.isAnothers(address, resident) ? 'other-pod' : whereIs(whereabouts);
    const basis = basisOf(use, whereabouts);
    return away(
      where,
      'not-learned-home',
      where === 'internet' ? 'medium' : 'low',
      `${basis}steadily used from ${at}, and at the same time from ${addressWords(address, whereabouts)}.`,
    );
  }
  if (continuity === 'pending' && !late) return undefined;
  return use.binding.pod && whereabouts.inventory === 'none'
    ? unclear('no-inventory', `Used from ${at} before; nothing says whether ${who} moved to ${address}.`)
    : unknown;
}

function basisOf(use: TokenUse, { inventory }: Whereabouts): string {
  if (inventory === 'none') return 'There was no inventory; by the log alone: ';
  return use.binding.pod ? 'The inventory does not know the pod; by the log alone: ' : '';
}
