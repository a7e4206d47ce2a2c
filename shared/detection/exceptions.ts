/** What is not to be told of again: which finding is kept back by which exception, and how many of them were. */
import { addressWords, type Cidr, cidrContains, parseCidr } from '../inventory/address.ts';
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { Finding } from '../schema/alert.ts';
import type { Exception } from '../schema/handling.ts';
import type { Suppressed } from './correlator-types.ts';

/** A finding may be made more than once, as what was seen is looked at again; it counts once. */
const MAX_COUNTED = 20_000;

interface Known {
  exception: Exception;
  /** Of its source. */
  network: Cidr | undefined;
}

export class Exceptions {
  readonly #cluster: string;
  readonly #counted = new BoundedMap<string, true>(MAX_COUNTED);
  #byTerms = new Map<string, Known[]>();
  #suppressed = new Map<string, Suppressed>();

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** They replace those before. */
  set(exceptions: readonly Exception[]): void {
    const own = exceptions.filter(
      ({ cluster, revokedAt }) => revokedAt === null && (cluster === null || cluster === this.#cluster),
    );
    this.#byTerms = new Map();
    for (const exception of own) {
      const key = keyOf(exception);
      const network = exception.source === null ? undefined : parseCidr(exception.source);
      const known = this.#byTerms.get(key);
      if (known) known.push({ exception, network });
      else this.#byTerms.set(key, [{ exception, network }]);
    }
  }

  /** Whether the finding is kept back; it is counted then. */
  keepBack(finding: Finding): boolean {
    const known = this.#byTerms.get(keyOf(finding));
    if (!known) return false;
    const words = finding.source === null ? undefined : addressWords(finding.source);
    const match = known.find(
      ({ exception: { source, expiresAt }, network }) =>
        (expiresAt === null || finding.time < expiresAt) &&
        (source === null || source === finding.source || (words && network && cidrContains(network, words))),
    );
    if (!match) return false;
    if (this.#counted.peek(finding.id) === undefined) {
      this.#counted.set(finding.id, true);
      const { count, last } = this.#suppressed.get(match.exception.id) ?? { count: 0, last: 0 };
      this.#suppressed.set(match.exception.id, { count: count + 1, last: Math.max(last, finding.time) });
    }
    return true;
  }

  /** What was kept back since the last call, by the exception's id; undefined: nothing. */
  takeSuppressed(): ReadonlyMap<string, Suppressed> | undefined {
    if (this.#suppressed.size === 0) return undefined;
    const suppressed = this.#suppressed;
    this.#suppressed = new Map();
    return suppressed;
  }
}

const keyOf = ({ rule, principal }: Pick<Exception, 'rule' | 'principal'>): string => `${rule}\n${principal}`;
