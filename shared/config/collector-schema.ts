/** The collector's section of the configuration. */
import { z } from 'zod';
import { flag, list, refuseHalfPair, section } from './keys.ts';
import {
  agentTokenHash,
  clusterName,
  filePath,
  host,
  isLoopback,
  key,
  port,
  secureUrl,
  serviceAccount,
  text,
  tokenHash,
  wholeNumber,
} from './values.ts';

const receive = section('What is received besides the batches that agents send over HTTP.', {
  kafka: section('Observations out of Kafka, as the section kafka says.', {
    enabled: flag(false, 'Receive them.'),
    group: key(
      text.default('truant-collector'),
      'The consumer group. Collectors of one group share the clusters among them; each group gets everything.',
    ),
    sessionSeconds: key(
      wholeNumber(1, 300, 'seconds').default(10),
      'A collector of which the brokers hear nothing for so long loses its partitions to the others.',
    ),
    clusters: list(
      clusterName,
      'The clusters whose observations are taken; those of others are set aside. Empty: all.',
    ),
  }),
});

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

const auth = key(
  z
    .strictObject({
      mode: key(
        z.enum(['none', 'token']).default('none'),
        'none: everybody who can connect, for loopback only; token: who proves who they are, by any of the ways below or a certificate.',
      ),
      tokenHashes: list(tokenHash, 'Hashes of the tokens of people and programs, who may ask but send nothing.', {
        secret: true,
      }),
      tokensFile: key(filePath.optional(), 'A file with one such hash a line, instead of or besides tokenHashes.'),
      adminTokenHashes: list(tokenHash, "Hashes of administrators' tokens, who may ask and change, but send nothing.", {
        secret: true,
      }),
      adminTokensFile: key(
        filePath.optional(),
        'A file with one such hash a line, instead of or besides adminTokenHashes.',
      ),
      agentTokenHashes: list(
        agentTokenHash,
        "Hashes of the agents' tokens, with which one can send batches and nothing else: as cluster.name, or as the cluster and node that follow the hash.",
        { secret: true },
      ),
      agentTokensFile: key(
        filePath.optional(),
        'A file with one such hash a line, instead of or besides agentTokenHashes.',
      ),
      clusters: key(
        z.array(trustedCluster).max(100).default([]),
        "Clusters whose agents prove who they are by their ServiceAccount's projected tokens.",
        { expected: 'a list of at most 100 items' },
      ),
    })
    .superRefine(({ mode, tokenHashes, tokensFile, adminTokenHashes, adminTokensFile, ...agents }, context) => {
      const refuse = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path, message, params: { whole: true } });
      for (const [index, entry] of agents.agentTokenHashes.entries()) {
        const [hash = ''] = entry.split(' ');
        if (![...tokenHashes, ...adminTokenHashes].includes(hash)) continue;
        refuse(
          ['agentTokenHashes', index],
          "is a reader's or an administrator's too, but agents may send and nothing else",
        );
      }
      for (const [index, hash] of adminTokenHashes.entries()) {
        if (tokenHashes.includes(hash)) refuse(['adminTokenHashes', index], 'is in collector.auth.tokenHashes too');
      }
      const whoMayAsk = [...tokenHashes, ...adminTokenHashes, tokensFile, adminTokensFile].some(
        (one) => one !== undefined,
      );
      if (mode === 'token' && !whoMayAsk) {
        refuse(
          ['mode'],
          'is token, which needs collector.auth.tokenHashes, adminTokenHashes, tokensFile or adminTokensFile',
        );
      }
      for (const [index, problem] of confusions(agents.clusters)) refuse(['clusters', index], problem);
    })
    .prefault({}),
  'Who may talk to the collector.',
);

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

const tls = key(
  z
    .strictObject({
      certFile: key(
        filePath.optional(),
        "The collector's certificate (PEM) and what signed it. With it the collector speaks HTTPS, TLS 1.2 or later. Files that change are read anew.",
      ),
      keyFile: key(filePath.optional(), 'Its private key (PEM).'),
      clientCaFile: key(
        filePath.optional(),
        "The CA (PEM) of agents' certificates: one with the name truant://<cluster>/<node> may write as that node.",
      ),
      terminatedElsewhere: flag(
        false,
        'Listen beyond loopback without TLS, because what is in front of the collector speaks it.',
      ),
    })
    .superRefine(({ certFile, keyFile, clientCaFile }, context) => {
      refuseHalfPair({ certFile, keyFile }, context);
      if (clientCaFile === undefined || certFile !== undefined) return;
      context.addIssue({
        code: 'custom',
        path: ['clientCaFile'],
        message: 'needs certFile too',
        params: { whole: true },
      });
    })
    .prefault({}),
  'How the connection to the collector is kept from others.',
);

const perMinute = (fallback: number, description: string) =>
  key(wholeNumber(1, 1_000_000, 'a minute').default(fallback), description);

const limits = section('How much one caller may ask for. More is answered with 429, and when to try again.', {
  failuresPerMinute: perMinute(
    30,
    'How often an address (of IPv6, a network of 64 bits) may fail to say who it is. Beyond that, what could be guessed is not looked at, unless it was right lately.',
  ),
  requestsPerMinute: perMinute(1200, 'How many questions one caller may ask, or where none is known, one address.'),
  batchesPerMinute: perMinute(
    12_000,
    'How many batches one agent may send; one whose token does not say which agent it is, from one address.',
  ),
  connections: key(wholeNumber(1, 1_000_000, 'connections').default(5000), 'How many there may be at a time.'),
});

export const collector = key(
  z
    .strictObject({
      listen: section('Where the collector listens.', {
        host: key(host.default('127.0.0.1'), 'Other than loopback only with auth.mode: token, and TLS.'),
        port: key(port.default(7117), 'The TCP port.'),
      }),
      tls,
      auth,
      limits,
      receive,
      store: section('The history of every use, and the alerts.', {
        path: key(filePath.default('/var/lib/truant/collector/truant.duckdb'), "The database's file."),
        retention: section('What is kept; the oldest goes first.', {
          days: key(wholeNumber(1, 3650, 'days').default(90), 'How long uses are kept.'),
          maxGigabytes: key(z.number().min(0.1).max(100_000).default(20), 'How large the store may become.', {
            expected: 'a number from 0.1 to 100000',
          }),
        }),
      }),
    })
    .superRefine(({ listen, auth: { mode }, tls: { certFile, terminatedElsewhere } }, context) => {
      if (isLoopback(listen.host)) return;
      const refuse = (message: string): void =>
        context.addIssue({ code: 'custom', path: ['listen', 'host'], message, params: { whole: true } });
      if (mode === 'none') refuse('can be reached from other machines, which needs collector.auth.mode: token');
      if (certFile === undefined && !terminatedElsewhere) {
        refuse(
          'can be reached from other machines, which needs collector.tls.certFile and keyFile, or collector.tls.terminatedElsewhere where something in front of it speaks TLS',
        );
      }
    })
    .prefault({}),
  'The collector, one a cluster.',
);
