/** Words for what the API names. */
import { printable } from '../../../../shared/text.ts';

/** `shop/cart` for a ServiceAccount, anybody else as they are. */
export const accountName = (principal: string): string =>
  printable(principal.replace(/^system:serviceaccount:([^:]+):(.+)$/, '$1/$2'));

const PLACES: Readonly<Record<string, string>> = {
  internet: 'the internet',
  'outside-cluster': 'outside the cluster',
  'other-node': 'another node',
  'other-pod': 'another pod',
  host: 'the node itself',
};
export const placeName = (where: string): string => PLACES[where] ?? printable(where);

/** Of evidence: `away: outside the cluster` for `away: outside-cluster`. */
export function placementName(placement: string): string {
  const [verdict = '', where] = placement.split(': ');
  return where === undefined ? printable(verdict) : `${printable(verdict)}: ${placeName(where)}`;
}

/** `true positive` for `true-positive`. */
export const reasonName = (reason: string): string => printable(reason.replaceAll('-', ' '));

export const counted = (count: number, thing: string, things = `${thing}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? thing : things}`;
