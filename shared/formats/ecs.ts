/** The Elastic Common Schema, version 9.4.0: nested objects, and below `truant` what has no place in it. */

import { TACTICS } from '../detection/attack.ts';
import { canonicalAddress } from '../inventory/address.ts';
import type { Alert } from '../schema/alert.ts';
import { VERSION } from '../version.ts';
import { truantFields } from './ecs-truant.ts';
import {
  leadingRule,
  marked,
  namespaceOf,
  outcomeOf,
  readOf,
  SEVERITY_NUMBERS,
  sourceOf,
  summaryText,
  summaryTitle,
  tokenFileOf,
} from './facts.ts';
import type { Format } from './format.ts';
import { jsonLine } from './json-line.ts';
import { type AlertNotice, type SummaryNotice, severityOf } from './notice.ts';

const ECS_VERSION = '9.4.0';

/** Of a list that only says who else was concerned. */
const MAX_RELATED = 100;

export const ecs: Format = {
  name: 'ecs',
  contentType: 'application/json',
  alert: (notice) => jsonLine(documentOf(notice)),
  summary: (notice) => jsonLine(documentOfSummary(notice)),
};

const common = {
  ecs: { version: ECS_VERSION },
  observer: { type: 'ids', vendor: 'Truant', product: 'Truant', version: VERSION },
};

const ofTruant = { kind: 'alert', module: 'truant', dataset: 'truant.alert', provider: 'truant' };

function documentOf(notice: AlertNotice) {
  const { alert, event, link, isTest } = notice;
  const userAgent = alert.did.userAgents[0];
  return {
    '@timestamp': alert.updatedAt,
    ...common,
    message: marked(notice, alert.summary),
    tags: isTest ? ['truant', 'test'] : ['truant'],
    labels: { status: alert.status, severity: alert.severity, confidence: alert.confidence },
    event: {
      ...ofTruant,
      category: alert.did.requests > 0 ? ['intrusion_detection', 'api'] : ['intrusion_detection'],
      type: ['info'],
      action: `alert-${event}`,
      id: alert.id,
      severity: SEVERITY_NUMBERS[alert.severity],
      outcome: outcomeOf(alert),
      created: alert.createdAt,
      start: alert.firstSeen,
      end: alert.lastSeen,
      sequence: alert.revision,
      reason: alert.confidenceWhy,
      ...(link !== undefined && { url: link }),
    },
    rule: { id: leadingRule(alert), name: marked(notice, alert.title), ruleset: 'truant' },
    ...(alert.attack.length > 0 && { threat: threatOf(alert) }),
    user: { name: alert.principal },
    ...(alert.sources[0] && { source: sourceFields(alert, alert.sources[0].address) }),
    related: relatedOf(alert),
    orchestrator: orchestratorOf(alert),
    ...whereItWasRead(alert),
    kubernetes: kubernetesOf(alert),
    ...(userAgent !== undefined && { user_agent: { original: userAgent } }),
    truant: truantFields(notice),
  };
}

function documentOfSummary(notice: SummaryNotice) {
  const { kind: _, alerts, ...summary } = notice;
  return {
    '@timestamp': notice.until,
    ...common,
    message: summaryText(notice),
    tags: ['truant'],
    event: {
      ...ofTruant,
      category: ['intrusion_detection'],
      type: ['info'],
      action: 'alert-summary',
      id: notice.id,
      severity: SEVERITY_NUMBERS[severityOf(notice)],
      start: notice.since,
      end: notice.until,
      ...(notice.link !== undefined && { url: notice.link }),
    },
    rule: { id: 'alert-summary', name: summaryTitle(notice), ruleset: 'truant' },
    related: { user: unique(alerts.map(({ principal }) => principal)) },
    truant: { notice: { id: notice.id, event: 'summary' }, summary: { ...summary, alerts } },
  };
}

/** Two numbers tell a technique, three its part: `T1552.001: Unsecured Credentials: Credentials In Files`. */
function threatOf({ attack }: Alert) {
  const techniques = new Map<string, string>();
  const parts = new Map<string, string>();
  for (const { id, name } of attack) {
    const [parent = id] = id.split('.');
    const [parentName = name, partName] = name.split(': ');
    techniques.set(parent, parentName);
    if (parent !== id) parts.set(id, partName ?? name);
  }
  const tactics = unique(attack.map(({ tactic }) => tactic));
  return {
    framework: 'MITRE ATT&CK',
    tactic: { id: tactics.map(idOfTactic), name: tactics },
    technique: {
      id: [...techniques.keys()],
      name: [...techniques.values()],
      ...(parts.size > 0 && { subtechnique: { id: [...parts.keys()], name: [...parts.values()] } }),
    },
  };
}

const idOfTactic = (tactic: string): string => (Object.hasOwn(TACTICS, tactic) && TACTICS[tactic]) || 'unknown';

function sourceFields(alert: Alert, address: string) {
  const ip = sourceOf(alert);
  return { address, ...(ip !== undefined && { ip }) };
}

function relatedOf({ principal, sources, evidence, findings, binding }: Alert) {
  const addresses = [...sources.map(({ address }) => address), ...evidence.map(({ source }) => source ?? '')];
  const users = [
    principal,
    ...evidence.flatMap((one) => [one.principal, one.by]),
    ...findings.map((one) => one.principal),
  ];
  return {
    ip: unique(addresses.map(canonicalAddress)),
    user: unique(users),
    hosts: unique([binding.node?.name, ...evidence.map(({ node }) => node)]),
  };
}

function orchestratorOf(alert: Alert) {
  const namespace = namespaceOf(alert);
  const { pod } = alert.binding;
  return {
    type: 'kubernetes',
    cluster: { name: alert.cluster },
    ...(namespace !== undefined && { namespace }),
    resource: pod
      ? { type: 'pod', name: pod.name, id: pod.uid }
      : { type: 'serviceaccount', name: alert.principal.slice(alert.principal.lastIndexOf(':') + 1) },
  };
}

/** The names that Elastic's Kubernetes integration uses: they are not of ECS. */
function kubernetesOf(alert: Alert) {
  const namespace = namespaceOf(alert);
  const { pod, node } = alert.binding;
  return {
    ...(namespace !== undefined && { namespace }),
    ...(pod && { pod: { name: pod.name, uid: pod.uid } }),
    ...(node && { node }),
  };
}

/** `host`: the node where it was read, else the one that it belongs to. */
function whereItWasRead(alert: Alert) {
  const read = readOf(alert);
  const path = tokenFileOf(alert);
  const node = read?.node ?? alert.binding.node?.name;
  return {
    ...(node !== undefined && { host: { name: node } }),
    ...(read?.pid !== undefined && {
      process: {
        pid: read.pid,
        ...(read.process && { name: read.process.name }),
        ...(read.process?.path !== undefined && { executable: read.process.path }),
      },
    }),
    ...(read?.container && { container: containerOf(read.container) }),
    ...(path !== undefined && { file: { path, name: path.slice(path.lastIndexOf('/') + 1) } }),
  };
}

function containerOf({
  id,
  name,
  image,
}: {
  id?: string | undefined;
  name?: string | undefined;
  image?: string | undefined;
}) {
  return {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(image !== undefined && { image: { name: image } }),
  };
}

const unique = (values: readonly (string | undefined)[]): string[] =>
  [...new Set(values.filter((value): value is string => value !== undefined && value !== ''))].slice(0, MAX_RELATED);
