/**
 * ServiceAccounts' tokens of several clusters. Many clusters call their issuer the same, so that the name alone doesn't
 * tell whose token it is: all whose issuer fits are asked, and exactly one must know it.
 */
import { type Clock, SECOND } from '../../shared/time.ts';
import { type Authenticator, isRefused, type Refused, type Verdict } from './authenticator.ts';
import { readUnverified, refusedUnseen, type Trusted } from './service-account.ts';

export interface TrustedCluster extends Trusted {
  /** @throws TruantError IDENTITY_UNAVAILABLE when it can't tell at the moment */
  verify(token: string): Promise<Verdict>;
}

/** @param guarded whether the clusters are asked over a network, which strangers should not be able to have done at will */
export function createClusterAuthenticator(
  clusters: readonly TrustedCluster[],
  options: { guarded: boolean; clock: Clock },
): Authenticator {
  return {
    guarded: options.guarded,
    authenticate: async ({ token }) => {
      const claims = token === undefined ? undefined : readUnverified(token);
      if (token === undefined || claims === undefined) return undefined;
      const fitting = clusters.filter(({ issuer }) => issuer === claims.iss);
      if (fitting.length === 0) return undefined;
      const now = options.clock.now() / SECOND;
      const verdicts = await Promise.all(
        fitting.map(async (cluster) => refusedUnseen(cluster, claims, now) ?? settled(cluster.verify(token))),
      );
      return judge(verdicts);
    },
  };
}

/** One that can't tell doesn't keep another from knowing. */
const settled = (verdict: Promise<Verdict>): Promise<Verdict | { failed: unknown }> =>
  verdict.catch((failed: unknown) => ({ failed }));

function judge(verdicts: readonly (Verdict | { failed: unknown })[]): Verdict {
  const callers = verdicts.filter((verdict) => verdict !== undefined && 'role' in verdict);
  if (callers.length > 1) {
    return { refused: 'ambiguous', detail: 'Several of collector.auth.clusters have the keys of this token.' };
  }
  if (callers[0]) return callers[0];
  for (const verdict of verdicts) if (verdict && 'failed' in verdict) throw verdict.failed;
  const refusals = verdicts.filter((verdict): verdict is Refused => isRefused(verdict as Verdict));
  return refusals.toSorted((a, b) => closeness(b) - closeness(a))[0];
}

/** The one that came closest to knowing it has the most to say. */
function closeness({ proven, refused }: Refused): number {
  if (proven) return 2;
  return refused === 'unknown-key' || refused === 'bad-signature' ? 0 : 1;
}
