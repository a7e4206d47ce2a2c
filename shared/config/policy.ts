/** The configured exceptions, compiled into the questions that detection asks. */

import { defaultPolicy, type Policy } from '../detection/policy.ts';
import { type Cidr, inCidrs, parseCidr } from '../inventory/address.ts';
import type { Opener } from '../schema/observation.ts';
import { type Clock, HOUR } from '../time.ts';
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
    allowedReader: (opener) =>
      detection.allowedReaders.find((entry) => isInForce(entry) && isReader(entry, opener))?.reason,
    learningPeriod: detection.learningHours * HOUR,
    isTrustedProxy: (address) => inCidrs(address, trusted),
    rule: (id) => detection.rules[id],
  };
}

type AllowedReader = Config['detection']['allowedReaders'][number];

/** All that is named must be so. A program whose file was deleted or replaced is not the one that was named. */
function isReader({ executable, namespace, pod, image }: AllowedReader, opener: Opener): boolean {
  if (executable !== undefined && (opener.exe !== executable || opener.exeState !== undefined)) return false;
  if (namespace === undefined && pod === undefined && image === undefined) {
    return opener.pod === undefined && opener.container === undefined && !opener.disguised;
  }
  if (opener.disguised || opener.entered) return false;
  return (
    (namespace === undefined || opener.pod?.namespace === namespace) &&
    (pod === undefined || isNamed(pod, opener.pod?.name)) &&
    (image === undefined || isNamed(image, opener.container?.image))
  );
}

/** To the letter, or up to a `*` at its end. */
const isNamed = (pattern: string, text: string | undefined): boolean =>
  text !== undefined && (pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern);

/** Addresses and CIDRs, validated before, as CIDRs. */
export function toCidrs(values: readonly string[]): Cidr[] {
  return values.flatMap((value) => {
    const cidr = parseCidr(value.includes('/') ? value : `${value}/${value.includes(':') ? 128 : 32}`);
    return cidr ? [cidr] : [];
  });
}
