/** The configured exceptions, compiled into the questions that detection asks. */

import { defaultPolicy, type Policy } from '../detection/policy.ts';
import { type Cidr, inCidrs, parseCidr } from '../inventory/address.ts';
import type { Clock } from '../time.ts';
import type { Config } from './schema.ts';
import { expiryOf } from './values.ts';

/** @param clock what tells whether an exception has expired */
export function toPolicy({ detection, networks }: Pick<Config, 'detection' | 'networks'>, clock: Clock): Policy {
  const isInForce = ({ expires }: { expires?: string | undefined }): boolean =>
    expires === undefined || (expiryOf(expires) ?? 0) > clock.now();
  const trusted = toCidrs(networks.trustedProxies);
  const sources = detection.knownLegacySources.map((entry) => ({ ...entry, cidrs: toCidrs([entry.source]) }));
  return {
    allowedMinter: (actor, principal) =>
      detection.allowedMinters.find((entry) => entry.principal === actor && isInForce(entry))?.reason ??
      defaultPolicy.allowedMinter(actor, principal),
    knownLegacySource: (principal, address) =>
      sources.find((entry) => entry.principal === principal && isInForce(entry) && inCidrs(address, entry.cidrs))
        ?.reason,
    isTrustedProxy: (address) => inCidrs(address, trusted),
    rule: (id) => detection.rules[id],
  };
}

/** Addresses and CIDRs, validated before, as CIDRs. */
export function toCidrs(values: readonly string[]): Cidr[] {
  return values.flatMap((value) => {
    const cidr = parseCidr(value.includes('/') ? value : `${value}/${value.includes(':') ? 128 : 32}`);
    return cidr ? [cidr] : [];
  });
}
