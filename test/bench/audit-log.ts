/**
 * A generator of audit logs as a busy cluster writes them: 200 pods on 20 nodes, 40 % of the events by service accounts, 40 %
 * by nodes, 20 % by the control plane; a few thefts among them, so that a hunt has something to find. The same every time.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { formatTime, type Micros, parseTime } from '../../shared/time.ts';
import { clusterLinesOf, type MadePod } from '../support/cluster-lines.ts';

export interface GeneratedLog {
  events: number;
  bytes: number;
  /** Uses of stolen tokens among them. */
  thefts: number;
}

const PODS = 200;
const NODES = 20;
const THEFT_EVERY = 20_000;
const START = parseTime('2026-11-23T08:00:00.000000Z') as Micros;

interface Pod extends MadePod {
  /** What it asks, time and again. */
  repertoire: { verb: string; uri: string; ref: object }[];
}

/** A small generator of numbers that are as good as random and always the same (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = numbers(20_261_123);
const hex = (digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
const nodeName = (index: number): string => `worker-${String(index).padStart(2, '0')}`;
const nodeAddress = (index: number): string => `10.20.0.${index + 10}`;

const RESOURCES = ['pods', 'configmaps', 'endpoints', 'services', 'secrets', 'leases', 'deployments'] as const;
const VERBS = ['get', 'list', 'watch', 'update', 'patch'] as const;
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

function request(namespace: string): Pod['repertoire'][number] {
  const resource = pick(RESOURCES);
  const verb = pick(VERBS);
  const name = verb === 'list' || verb === 'watch' ? {} : { name: `${resource}-${Math.floor(random() * 50)}` };
  const path = `/api/v1/namespaces/${namespace}/${resource}${'name' in name ? `/${name.name}` : ''}`;
  const uri = verb === 'watch' ? `${path}?allowWatchBookmarks=true&timeoutSeconds=400&watch=true` : path;
  return { verb, uri, ref: { resource, namespace, ...name, apiVersion: 'v1' } };
}

const pods: Pod[] = Array.from({ length: PODS }, (_, index) => {
  const namespace = `team-${index % 12}`;
  const account = `service-${index % 40}`;
  return {
    namespace,
    account,
    name: `${account}-${hex(9)}-${hex(5)}`,
    uid: uuid(),
    credential: uuid(),
    node: nodeName(index % NODES),
    address: `10.244.${index % NODES}.${20 + Math.floor(index / NODES)}`,
    repertoire: Array.from({ length: 8 }, () => request(namespace)),
  };
});

export function clusterLines(): string[] {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: nodeName(index),
    uid: uuid(),
    address: nodeAddress(index),
    podCidr: `10.244.${index}.0/24`,
  }));
  return clusterLinesOf(formatTime(START - 60_000_000), nodes, pods);
}

function event(
  time: Micros,
  user: object,
  source: string,
  userAgent: string,
  about: { verb: string; uri: string; ref: object },
  reason: string,
): string {
  const isWatch = about.verb === 'watch';
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: uuid(),
    stage: isWatch && random() < 0.5 ? 'ResponseStarted' : 'ResponseComplete',
    requestURI: about.uri,
    verb: about.verb,
    user,
    sourceIPs: [source],
    userAgent,
    objectRef: about.ref,
    responseStatus: { metadata: {}, code: random() < 0.01 ? 404 : 200 },
    requestReceivedTimestamp: formatTime(time),
    stageTimestamp: formatTime(time + 3000),
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': reason },
  });
}

function byPod(time: Micros, pod: Pod, source: string): string {
  const extra = (name: string, value: string) => [`authentication.kubernetes.io/${name}`, [value]] as const;
  const user = {
    username: `system:serviceaccount:${pod.namespace}:${pod.account}`,
    uid: pod.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${pod.namespace}`, 'system:authenticated'],
    extra: Object.fromEntries([
      extra('credential-id', `JTI=${pod.credential}`),
      extra('node-name', pod.node),
      extra('node-uid', '15e32110-015b-4696-9025-d4995ff65998'),
      extra('pod-name', pod.name),
      extra('pod-uid', pod.uid),
    ]),
  };
  return event(
    time,
    user,
    source,
    `${pod.account}/v1.${pod.name.length} (linux/amd64) kubernetes/8e16b12`,
    pick(pod.repertoire),
    `RBAC: allowed by RoleBinding "${pod.account}/${pod.namespace}" of Role "${pod.account}" to ServiceAccount "${pod.account}/${pod.namespace}"`,
  ).replaceAll('&', '\\u0026');
}

function byNode(time: Micros): string {
  const index = Math.floor(random() * NODES);
  const name = nodeName(index);
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${'ab'.repeat(32)}`] };
  return event(
    time,
    { username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'], extra },
    nodeAddress(index),
    'kubelet/v1.36.2 (linux/amd64) kubernetes/8e16b12',
    {
      verb: 'update',
      uri: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}?timeout=10s`,
      ref: {
        resource: 'leases',
        namespace: 'kube-node-lease',
        name,
        uid: uuid(),
        apiGroup: 'coordination.k8s.io',
        apiVersion: 'v1',
      },
    },
    '',
  );
}

function byControlPlane(time: Micros): string {
  const component = pick(['kube-scheduler', 'kube-controller-manager', 'apiserver'] as const);
  return event(
    time,
    { username: `system:${component}`, groups: ['system:authenticated'] },
    '10.20.0.2',
    `${component}/v1.36.2 (linux/amd64) kubernetes/8e16b12/leader-election`,
    {
      verb: 'get',
      uri: `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${component}?timeout=5s`,
      ref: {
        resource: 'leases',
        namespace: 'kube-system',
        name: component,
        apiGroup: 'coordination.k8s.io',
        apiVersion: 'v1',
      },
    },
    `RBAC: allowed by ClusterRoleBinding "system:${component}" of ClusterRole "system:${component}" to User "system:${component}"`,
  );
}

/** Writes a log of at least so many bytes. */
export async function writeLog(path: string, minBytes: number): Promise<GeneratedLog> {
  const out = createWriteStream(path);
  const log: GeneratedLog = { events: 0, bytes: 0, thefts: 0 };
  while (log.bytes < minBytes) {
    const lines: string[] = [];
    for (let i = 0; i < 1000; i += 1) {
      const time = START + log.events * 2000;
      const dice = random();
      if (log.events % THEFT_EVERY === THEFT_EVERY - 1) {
        lines.push(byPod(time, pick(pods), '203.0.113.7'));
        log.thefts += 1;
      } else if (dice < 0.4) {
        const pod = pick(pods);
        lines.push(byPod(time, pod, pod.address));
      } else lines.push(dice < 0.8 ? byNode(time) : byControlPlane(time));
      log.events += 1;
    }
    const text = `${lines.join('\n')}\n`;
    log.bytes += Buffer.byteLength(text);
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return log;
}
