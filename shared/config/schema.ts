/** Truant's whole configuration. Every key has a default or is optional: an empty file is a valid configuration. */

import { z } from 'zod';
import { Severity } from '../schema/alert.ts';
import { collector } from './collector-schema.ts';
import { kafka, kafkaProblems } from './kafka.ts';
import { flag, list, refuseHalfPair, section } from './keys.ts';
import { outputConflicts } from './output-conflicts.ts';
import {
  addressOrCidr,
  baseUrl,
  cidr,
  clusterName,
  expiry,
  filePath,
  isPrivate,
  key,
  loopbackHost,
  namespace,
  nodeName,
  port,
  principal,
  programPath,
  text,
  wholeNumber,
} from './values.ts';

const reason = key(text, 'Why this is right. Shown wherever the exception applies.');
const expires = key(expiry.optional(), 'When the exception ends.');

const auditLog = section("The API server's audit log, on nodes that have one.", {
  path: key(
    filePath.optional(),
    "The log's path; rotated files are looked for next to it. Without it no log is watched, as is right on a node without an API server; `truant start` then has nothing to do unless token files are watched.",
  ),
  fromBeginning: flag(false, 'On the very first start, read what is already there instead of beginning at the end.'),
  maxLineBytes: key(
    wholeNumber(65_536, 104_857_600, 'bytes').default(10_485_760),
    'A longer line is set aside and counted.',
  ),
});

const inventory = section('How the agent knows which pod held which address when.', {
  kubernetes: flag(false, 'Watch pods, nodes and EndpointSlices at the API server.'),
  kubeconfig: key(
    filePath.optional(),
    'The kubeconfig to watch with. Without it: the usual one outside of a cluster, the own service account inside.',
  ),
  file: key(filePath.optional(), 'A recorded watch (JSON lines) or a dump of pods and nodes to read instead.'),
});

const tokenFiles = section("The sensor of pods' token files: which there are, and who opens them.", {
  enabled: flag(
    false,
    "Watch them. Needs Linux 5.1, root with CAP_SYS_ADMIN and CAP_SYS_PTRACE, the host's pid namespace and the kubelet's folder.",
  ),
  podsRoot: key(filePath.default('/var/lib/kubelet/pods'), "The kubelet's folder of pods."),
  mode: key(
    z.enum(['attribute', 'observe', 'enforce']).default('attribute'),
    'attribute: an open waits until it is known who it is by; observe: no open waits, and short-lived openers go unidentified; enforce: as attribute, and what the policy below forbids is denied.',
  ),
  answerWithinMs: key(
    wholeNumber(50, 10_000, 'milliseconds').default(250),
    'An open that waits longer is allowed, and counted as unidentified.',
  ),
  maxVolumes: key(
    wholeNumber(1, 100_000, 'volumes').default(4000),
    'How many volumes are watched at most; more are a blind spot that is reported.',
  ),
  foldSeconds: key(
    wholeNumber(0, 86_400, 'seconds').default(600),
    'Ordinary reads that are just alike are told of once in this time, with their number. 0: each one is told of.',
  ),
  enforce: section(
    'What mode enforce denies. Never the kubelet or the container runtime, and never an open that could not be attributed.',
    {
      dryRun: flag(true, 'Deny nothing, and tell what would have been denied.'),
      deny: key(
        z
          .array(z.enum(['host', 'other-pod', 'other-container-of-pod', 'exec-session', 'in-container']))
          .max(5)
          .default(['host', 'other-pod']),
        'Which openers are denied; those of detection.allowedReaders are let through.',
        { expected: 'a list of host, other-pod, other-container-of-pod, exec-session, in-container' },
      ),
      namespaces: list(namespace, 'Whose tokens are guarded: those of pods in these namespaces. Empty: of all.'),
      labels: key(
        z.record(z.string().min(1).max(317), z.string().max(63)).default({}),
        'Of these pods only those that have all of these labels.',
        { expected: 'labels and their values' },
      ),
    },
  ),
});

