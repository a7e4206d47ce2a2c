/** Where alerts are sent: the section `collector.outputs`, one item an output, by a name of the user's own. */
import { z } from 'zod';
import { FORMAT_NAMES, type FormatName } from '../formats/format.ts';
import { NOTICE_EVENTS } from '../formats/notice.ts';
import { Severity } from '../schema/alert.ts';
import { kafkaProblems, tls as kafkaTls, sasl } from './kafka.ts';
import { flag, list, refuseHalfPair, section } from './keys.ts';
import {
  baseUrl,
  clusterName,
  filePath,
  headerName,
  hostAndPort,
  indexName,
  isPrivate,
  key,
  namespace,
  outputName,
  targetUrl,
  text,
  topicName,
  variableName,
  wholeNumber,
} from './values.ts';

const whole = { whole: true };

/** A secret is where the configuration says, never in it. */
const secretPlace = z
  .strictObject({
    file: key(filePath.optional(), 'A file that holds it; read anew for each connection or request.'),
    variable: key(variableName.optional(), 'The environment variable that holds it.', { mayBeSecret: true }),
  })
  .refine(({ file, variable }) => (file === undefined) !== (variable === undefined), {
    message: 'needs a file or a variable, and not both',
    params: whole,
  });
const WRITTEN_HERE = {
  expected: '{ file: ... } or { variable: ... }: where it is, never the secret itself',
  mayBeSecret: true,
} as const;
const secret = (description: string) => key(secretPlace.optional(), description, WRITTEN_HERE);
const requiredSecret = (description: string) => key(secretPlace, description, WRITTEN_HERE);

const files = {
  caFile: key(
    filePath.optional(),
    "The CAs (PEM) that may have signed the other side's certificate. Without it: those that Node.js trusts.",
  ),
  certFile: key(filePath.optional(), 'The own certificate (PEM), where the other side wants one.'),
  keyFile: key(filePath.optional(), 'Its private key (PEM).'),
};
const tls = key(z.strictObject(files).superRefine(refuseHalfPair).prefault({}), 'TLS, 1.2 or later.');
const allowPlainHttp = flag(
  false,
  'Send over the network without TLS, secrets and all, as where something else encrypts it.',
);

/** Of a section with `allowPlainHttp`. */
function refusePlain(
  path: string,
  urls: readonly (string | undefined)[],
  allowed: boolean,
  context: z.core.$RefinementCtx,
) {
  if (allowed || urls.every((url) => url === undefined || !URL.canParse(url) || isPrivate(url))) return;
  const message = 'would show alerts and secrets to the network; use https, or set allowPlainHttp';
  context.addIssue({ code: 'custom', path: [path], message, params: whole });
}

const kafka = key(
  z
    .strictObject({
      topic: key(topicName.optional(), 'The topic. Without it: kafka.topics.alerts.'),
      brokers: list(
        hostAndPort,
        'Brokers of another Kafka than the section kafka names, with sasl and tls below. Empty: the section kafka holds for all of it.',
      ),
      sasl,
      tls: kafkaTls,
    })
    .superRefine((section, context) => {
      if (section.brokers.length === 0) return;
      for (const { path, message } of kafkaProblems(section))
        context.addIssue({ code: 'custom', path, message, params: whole });
    })
    .optional(),
  'A topic of Kafka. The key of a record is the alert, so that what is told of one stays in order.',
);

/** Headers that say who sends. */
const CREDENTIALS = /authorization|cookie|token|secret|password|api-?key|access-key/i;

const webhook = key(
  z
    .strictObject({
      url: key(targetUrl.optional(), 'Where to POST to. Redirects are not followed.', { mayBeSecret: true }),
      secretUrl: secret('The URL, where it is a secret itself, as those of Slack and Teams are.'),
      batch: key(
        wholeNumber(1, 1000, 'alerts').default(1),
        'How many alerts one request may have. 1: a request is one alert; more: a JSON array, or lines where the format is cef.',
      ),
      headers: key(z.record(headerName, text).default({}), 'Headers to send along.', {
        expected: 'headers and their values',
      }),
      secretHeaders: key(
        z.record(headerName, requiredSecret('The value.')).default({}),
        'Headers whose values are secrets, such as Authorization.',
        { expected: 'headers, and where their values are' },
      ),
      signingKey: secret(
        'A key with which each request is signed: the header X-Truant-Signature is `t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<seconds>.<body>`.',
      ),
      tls,
      allowPlainHttp,
    })
    .superRefine(({ url, secretUrl, headers, allowPlainHttp: allowed }, context) => {
      if ((url === undefined) === (secretUrl === undefined))
        context.addIssue({ code: 'custom', path: [], message: 'needs url or secretUrl, and not both', params: whole });
      for (const name of Object.keys(headers).filter((header) => CREDENTIALS.test(header))) {
        const message = 'belongs into secretHeaders, with its value in a file or a variable';
        context.addIssue({ code: 'custom', path: ['headers', name], message, params: whole });
      }
      refusePlain('url', [url], allowed, context);
    })
    .optional(),
  'An HTTPS POST for each alert: any receiver, or Slack and Teams by their formats.',
);

