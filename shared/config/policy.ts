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
    allowedPrograms: () =>
      detection.allowedReaders.flatMap((entry) =>
        isInForce(entry) && !isOfPod(entry) && entry.executable !== undefined ? [entry.executable] : [],
      ),
    exceptsPods: () => detection.allowedReaders.some((entry) => isInForce(entry) && isOfPod(entry)),
    mayAllow: (pod, image) =>
      detection.allowedReaders.some((entry) => isInForce(entry) && isOfPod(entry) && isThere(entry, pod, image)),
    learningPeriod: detection.learningHours * HOUR,
    isTrustedProxy: (address) => inCidrs(address, trusted),
    rule: (id) => detection.rules[id],
  };
}

type AllowedReader = Config['detection']['allowedReaders'][number];

/** Else it is about processes of the node. */
const isOfPod = ({ namespace, pod, image }: AllowedReader): boolean =>
  namespace !== undefined || pod !== undefined || image !== undefined;

/**
 * All that is named must be so. A program whose file was deleted or replaced is not the one that was named; nor is one of
 * the node in mounts of its own, where anything can be put at any path.
 */
function isReader(entry: AllowedReader, opener: Opener): boolean {
  const { executable } = entry;
  if (opener.disguised || (executable !== undefined && (opener.exe !== executable || opener.exeState))) return false;
  const { pod, container, namespaces } = opener;
  if (!isOfPod(entry))
    return pod === undefined && container === undefined && namespaces.host?.includes('mnt') !== false;
  return !opener.entered && isThere(entry, pod, container?.image);
}

const isThere = (
  { namespace, pod, image }: AllowedReader,
  where: { namespace?: string | undefined; name?: string | undefined } | undefined,
  runs: string | undefined,
): boolean =>
  (namespace === undefined || where?.namespace === namespace) &&
  (pod === undefined || isNamed(pod, where?.name)) &&
  (image === undefined || isNamed(image, runs));

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
