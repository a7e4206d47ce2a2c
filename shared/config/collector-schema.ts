/** The collector's section of the configuration. */
import { z } from 'zod';
import { auth } from './auth.ts';
import { flag, list, refuseHalfPair, section } from './keys.ts';
import { outputs } from './outputs.ts';
import { clusterName, filePath, host, isLoopback, key, origin, port, text, wholeNumber } from './values.ts';

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
      outputs,
      publicUrl: key(
        origin.optional(),
        'The page as people reach it, for links in what outputs send. Without it: auth.oidc.publicUrl.',
      ),
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
    .superRefine(({ listen, auth: { mode, oidc }, tls: { certFile, terminatedElsewhere } }, context) => {
      const refuse = (path: string[], message: string): void =>
        context.addIssue({ code: 'custom', path, message, params: { whole: true } });
      const hasTls = certFile !== undefined || terminatedElsewhere;
      if (origin.safeParse(oidc?.publicUrl).data?.startsWith('http:') === hasTls) {
        const problem = hasTls
          ? 'must be https, as collector.tls says that TLS is spoken'
          : 'is https, which needs collector.tls.certFile and keyFile, or collector.tls.terminatedElsewhere';
        refuse(['auth', 'oidc', 'publicUrl'], problem);
      }
      if (isLoopback(listen.host)) return;
      if (mode === 'none') {
        refuse(['listen', 'host'], 'can be reached from other machines, which needs collector.auth.mode: token');
      }
      if (!hasTls) {
        refuse(
          ['listen', 'host'],
          'can be reached from other machines, which needs collector.tls.certFile and keyFile, or collector.tls.terminatedElsewhere where something in front of it speaks TLS',
        );
      }
    })
    .prefault({}),
  'The collector, one a cluster.',
);