const syslog = key(
  z
    .strictObject({
      address: key(hostAndPort, 'The server and its port.'),
      protocol: key(
        z.enum(['tls', 'tcp', 'udp']).default('tls'),
        'tls as RFC 5425 says; tcp and udp show alerts to the network, and what udp loses nobody notices.',
      ),
      framing: key(
        z.enum(['octet-counting', 'line']).default('octet-counting'),
        'How messages are told apart on tls and tcp: by their length before each (RFC 5425, RFC 6587), or by a line feed after each.',
      ),
      acknowledge: key(
        z.enum(['close', 'written']).default('close'),
        'Syslog has no acknowledgement. close: a batch is delivered once the server, told that nothing follows, has closed the connection in order; written: once it is written to the connection, and lost if the server dies before it reads.',
      ),
      facility: key(wholeNumber(0, 23).default(13), "The facility's number (RFC 5424); 13 is log audit."),
      appName: key(
        z
          .string()
          .regex(/^[!-~]{1,48}$/)
          .default('truant'),
        'APP-NAME.',
        { expected: 'at most 48 letters, digits and signs' },
      ),
      maxBytes: key(
        wholeNumber(480, 1_048_576, 'bytes').default(8192),
        'How long a message may be; alerts are shortened to that. RFC 5425 has servers take 8192. Over udp what is longer than the network takes is lost.',
      ),
      tls,
    })
    .optional(),
  'A syslog server: RFC 5424 over TLS, TCP or UDP.',
);

const elasticsearch = key(
  z
    .strictObject({
      url: key(baseUrl, 'Of Elasticsearch or OpenSearch.'),
      index: key(indexName.default('truant-alerts'), 'The index, alias or data stream.'),
      mode: key(
        z.enum(['latest', 'append']).default('latest'),
        'latest: one document an alert, which is always its newest state; append: a document for each change, as data streams want it.',
      ),
      apiKey: secret('An API key, as `id:key` in base 64.'),
      username: key(text.optional(), 'A user, in place of an API key.'),
      password: secret("That user's password."),
      tls,
      allowPlainHttp,
    })
    .superRefine(({ url, apiKey, username, password, allowPlainHttp: allowed }, context) => {
      refusePlain('url', [url], allowed, context);
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [], message, params: whole });
      if ((username === undefined) !== (password === undefined)) refuse('needs username and password together');
      if (apiKey !== undefined && username !== undefined) refuse('needs apiKey or username, and not both');
    })
    .optional(),
  'The bulk API of Elasticsearch or OpenSearch.',
);

const splunk = key(
  z
    .strictObject({
      url: key(baseUrl, 'Of the HTTP Event Collector, such as https://splunk.example:8088.'),
      token: requiredSecret('The token of the collector.'),
      index: key(text.optional(), "The index. Without it: the token's default."),
      source: key(text.default('truant'), 'The source.'),
      sourcetype: key(text.default('truant:alert'), 'The source type.'),
      acknowledge: flag(
        false,
        'Wait until the indexers say that they have it; the token must have indexer acknowledgement switched on.',
      ),
      tls,
      allowPlainHttp,
    })
    .superRefine(({ url, allowPlainHttp: allowed }, context) => refusePlain('url', [url], allowed, context))
    .optional(),
  "Splunk's HTTP Event Collector.",
);

const alertmanager = key(
  z
    .strictObject({
      urls: key(
        z.array(baseUrl).min(1).max(10),
        'Each Alertmanager of the cluster: all of them are told. Delivered is what at least one has taken.',
        { expected: 'a list of one to ten URLs' },
      ),
      repeatMinutes: key(
        wholeNumber(1, 60, 'minutes').default(1),
        'How often an alert that is open is told again, as Alertmanager forgets alerts when it restarts. One that is not told again for four times as long counts as resolved.',
      ),
      labels: key(
        z.record(z.string().regex(/^[a-zA-Z_]\w{0,63}$/), text).default({}),
        'Labels that each alert has besides.',
        {
          expected: 'labels and their values',
        },
      ),
      username: key(text.optional(), 'A user, for basic authentication.'),
      password: secret("That user's password."),
      bearerToken: secret('A token, for bearer authentication.'),
      tls,
      allowPlainHttp,
    })
    .superRefine(({ urls, username, password, bearerToken, allowPlainHttp: allowed }, context) => {
      refusePlain('urls', urls, allowed, context);
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [], message, params: whole });
      if ((username === undefined) !== (password === undefined)) refuse('needs username and password together');
      if (bearerToken !== undefined && username !== undefined) refuse('needs bearerToken or username, and not both');
    })
    .optional(),
  'Alertmanager of Prometheus (API v2).',
);

const file = key(
  z
    .strictObject({
      path: key(filePath, 'The file; a line is an alert. Truant alone may write to it.'),
      maxMegabytes: key(
        wholeNumber(1, 100_000, 'megabytes').default(100),
        'When it has become so large it is renamed to path.1, path.1 to path.2, and so on.',
      ),
      keep: key(wholeNumber(0, 1000, 'files').default(5), 'How many renamed files are kept.'),
    })
    .optional(),
  'A file of JSON lines (or lines of CEF), rotated.',
);

