/** Who may talk to the collector: its section `auth`. */
import { z } from 'zod';
import { flag, list, section } from './keys.ts';
import { oidc } from './oidc.ts';
import {
  agentTokenHash,
  clusterName,
  filePath,
  key,
  personTokenHash,
  secureUrl,
  serviceAccount,
  text,
  wholeNumber,
} from './values.ts';

const KEY_SOURCES = ['jwksFile', 'jwksUrl', 'tokenReview'] as const;

const trustedCluster = z
  .strictObject({
    name: key(clusterName, "The cluster's name; its agents may write as no other."),
    issuer: key(
      text.default('https://kubernetes.default.svc.cluster.local'),
      "The issuer in its tokens (the API server's flag --service-account-issuer).",
    ),
    audience: key(text.default('truant-collector'), "The audience that agents' tokens must have."),
    serviceAccount: key(serviceAccount.default('truant/truant-agent'), "The agents' ServiceAccount."),
    jwksFile: key(
      filePath.optional(),
      "A file with the cluster's public keys, as `kubectl get --raw /openid/v1/jwks` shows them. Read again when a key is missing in it.",
    ),
    jwksUrl: key(secureUrl.optional(), 'Where the cluster publishes its public keys.'),
    caFile: key(filePath.optional(), 'The CAs (PEM) that may have signed the certificate there.'),
    tokenFile: key(filePath.optional(), 'A file with the token to ask there with.'),
    tokenReview: key(
      z
        .strictObject({
          kubeconfig: key(
            filePath.optional(),
            "The kubeconfig to ask with. Without it: the usual one outside of a cluster, the collector's own service account inside.",
          ),
        })
        .optional(),
      "Have the cluster's API server look at each token: it also knows when a pod is gone, but has to be asked.",
    ),
    allowWithoutNode: flag(
      false,
      'Let agents in whose tokens name no node (before Kubernetes 1.30): they may write as any node of the cluster.',
    ),
  })
  .superRefine((cluster, context) => {
    if (KEY_SOURCES.filter((source) => cluster[source] !== undefined).length === 1) return;
    const message = `needs one of ${KEY_SOURCES.join(', ')}`;
    context.addIssue({ code: 'custom', path: [], message, params: { whole: true } });
  });
type TrustedCluster = z.infer<typeof trustedCluster>;

const hashes = (item: z.ZodString, description: string) => list(item, description, { secret: true });
const hashesFile = (beside: string) =>
  key(filePath.optional(), `A file with one such hash a line, instead of or besides ${beside}.`);

export const auth = key(
  z
    .strictObject({
      mode: key(
        z.enum(['none', 'token']).default('none'),
        'none: everybody who can connect, for loopback only; token: who proves who they are, by any of the ways below or a certificate.',
      ),
      viewerTokenHashes: hashes(personTokenHash, "Hashes of viewers' tokens, who may ask. A name may follow the hash."),
      viewerTokensFile: hashesFile('viewerTokenHashes'),
      analystTokenHashes: hashes(
        personTokenHash,
        "Hashes of analysts' tokens, who may ask, and look after alerts. The name that follows the hash is kept as who did it.",
      ),
      analystTokensFile: hashesFile('analystTokenHashes'),
      adminTokenHashes: hashes(
        personTokenHash,
        "Hashes of administrators' tokens, who may do everything but send. A name may follow the hash.",
      ),
      adminTokensFile: hashesFile('adminTokenHashes'),
      agentTokenHashes: hashes(
        agentTokenHash,
        "Hashes of the agents' tokens, with which one can send batches and nothing else: as cluster.name, or as the cluster and node that follow the hash.",
      ),
      agentTokensFile: hashesFile('agentTokenHashes'),
      clusters: key(
        z.array(trustedCluster).max(100).default([]),
        "Clusters whose agents prove who they are by their ServiceAccount's projected tokens.",
        { expected: 'a list of at most 100 items' },
      ),
      oidc,
      session: section('How long somebody who has logged in stays so.', {
        idleMinutes: key(wholeNumber(1, 1440, 'minutes').default(60), 'Without asking for anything.'),
        hours: key(wholeNumber(1, 168, 'hours').default(12), 'In all.'),
      }),
    })
    .superRefine((section, context) => {
      const refuse = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path, message, params: { whole: true } });
      for (const [list, index, other] of sharedHashes(section))
        refuse([list, index], `is in collector.auth.${other} too`);
      if (section.mode === 'token' && !someoneMayAsk(section)) {
        const ways = 'viewerTokenHashes, analystTokenHashes, adminTokenHashes, a file of these, or oidc';
        refuse(['mode'], `is token, which needs one of collector.auth.${ways}`);
      }
      if (section.mode === 'none' && section.oidc) refuse(['oidc'], 'needs collector.auth.mode: token');
      for (const [index, problem] of confusions(section.clusters)) refuse(['clusters', index], problem);
    })
    .prefault({}),
  'Who may talk to the collector.',
);

const LISTS = ['viewerTokenHashes', 'analystTokenHashes', 'adminTokenHashes', 'agentTokenHashes'] as const;
type Lists = Record<(typeof LISTS)[number], string[]>;

/** A token has one role. */
function* sharedHashes(section: Lists): Generator<[list: string, index: number, other: string]> {
  const seen = new Map<string, string>();
  for (const list of LISTS) {
    for (const [index, entry] of section[list].entries()) {
      const [hash = ''] = entry.split(' ');
      const other = seen.get(hash) ?? list;
      if (other !== list) yield [list, index, other];
      seen.set(hash, other);
    }
  }
}

interface WaysToAsk extends Lists {
  viewerTokensFile?: string | undefined;
  analystTokensFile?: string | undefined;
  adminTokensFile?: string | undefined;
  oidc?: object | undefined;
}

function someoneMayAsk(section: WaysToAsk): boolean {
  const { viewerTokenHashes, analystTokenHashes, adminTokenHashes, oidc: byIssuer } = section;
  if ([...viewerTokenHashes, ...analystTokenHashes, ...adminTokenHashes].length > 0) return true;
  const { viewerTokensFile, analystTokensFile, adminTokensFile } = section;
  return [viewerTokensFile, analystTokensFile, adminTokensFile, byIssuer].some((one) => one !== undefined);
}

/** Clusters that could be taken for each other, by their place in the list. */
function* confusions(clusters: readonly TrustedCluster[]): Generator<[number, string]> {
  for (const [index, cluster] of clusters.entries()) {
    const others = clusters.filter((other) => other !== cluster);
    if (others.some(({ name }) => name === cluster.name)) yield [index, 'has a name that another one has too'];
    // Its tokens would be shown to another cluster's API server, which could then use them here.
    if (cluster.tokenReview && others.some(({ issuer }) => issuer === cluster.issuer)) {
      yield [index, 'has an issuer that another one has too: use jwksFile or jwksUrl in place of tokenReview'];
    }
  }
}