const agent = section('The agent, one a node.', {
  node: key(nodeName.optional(), "The node that the agent runs on. Without it: the machine's host name."),
  stateDir: key(filePath.default('/var/lib/truant/agent'), 'Where the agent keeps its positions and its spool.'),
  auditLog,
  inventory,
  tokenFiles,
  transport: key(
    z.enum(['http', 'kafka']).default('http'),
    'How observations reach the collector: http, as agent.collector says; kafka, as the section kafka says.',
  ),
  spool: section('What is not yet delivered, in a file in stateDir.', {
    maxMegabytes: key(
      wholeNumber(16, 65_536, 'megabytes').default(512),
      'How much may wait. With more the audit log is not read on, and the oldest and least severe observations of token files are left out. Its file may become twice as large, and never gets smaller.',
    ),
  }),
  collector: key(
    z
      .strictObject({
        url: key(
          baseUrl.default('http://127.0.0.1:7117'),
          "The collector's address. A proxy that HTTPS_PROXY names is used, unless NO_PROXY says otherwise.",
        ),
        tokenFile: key(
          filePath.optional(),
          'A file that holds the token to authenticate with; read anew each time, as projected tokens rotate.',
        ),
        caFile: key(
          filePath.optional(),
          "The CAs (PEM) that may have signed the collector's certificate. Without it: those that Node.js trusts.",
        ),
        certFile: key(filePath.optional(), 'The certificate (PEM) to authenticate with, in place of a token.'),
        keyFile: key(filePath.optional(), 'Its private key (PEM).'),
        allowPlainHttp: flag(
          false,
          'Send over the network without TLS, token and all, as where something else encrypts it.',
        ),
      })
      .superRefine(({ url, certFile, keyFile, allowPlainHttp }, context) => {
        if (baseUrl.safeParse(url).success && !isPrivate(url) && !allowPlainHttp) {
          const message = 'would show the token to the network; use https, or set agent.collector.allowPlainHttp';
          context.addIssue({ code: 'custom', path: ['url'], message, params: { whole: true } });
        }
        refuseHalfPair({ certFile, keyFile }, context);
      })
      .prefault({}),
    'Where observations are sent over HTTP.',
  ),
  metrics: section('How the agent itself is doing: /metrics for Prometheus, /healthz for probes.', {
    enabled: flag(true, 'Serve them. `truant start` never does: there the collector serves the metrics of both.'),
    listen: section('Where they are served.', {
      host: key(loopbackHost.default('127.0.0.1'), 'Loopback alone, as there is no authentication.'),
      port: key(port.default(7118), 'The TCP port.'),
    }),
  }),
  holdBackMs: key(
    wholeNumber(0, 60_000, 'milliseconds').default(5000),
    'How long, in milliseconds of event time, a use from an unknown address waits for the inventory to catch up.',
  ),
});

const networks = section("The cluster's networks, each optional: what can be learned from nodes is learned.", {
  podCidrs: list(cidr, 'Networks that pods get their addresses from.'),
  serviceCidrs: list(cidr, 'Networks that services get their addresses from.'),
  controlPlane: list(addressOrCidr, "The control plane's own addresses."),
  trustedProxies: list(
    addressOrCidr,
    'Proxies and load balancers before the API server whose X-Forwarded-For is to be believed. Name only such as nobody else can connect through.',
  ),
});

const detection = section('Exceptions from the rules, and changes to them.', {
  allowedMinters: list(
    z.strictObject({
      principal: key(text, 'The user name, as the audit log shows it, that may have tokens issued for others.'),
      reason,
      expires,
    }),
    'Who may have tokens issued for other accounts.',
  ),
  knownLegacySources: list(
    z.strictObject({
      principal: key(principal, 'The account whose legacy token it is.'),
      source: key(addressOrCidr, 'From where it is rightly used.'),
      reason,
      expires,
    }),
    'From where long-lived tokens out of Secrets are rightly used.',
  ),
  allowedReaders: list(
    z
      .strictObject({
        executable: key(
          programPath.optional(),
          "The program's path, as its own mounts have it. Alone: a process of the node, in the node's own mounts.",
        ),
        namespace: key(namespace.optional(), 'The namespace of the pod that it runs in.'),
        pod: key(text.optional(), "That pod's name; a * at the end stands for anything."),
        image: key(
          text.optional(),
          "Its container's image, as the pod's spec names it; a * at the end stands for anything.",
        ),
        reason,
        expires,
      })
      .refine(
        ({ executable, namespace, image }) => [executable, namespace, image].some((named) => named !== undefined),
        {
          message: 'needs an executable, a namespace or an image',
          params: { whole: true },
        },
      ),
    'Who rightly opens tokens of others: backup agents, a service mesh, other security tools. What runs by exec is never let pass.',
  ),
  learningHours: key(
    wholeNumber(1, 8760, 'hours').default(24),
    'How long the reads of a container are watched before a process that has not read its token before is out of the ordinary.',
  ),
  rules: key(
    z
      .record(
        z.string().max(100),
        z.strictObject({
          enabled: key(z.boolean().optional(), 'False switches the rule off.', { expected: 'true or false' }),
          severity: key(Severity.optional(), "Takes the place of the rule's own severity."),
        }),
      )
      .default({}),
    'Changes to single rules, by rule id.',
    { expected: 'a section that names rules by their id' },
  ),
});

export const Config = z
  .strictObject({
    cluster: section('The cluster.', {
      name: key(clusterName.default('kubernetes'), 'The name that alerts and history bear.'),
    }),
    agent,
    networks,
    detection,
    collector,
    kafka,
    log: section('Logs, as JSON lines on stderr.', {
      level: key(
        z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
        'What is logged: this and worse.',
      ),
      pretty: flag(false, 'Short lines for people instead of JSON.'),
    }),
  })
  .superRefine((config, context) => {
    const { observations, deadLetter } = config.kafka.topics;
    for (const { path, message } of outputConflicts(config.collector.outputs, [observations, deadLetter]))
      context.addIssue({ code: 'custom', path: ['collector', 'outputs', ...path], message, params: { whole: true } });
    const sends = Object.values(config.collector.outputs).some(({ kafka: to }) => to?.brokers.length === 0);
    if (config.agent.transport !== 'kafka' && !config.collector.receive.kafka.enabled && !sends) return;
    for (const { path, message } of kafkaProblems(config.kafka)) {
      context.addIssue({ code: 'custom', path: ['kafka', ...path], message, params: { whole: true } });
    }
  });
export type Config = z.infer<typeof Config>;
