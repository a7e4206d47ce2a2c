import { canonicalAddress } from '../inventory/address.ts';
import type { Source } from '../schema/observation.ts';
import { clean } from './scrub.ts';

/** Tells whether a canonical address is one of the configured trusted proxies. */
export type IsTrustedProxy = (address: string) => boolean;

const MAX_CLAIMED = 16;

/**
 * The API server lists X-Forwarded-For, then X-Real-Ip, then the connection's peer: only the last element is not the
 * client's to choose. A trusted proxy's word is taken for the element before it, and so on to the left.
 */
export function readSource(sourceIPs: readonly string[], isTrustedProxy: IsTrustedProxy): Source {
  let at = sourceIPs.length - 1;
  let address = at < 0 ? undefined : canonicalAddress(sourceIPs[at] ?? '');
  while (at > 0 && address !== undefined && isTrustedProxy(address)) {
    at -= 1;
    address = canonicalAddress(sourceIPs[at] ?? '');
  }
  const claimed: string[] = [];
  for (let i = 0; i < at && i < MAX_CLAIMED; i += 1) {
    const stated = sourceIPs[i] ?? '';
    claimed.push(canonicalAddress(stated) ?? clean(stated, 64));
  }
  return { address: address ?? null, claimed, claimedTotal: Math.max(0, at) };
}
