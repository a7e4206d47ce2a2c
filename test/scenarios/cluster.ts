/** A made-up cluster: says what happens in it, second by second, and hunts over the log and inventory that this gives. */
import type { InventoryEvent, WorkloadFacts } from '../../shared/schema/inventory-event.ts';
import { formatTime, type Micros, SECOND } from '../../shared/time.ts';
import { type Hunt, type HuntOptions, hunt } from './hunt.ts';

const START: Micros = Date.UTC(2026, 10, 23, 18, 0, 0) * 1000;

/** Seconds after the start. */
export const at = (seconds: number): Micros => START + Math.round(seconds * SECOND);

export interface Node {
  name: string;
  address: string;
  controlPlane: boolean;
}

export interface Pod {
  uid: string;
  namespace: string;
  name: string;
  account: string;
  node: Node;
  /** Its node's, if it is on the host's network. */
  address: string;
  hostNetwork: boolean;
  credential: string;
  /** Secrets that its spec names; left out: the spec is not known. */
  secrets?: string[];
  /** Left out: only its name is known. */
  workload?: WorkloadFacts;
}

export interface RequestText {
  verb?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  code?: number;
  userAgent?: string;
  uri?: string;
  impersonated?: string;
  claimed?: string[];
  /** Left out: the next of its own. */
  auditID?: string;
  /** Seconds until it was answered. */
  took?: number;
  annotations?: Record<string, string>;
}

interface Who {
  username: string;
  extra: Record<string, string>;
  annotations?: Record<string, string>;
}

const EXTRA = 'authentication.kubernetes.io/';

export class Cluster {
  readonly #lines: { time: Micros; line: string }[] = [];
  readonly #inventory: InventoryEvent[] = [];
  #count = 0;