const stdout = key(
  z.strictObject({}).optional(),
  "The collector's standard output: a line is an alert. Logs go to standard error.",
);

/** Exactly one of these says what an output is. */
export const OUTPUT_TYPES = [
  'kafka',
  'webhook',
  'syslog',
  'elasticsearch',
  'splunk',
  'alertmanager',
  'file',
  'stdout',
] as const;
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** What each can send, its default first. Alertmanager takes its own alone. */
export const FORMATS_OF: Readonly<Record<OutputType, readonly FormatName[]>> = {
  kafka: ['native', 'ocsf', 'ecs', 'cef'],
  webhook: ['native', 'ocsf', 'ecs', 'cef', 'slack', 'teams'],
  syslog: ['cef', 'native', 'ocsf', 'ecs'],
  elasticsearch: ['ecs', 'native', 'ocsf'],
  splunk: ['native', 'ocsf', 'ecs', 'cef'],
  alertmanager: [],
  file: ['native', 'ocsf', 'ecs', 'cef'],
  stdout: ['native', 'ocsf', 'ecs', 'cef'],
};

const output = z
  .strictObject({
    enabled: flag(true, 'False: nothing is sent. Where it stands is kept.'),
    format: key(
      z.enum(FORMAT_NAMES).optional(),
      'native: as the API shows it; ocsf: OCSF Detection Finding; ecs: Elastic Common Schema; cef: ArcSight CEF; slack, teams: cards for a webhook. Without it: native, but ecs for elasticsearch and cef for syslog.',
    ),
    minSeverity: key(Severity.default('info'), 'What is less severe is not sent, unless it was told of before.'),
    rules: list(text, 'Only alerts that one of these rules found. Empty: all.'),
    clusters: list(clusterName, 'Only alerts of these clusters. Empty: all.'),
    namespaces: list(namespace, 'Only alerts about tokens of accounts or pods in these namespaces. Empty: all.'),
    on: key(
      z
        .array(z.enum(NOTICE_EVENTS))
        .min(1)
        .max(3)
        .default([...NOTICE_EVENTS]),
      'When an alert is sent: create, when it is new or opened again; update, when more is known; close.',
      { expected: 'a list of create, update, close' },
    ),
    updateSeconds: key(
      wholeNumber(0, 86_400, 'seconds').default(30),
      'Updates of one alert are sent no more often than this, each with all that is known by then. 0: as they come.',
    ),
    rateLimit: section('How many are sent at most. Of what comes faster one summary is sent at the end of the time.', {
      alerts: key(wholeNumber(1, 1_000_000, 'alerts').optional(), 'So many. Without it: no limit.'),
      perSeconds: key(wholeNumber(1, 86_400, 'seconds').default(60), 'In this time.'),
    }),
    giveUpHours: key(
      wholeNumber(1, 8760, 'hours').default(24),
      'What could not be delivered for so long becomes a dead letter, which can be looked at and sent again.',
    ),
    from: key(
      z.enum(['now', 'beginning']).default('now'),
      'Where an output that is new begins: with what happens from now on, or with every alert that there is.',
    ),
    timeoutSeconds: key(wholeNumber(1, 600, 'seconds').default(30), 'How long the other side may take to answer.'),
    kafka,
    webhook,
    syslog,
    elasticsearch,
    splunk,
    alertmanager,
    file,
    stdout,
  })
  .superRefine((settings, context) => {
    const refuse = (path: string[], message: string): void =>
      context.addIssue({ code: 'custom', path, message, params: whole });
    const named = OUTPUT_TYPES.filter((type) => settings[type] !== undefined);
    const [type] = named;
    if (type === undefined || named.length > 1) {
      refuse([], `${named.length > 1 ? `has ${named.join(' and ')}; ` : ''}needs one of ${OUTPUT_TYPES.join(', ')}`);
      return;
    }
    const { format, webhook: posted } = settings;
    if (posted && posted.batch > 1 && (format === 'slack' || format === 'teams'))
      refuse(['webhook', 'batch'], `must be 1 where the format is ${format}, which has a message for each alert`);
    if (format === undefined || FORMATS_OF[type].includes(format)) return;
    const can = FORMATS_OF[type];
    refuse(
      ['format'],
      can.length === 0 ? `is not for ${type}, which has its own` : `must be one of ${can.join(', ')} for ${type}`,
    );
  });

export const outputs = key(z.record(outputName, output).default({}), 'Where alerts are sent, by names of your own.', {
  expected: 'a section that names outputs',
});

/** One output's settings. */
export type OutputSettings = z.infer<typeof output>;
/** Where a secret is. */
export type SecretPlace = NonNullable<NonNullable<OutputSettings['splunk']>['token']>;

export const typeOf = (settings: OutputSettings): OutputType =>
  OUTPUT_TYPES.find((type) => settings[type] !== undefined) ?? 'stdout';

/** Undefined: the output has one of its own. */
export const formatOf = (settings: OutputSettings): FormatName | undefined =>
  settings.format ?? FORMATS_OF[typeOf(settings)][0];
