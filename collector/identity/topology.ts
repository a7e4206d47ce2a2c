/** The ways of proving who one is that are configured. */
import type { Config } from '../../shared/config/schema.ts';
import { agentTokenHash, personTokenHash } from '../../shared/config/values.ts';
import { ApiServer } from '../../shared/kubernetes/api-server.ts';
import { loadKubeConfig } from '../../shared/kubernetes/kube-config.ts';
import type { Clock } from '../../shared/time.ts';
import { createCertificateAuthenticator } from './certificate.ts';
import { createClusterAuthenticator, type TrustedCluster } from './clusters.ts';
import { Identity, type IdentityMetrics } from './identity.ts';
import { verifyJwt } from './jwt.ts';
import { KeySet, keysAt, keysInFile } from './key-set.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { Trusted } from './service-account.ts';
import { createStaticAuthenticator, type TokenHashes } from './static.ts';
import { readTokenHashes } from './token-hashes.ts';
import { TokenReviewer } from './token-review.ts';

type Auth = Config['collector']['auth'];

export interface IdentityDeps {
  metrics: IdentityMetrics;
  refusals: RefusalLog;
  /** The real time, whatever is played back. */
  clock: Clock;
}

/**
 * @returns undefined where nobody is asked who they are
 * @throws TruantError CONFIG_INVALID
 */
export async function createIdentity(
  config: Config,
  { metrics, refusals, clock }: IdentityDeps,
): Promise<Identity | undefined> {
  const { auth } = config.collector;
  if (auth.mode === 'none') return undefined;
  const troubles: (() => string | undefined)[] = [];
  const byKeys: TrustedCluster[] = [];
  const byReview: TrustedCluster[] = [];
  for (const entry of auth.clusters) {
    const trusted: Trusted = { ...entry, cluster: entry.name };
    const keys = keysOf(entry, clock);
    if (keys) {
      byKeys.push({ ...trusted, verify: (token) => verifyJwt(token, trusted, keys, clock) });
      troubles.push(() => describe(entry.name, keys.trouble()));
    } else {
      const kubeConfig = await loadKubeConfig(
        entry.tokenReview?.kubeconfig,
        'collector.auth.clusters[].tokenReview.kubeconfig',
      );
      const reviewer = new TokenReviewer(trusted, new ApiServer(kubeConfig), clock);
      byReview.push({ ...trusted, verify: (token) => reviewer.review(token) });
      troubles.push(() => describe(entry.name, reviewer.trouble()));
    }
  }
  const people = createStaticAuthenticator(await readHashes(auth), config.cluster.name);
  return new Identity({
    people,
    authenticators: [
      people,
      createClusterAuthenticator(byKeys, { guarded: false, clock }),
      createClusterAuthenticator(byReview, { guarded: true, clock }),
      createCertificateAuthenticator(clock),
    ],
    metrics,
    refusals,
    clock,
    trouble: () => troubles.map((trouble) => trouble()).find((trouble) => trouble !== undefined),
  });
}

function keysOf({ jwksFile, jwksUrl, caFile, tokenFile }: Auth['clusters'][number], clock: Clock): KeySet | undefined {
  if (jwksFile !== undefined) return new KeySet(keysInFile(jwksFile), clock);
  return jwksUrl === undefined ? undefined : new KeySet(keysAt({ url: jwksUrl, caFile, tokenFile }), clock);
}

const describe = (cluster: string, trouble: string | undefined): string | undefined =>
  trouble && `Agents of the cluster ${cluster} can't be told from others: ${trouble}`;

async function readHashes(auth: Auth): Promise<TokenHashes> {
  const inFile = (file: string | undefined, entry: typeof personTokenHash) =>
    file === undefined ? [] : readTokenHashes(file, entry);
  return {
    viewer: [...auth.viewerTokenHashes, ...(await inFile(auth.viewerTokensFile, personTokenHash))],
    analyst: [...auth.analystTokenHashes, ...(await inFile(auth.analystTokensFile, personTokenHash))],
    admin: [...auth.adminTokenHashes, ...(await inFile(auth.adminTokensFile, personTokenHash))],
    writers: [...auth.agentTokenHashes, ...(await inFile(auth.agentTokensFile, agentTokenHash))],
  };
}