  node(name: string, address: string, { controlPlane = false, podCidrs = [] as string[], seconds = -3600 } = {}): Node {
    this.#inventory.push({
      type: 'node-upsert',
      time: at(seconds),
      node: { uid: `uid-${name}`, name, addresses: [address], podCidrs, controlPlane },
      initial: seconds < 0,
    });
    return { name, address, controlPlane };
  }

  /** Started an hour before, unless `seconds` says when. Without an address it is on its node's network. */
  pod(name: string, node: Node, address?: string, { account = name, namespace = 'shop', seconds = -3600 } = {}): Pod {
    const pod: Pod = {
      uid: `uid-${name}`,
      namespace,
      name,
      account,
      node,
      address: address ?? node.address,
      hostNetwork: address === undefined,
      credential: `JTI=${name}`,
    };
    this.announce(pod, seconds);
    return pod;
  }

  /** The inventory learns how the pod is now. */
  announce(pod: Pod, seconds: number): void {
    this.#inventory.push({
      type: 'pod-upsert',
      time: at(seconds),
      pod: {
        uid: pod.uid,
        namespace: pod.namespace,
        name: pod.name,
        node: pod.node.name,
        addresses: pod.address === '' ? [] : [pod.address],
        hostNetwork: pod.hostNetwork,
        ...(pod.secrets && { secrets: pod.secrets }),
        ...(pod.workload && { workload: pod.workload }),
        ended: false,
        started: at(seconds),
      },
      initial: seconds < 0,
    });
  }

  gone({ uid, namespace, name }: Pod, seconds: number): void {
    this.#inventory.push({ type: 'pod-delete', time: at(seconds), uid, namespace, name });
  }

  learn(event: InventoryEvent): void {
    this.#inventory.push(event);
  }

  /** A request with a pod's token, from its own address unless `from` says otherwise. */
  use(seconds: number, pod: Pod, from = pod.address, request: RequestText = {}): string {
    return this.#log(seconds, from, request, {
      username: `system:serviceaccount:${pod.namespace}:${pod.account}`,
      extra: {
        'credential-id': pod.credential,
        'pod-name': pod.name,
        'pod-uid': pod.uid,
        'node-name': pod.node.name,
      },
    });
  }

  /** A pod that asks for the same again and again from its own address. */
  poll(pod: Pod, every: number, from: number, to: number, source?: string): void {
    for (let seconds = from; seconds < to; seconds += every) this.use(seconds, pod, source);
  }

  /** A request with a token that is bound to nothing. */
  useMinted(seconds: number, principal: string, credential: string, from: string, request: RequestText = {}): string {
    const extra: Record<string, string> = credential === '' ? {} : { 'credential-id': credential };
    return this.#log(seconds, from, request, { username: principal, extra });
  }

  /** A request with a token that is bound to a node alone. */
  useNodeBound(seconds: number, account: string, credential: string, node: string, from: string): string {
    const extra = { 'credential-id': credential, 'node-name': node };
    return this.#log(seconds, from, {}, { username: `system:serviceaccount:shop:${account}`, extra });
  }

  useLegacy(seconds: number, account: string, secret: string, from: string, request: RequestText = {}): string {
    return this.#log(seconds, from, request, {
      username: `system:serviceaccount:shop:${account}`,
      extra: {},
      annotations: {
        'authentication.k8s.io/legacy-token': `system:serviceaccount:shop:${account}`,
        'authentication.k8s.io/legacy-token-manual-secret': secret,
      },
    });
  }

  /** A TokenRequest by a user who is no ServiceAccount: a kubelet (`system:node:...`), a person. */
  issue(seconds: number, username: string, from: string, account: string, issued: string, namespace = 'shop'): string {
    return this.#log(seconds, from, tokenRequest(account, issued, namespace), { username, extra: {} });
  }

  /** A TokenRequest by a pod. */
  mint(seconds: number, pod: Pod, account: string, issued: string, from = pod.address, namespace = 'shop'): string {
    return this.use(seconds, pod, from, tokenRequest(account, issued, namespace));
  }

  /** An exec into a pod by the administrator. */
  exec(seconds: number, pod: Pod, command: readonly string[]): string {
    const query = command.map((word) => `command=${encodeURIComponent(word)}`).join('&');
    const uri = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/exec?${query}`;
    const request = { verb: 'create', subresource: 'exec', namespace: pod.namespace, name: pod.name, code: 101, uri };
    return this.#log(seconds, '10.10.0.1', request, { username: 'kubernetes-admin', extra: {} });
  }

  hunt(options: HuntOptions = {}): Hunt {
    return hunt(this.lines(), { inventory: this.inventory(), ...options });
  }

  bareHunt(): Hunt {
    return hunt(this.lines());
  }

  lines(): Buffer[] {
    return this.#lines.toSorted((a, b) => a.time - b.time).map(({ line }) => Buffer.from(line));
  }

  inventory(): InventoryEvent[] {
    return this.#inventory.toSorted((a, b) => a.time - b.time);
  }

  /** Returns the key by which `Hunt.placed` knows the request. */
  #log(seconds: number, from: string, request: RequestText, { username, extra, annotations }: Who): string {
    const { verb = 'list', resource = 'pods', subresource, namespace = 'shop', name, code = 200 } = request;
    const time = formatTime(at(seconds));
    const { auditID = `audit-${(this.#count += 1)}`, took = 0.002 } = request;
    const base = `/api/v1/namespaces/${namespace}/${resource}`;
    const path = [base, ...(name === undefined ? [] : [name]), ...(subresource === undefined ? [] : [subresource])];
    const event = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID,
      stage: verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete',
      requestURI: request.uri ?? path.join('/'),
      verb,
      user: {
        username,
        groups: ['system:authenticated'],
        extra: Object.fromEntries(Object.entries(extra).map(([key, value]) => [EXTRA + key, [value]])),
      },
      ...(request.impersonated !== undefined && { impersonatedUser: { username: request.impersonated } }),
      sourceIPs: [...(request.claimed ?? []), from],
      userAgent: request.userAgent ?? 'app/1',
      objectRef: { resource, namespace, apiVersion: 'v1', ...(name && { name }), ...(subresource && { subresource }) },
      responseStatus: { metadata: {}, code },
      requestReceivedTimestamp: time,
      stageTimestamp: formatTime(at(seconds + took)),
      annotations: { ...annotations, ...request.annotations },
    };
    this.#lines.push({ time: at(seconds + took), line: JSON.stringify(event) });
    return `${auditID}|${time}`;
  }
}

const tokenRequest = (account: string, issued: string, namespace: string): RequestText => ({
  verb: 'create',
  resource: 'serviceaccounts',
  subresource: 'token',
  namespace,
  name: account,
  code: issued === '' ? 403 : 201,
  annotations: issued === '' ? {} : { [`${EXTRA}issued-credential-id`]: issued },
});
