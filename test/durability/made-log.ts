/** An audit log of service accounts' requests, each unlike all others, with some thefts among them; the same every time. */
import { hash } from 'node:crypto';
import { formatTime, MINUTE, type Micros, parseTime } from '../../shared/time.ts';
import { clusterLinesOf, type MadePod } from '../support/cluster-lines.ts';

/** What the store must have of a request, to the letter. */
export interface Told {
  time: string;
  principal: string;
  credential: string;
  source: string;
  verb: string;
  uri: string;
}

const NODES = 6;
const PODS = 60;
const THEFTS = 20;
/** Long ago for whoever reads the log. */
const START = parseTime('2026-11-23T08:00:00.000000Z') as Micros;

const uuidOf = (text: string): string =>
  hash('sha1', text, 'hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
const nodeName = (index: number): string => `worker-${index}`;

const pods: MadePod[] = Array.from({ length: PODS }, (_, index) => {
  const [namespace, account] = [`team-${index % 5}`, `service-${index}`];
  const node = index % NODES;
  return {
    namespace,
    account,
    name: `${account}-7d9c`,
    uid: uuidOf(`pod ${index}`),
    credential: `JTI=${uuidOf(`token ${index}`)}`,
    node: nodeName(node),
    address: `10.244.${node}.${20 + Math.floor(index / NODES)}`,
  };
});
const podOf = (index: number): MadePod => pods[index % PODS] as MadePod;

/** A recorded watch of the pods and nodes, as JSON lines. */
export function clusterLines(): string[] {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: nodeName(index),
    uid: uuidOf(`node ${index}`),
    address: `10.20.0.${index + 10}`,
    podCidr: `10.244.${index}.0/24`,
  }));
  return clusterLinesOf(formatTime(START), nodes, pods);
}

export class MadeLog {
  readonly total: number;
  readonly #start: Micros;
  readonly #spacing: Micros;

  constructor(total: number, { start = START + MINUTE, spacing = 2000 }: { start?: Micros; spacing?: Micros } = {}) {
    this.total = total;
    this.#start = start;
    this.#spacing = spacing;
  }

  /** The credentials that are stolen: each from another pod, each used once by a thief. */
  get stolen(): string[] {
    return Array.from({ length: THEFTS }, (_, nth) => podOf(this.#theftAt(nth)).credential).toSorted();
  }

  /** Lines of the log from one number to another, each with its newline. */
  lines(from: number, until: number): string {
    let text = '';
    for (let n = from; n < until; n += 1) text += `${this.#line(n)}\n`;
    return text;
  }

  auditID = (n: number): string => uuidOf(`request ${n}`);

  told(n: number): Told {
    const pod = podOf(n);
    return {
      time: formatTime(this.#start + n * this.#spacing),
      principal: `system:serviceaccount:${pod.namespace}:${pod.account}`,
      credential: pod.credential,
      source: this.isTheft(n) ? this.thiefOf(n) : pod.address,
      verb: 'get',
      uri: `/api/v1/namespaces/${pod.namespace}/configmaps/item-${n}`,
    };
  }

  /** Every other thief sits in a pod on the next node, the others on the internet. */
  thiefOf(n: number): string {
    return n % 2 === 0 ? podOf(n + 1).address : '203.0.113.7';
  }

  #theftAt(nth: number): number {
    const every = Math.floor(this.total / THEFTS);
    // Of a pod that is no other theft's.
    return Math.floor((every * nth + every / 2) / PODS) * PODS + nth;
  }

  isTheft(n: number): boolean {
    const nth = n % PODS;
    return nth < THEFTS && n === this.#theftAt(nth);
  }

  #line(n: number): string {
    const pod = podOf(n);
    const { time, principal, credential, source, verb, uri } = this.told(n);
    return JSON.stringify({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: this.auditID(n),
      stage: 'ResponseComplete',
      requestURI: uri,
      verb,
      user: {
        username: principal,
        groups: ['system:serviceaccounts', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': [credential],
          'authentication.kubernetes.io/node-name': [pod.node],
          'authentication.kubernetes.io/pod-name': [pod.name],
          'authentication.kubernetes.io/pod-uid': [pod.uid],
        },
      },
      sourceIPs: [source],
      userAgent: `${pod.account}/1.0`,
      objectRef: { resource: 'configmaps', namespace: pod.namespace, name: `item-${n}`, apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 200 },
      requestReceivedTimestamp: time,
      stageTimestamp: formatTime(this.#start + n * this.#spacing + 500),
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
  }
}
