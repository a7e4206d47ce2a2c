/**
 * Kubernetes objects -> inventory events: from a watch, a recording (`cluster.jsonl`) or a dump (`kubectl get -o json`).
 * Lenient, as Kubernetes' own clients are: what is unknown is ignored, what is malformed is left out. Never throws.
 */
import { z } from 'zod';
import { cleanArgs } from '../normalise/arguments.ts';
import type { InventoryEvent, NodeFacts, PodFacts, WorkloadFacts } from '../schema/inventory-event.ts';
import { type Micros, parseTime, SECOND } from '../time.ts';
import { canonicalAddress, parseCidr } from './address.ts';

/** What may be wrong with an object or a line; `irrelevant` is not wrong. */
export type SkipReason = 'irrelevant' | 'malformed-object' | 'malformed-time' | 'not-a-record' | 'not-json';

/** How an object was seen. */
export interface Sighting {
  time: Micros;
  deleted: boolean;
  /** In a list, not as it happened. */
  initial: boolean;
  /** See `InventoryEvent`. */
  since?: Micros;
}

/** More than a pod or a node has. */
const MAX_ADDRESSES = 16;
const MAX_SECRETS = 16;
const MAX_CONTAINERS = 32;
const MAX_IDS = 4;
const MAX_ID = 160;
const MAX_IMAGE = 512;
const MAX_VOLUMES = 64;
const MAX_LABELS = 64;
/** A label's key with its prefix (Kubernetes, Labels and Selectors); its value has at most 63. */
const MAX_LABEL = 317;
/** An object that is this old when it is announced as new was there before. */
const NEW_FOR: Micros = 2 * SECOND;

const name = z.string().min(1).max(253);
const maybe = <T extends z.ZodType>(type: T) => type.optional().catch(undefined);
const listOf = <T extends z.ZodType>(type: T) =>
  z
    .array(type.nullable().catch(null))
    .catch([])
    .transform((items) => items.filter((item) => item !== null));
const timestamp = maybe(z.string().transform((text) => parseTime(text)));

const Metadata = z.object({
  name,
  namespace: maybe(name),
  uid: z.string().min(1).max(64),
  creationTimestamp: timestamp,
  labels: maybe(z.record(z.string(), z.unknown())),
  annotations: maybe(z.record(z.string(), z.unknown())),
});

const Condition = z.object({ lastHeartbeatTime: timestamp, lastTransitionTime: timestamp });

const Ended = maybe(z.object({ containerID: maybe(z.string()) }));
const ContainerStatus = z.object({
  name: maybe(name),
  containerID: maybe(z.string()),
  lastState: maybe(z.object({ terminated: Ended })),
  state: maybe(
    z.object({
      running: maybe(z.object({ startedAt: timestamp })),
      terminated: maybe(z.object({ finishedAt: timestamp })),
    }),
  ),
});

const SecretName = maybe(z.object({ name: maybe(name) }));
const Hook = maybe(z.object({ exec: maybe(z.object({ command: listOf(z.string()) })) }));
const Container = z.object({
  name: maybe(name),
  image: maybe(z.string()),
  volumeMounts: listOf(z.object({ name: maybe(name) })),
  livenessProbe: Hook,
  readinessProbe: Hook,
  startupProbe: Hook,
  lifecycle: maybe(z.object({ postStart: Hook, preStop: Hook })),
  env: listOf(z.object({ valueFrom: maybe(z.object({ secretKeyRef: SecretName })) })),
  envFrom: listOf(z.object({ secretRef: SecretName })),
});
const Volume = z.object({
  secret: maybe(z.object({ secretName: maybe(name) })),
  projected: maybe(z.object({ sources: listOf(z.object({ secret: SecretName })) })),
});
const PodSpec = z.object({
  nodeName: maybe(name),
  hostNetwork: maybe(z.boolean()),
  serviceAccountName: maybe(name),
  volumes: listOf(Volume),
  containers: listOf(Container),
  initContainers: listOf(Container),
  ephemeralContainers: listOf(Container),
  shareProcessNamespace: maybe(z.boolean()),
  hostPID: maybe(z.boolean()),
});

const Pod = z.object({
  metadata: Metadata.required({ namespace: true }),
  spec: maybe(PodSpec),
  status: maybe(
    z.object({
      phase: maybe(z.string()),
      podIP: maybe(z.string()),
      podIPs: listOf(z.object({ ip: z.string() })),
      startTime: timestamp,
      containerStatuses: listOf(ContainerStatus),
      initContainerStatuses: listOf(ContainerStatus),
      ephemeralContainerStatuses: listOf(ContainerStatus),
      conditions: listOf(Condition),
    }),
  ),
});

const Node = z.object({
  metadata: Metadata,
  spec: maybe(z.object({ podCIDR: maybe(z.string()), podCIDRs: listOf(z.string()) })),
  status: maybe(
    z.object({ addresses: listOf(z.object({ type: z.string(), address: z.string() })), conditions: listOf(Condition) }),
  ),
});

const Secret = z.object({ metadata: Metadata.partial({ uid: true }), type: maybe(z.string()) });

const Endpoints = z.object({
  metadata: Metadata.partial({ uid: true }),
  subsets: listOf(z.object({ addresses: listOf(z.object({ ip: z.string() })) })),
});

const EndpointSlice = z.object({
  metadata: Metadata.partial({ uid: true }),
  endpoints: listOf(z.object({ addresses: listOf(z.string()) })),
});

const ClusterLine = z.object({ t: z.string(), kind: z.string(), type: z.string(), object: z.unknown() });

const List = z.object({ kind: z.string().regex(/List$/), items: z.array(z.unknown()) });
const Kinded = z.object({ kind: z.string() });

function canonicalAll(texts: readonly string[]): string[] {
  const addresses = texts.flatMap((text) => canonicalAddress(text) ?? []);
  return [...new Set(addresses)].slice(0, MAX_ADDRESSES);
}

/** The Secrets that a pod's containers get without asking the API server; undefined: too many to keep. */
function secretsOf({ volumes, containers, initContainers }: z.infer<typeof PodSpec>): string[] | undefined {
  const names = [
    ...volumes.flatMap(({ secret, projected }) => [
      secret?.secretName,
      ...(projected?.sources.map((source) => source.secret?.name) ?? []),
    ]),
    ...[...containers, ...initContainers].flatMap(({ env, envFrom }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
  ];
  const secrets = [...new Set(names.filter((name) => name !== undefined))].toSorted();
  return secrets.length > MAX_SECRETS ? undefined : secrets;
}

/** Leaves out what is not there: the contracts tell an absent field from an undefined one. */
const given = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

function workloadOf({ metadata, spec, status }: z.infer<typeof Pod>): WorkloadFacts | undefined {
  if (!spec) return undefined;
  const statuses = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const idsOf = (container: string): string[] =>
    statuses
      .filter(({ name }) => name === container)
      .flatMap(({ containerID, lastState }) => [containerID, lastState?.terminated?.containerID])
      .flatMap((id) => (id === undefined ? [] : [id.slice(0, MAX_ID).replace(/^.*:\/\//, '')]))
      .slice(0, MAX_IDS);
  const containers = [...spec.containers, ...spec.initContainers, ...spec.ephemeralContainers]
    .slice(0, MAX_CONTAINERS)
    .flatMap((container) =>
      container.name === undefined
        ? []
        : {
            name: container.name,
            image: (container.image ?? '').slice(0, MAX_IMAGE),
            ids: idsOf(container.name),
            volumes: container.volumeMounts.flatMap(({ name }) => name ?? []).slice(0, MAX_VOLUMES),
            hooks: hooksOf(container),
          },
    );
  const labels = Object.entries(metadata.labels ?? {}).filter((entry): entry is [string, string] => {
    const [key, value] = entry;
    return typeof value === 'string' && key.length <= MAX_LABEL && value.length <= MAX_LABEL;
  });
  return {
    containers,
    sharesPids: spec.shareProcessNamespace === true || spec.hostPID === true,
    labels: Object.fromEntries(labels.slice(0, MAX_LABELS)),
  };
}

/** Cut as an opener's arguments are, with which they are compared. */
function hooksOf(container: z.infer<typeof Container>): string[][] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((hook) => {
    const command = hook?.exec?.command ?? [];
    return command.length === 0 ? [] : [cleanArgs(command)];
  });
}

function podFacts({ metadata, spec, status }: z.infer<typeof Pod>): PodFacts {
  const stated = status?.podIPs.map(({ ip }) => ip) ?? [];
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const finished = status?.containerStatuses.map(({ state }) => state?.terminated?.finishedAt ?? 0) ?? [];
  const endedAt = ended && finished.length > 0 && !finished.includes(0) ? Math.max(...finished) : undefined;
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    addresses: canonicalAll(stated.length > 0 || status?.podIP === undefined ? stated : [status.podIP]),
    hostNetwork: spec?.hostNetwork === true,
    ended,
    ...given('node', spec?.nodeName),
    ...given('serviceAccount', spec?.serviceAccountName),
    ...given('secrets', spec && secretsOf(spec)),
    ...given('workload', workloadOf({ metadata, spec, status })),
    ...given('endedAt', endedAt),
    ...given('started', status?.startTime ?? metadata.creationTimestamp),
  };
}

function nodeFacts({ metadata, spec, status }: z.infer<typeof Node>): NodeFacts {
  const own = status?.addresses.filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP') ?? [];
  const cidrs = spec?.podCIDRs.length ? spec.podCIDRs : [spec?.podCIDR ?? ''];
  const labels = metadata.labels ?? {};
  return {
    uid: metadata.uid,
    name: metadata.name,
    addresses: canonicalAll(own.map(({ address }) => address)),
    podCidrs: cidrs.filter((cidr) => parseCidr(cidr) !== undefined).slice(0, MAX_ADDRESSES),
    controlPlane: 'node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels,
    ...given('created', metadata.creationTimestamp),
  };
}

const isApiServerService = (metadata: { namespace?: string | undefined }, service: unknown): boolean =>
  metadata.namespace === 'default' && service === 'kubernetes';

/** What seeing an object tells the inventory. */
export function inventoryEvent(kind: string, object: unknown, sighting: Sighting): InventoryEvent | SkipReason {
  const { time, deleted, initial } = sighting;
  const seen = { time, initial, ...given('since', sighting.since) };
  switch (kind) {
    case 'Pod': {
      const { data } = Pod.safeParse(object);
      if (!data) return 'malformed-object';
      const { uid, namespace, name } = data.metadata;
      if (deleted) return { type: 'pod-delete', time, uid, namespace, name };
      return { type: 'pod-upsert', pod: podFacts(data), ...seen };
    }
    case 'Node': {
      const { data } = Node.safeParse(object);
      if (!data) return 'malformed-object';
      if (deleted) return { type: 'node-delete', time, name: data.metadata.name };
      return { type: 'node-upsert', node: nodeFacts(data), ...seen };
    }
    case 'Secret': {
      const { data } = Secret.safeParse(object);
      const namespace = data?.metadata.namespace;
      if (!data || namespace === undefined) return 'malformed-object';
      if (data.type !== 'kubernetes.io/service-account-token') return 'irrelevant';
      const account = name.safeParse(data.metadata.annotations?.['kubernetes.io/service-account.name']).data;
      return { type: 'token-secret', time, namespace, name: data.metadata.name, serviceAccount: account, deleted };
    }
    case 'Endpoints': {
      const { data } = Endpoints.safeParse(object);
      if (!data) return 'malformed-object';
      if (!isApiServerService(data.metadata, data.metadata.name)) return 'irrelevant';
      const addresses = deleted ? [] : data.subsets.flatMap((subset) => subset.addresses.map(({ ip }) => ip));
      return {
        type: 'control-plane',
        time,
        slice: `Endpoints/${data.metadata.name}`,
        addresses: canonicalAll(addresses),
      };
    }
    case 'EndpointSlice': {
      const { data } = EndpointSlice.safeParse(object);
      if (!data) return 'malformed-object';
      if (!isApiServerService(data.metadata, data.metadata.labels?.['kubernetes.io/service-name'])) return 'irrelevant';
      const addresses = deleted ? [] : data.endpoints.flatMap((endpoint) => endpoint.addresses);
      return { type: 'control-plane', time, slice: data.metadata.name, addresses: canonicalAll(addresses) };
    }
    default:
      return 'irrelevant';
  }
}

/** One line of a recording: `{"t","kind","type","object"}`, as a watch with an initial list saw it. */
export function parseClusterLine(line: string): InventoryEvent | SkipReason {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not-json';
  }
  const { data } = ClusterLine.safeParse(value);
  if (!data) return 'not-a-record';
  const time = parseTime(data.t);
  if (time === undefined) return 'malformed-time';
  if (data.type !== 'ADDED' && data.type !== 'MODIFIED' && data.type !== 'DELETED') return 'irrelevant';
  const event = inventoryEvent(data.kind, data.object, { time, deleted: data.type === 'DELETED', initial: false });
  if (typeof event === 'string' || data.type !== 'ADDED') return event;
  // The initial list and what is really new are both ADDED. What is really new is young, and a new pod has no address.
  if (event.type === 'pod-upsert') event.initial = event.pod.addresses.length > 0 || isOld(event.pod.started, time);
  if (event.type === 'node-upsert') event.initial = isOld(event.node.created, time);
  return event;
}

const isOld = (created: Micros | undefined, time: Micros): boolean =>
  created !== undefined && created + NEW_FOR <= time;

export interface Dump {
  /** The newest time that anything in it names, unless told otherwise. */
  time: Micros;
  events: InventoryEvent[];
  skipped: number;
}

/** What `kubectl get pods,nodes -A -o json` printed (or one of its kinds alone, or one object); undefined when it is none. */
export function parseDump(json: unknown, time?: Micros): Dump | undefined {
  const list = List.safeParse(json).data;
  const single = Kinded.safeParse(json).data;
  if (!list && !single) return undefined;
  const objects = list ? list.items : [json];
  // Items of a PodList carry no kind of their own.
  const listKind = list?.kind.slice(0, -'List'.length) ?? '';
  const kindOf = (object: unknown) => Kinded.safeParse(object).data?.kind ?? listKind;
  const at = time ?? objects.reduce<Micros>((newest, object) => Math.max(newest, newestTime(object)), 0);
  const events: InventoryEvent[] = [];
  let skipped = 0;
  for (const object of objects) {
    const event = inventoryEvent(kindOf(object), object, { time: at, deleted: false, initial: true });
    if (typeof event !== 'string') events.push(event);
    else if (event !== 'irrelevant') skipped += 1;
  }
  return { time: at, events, skipped };
}

const Dated = z.object({
  metadata: Metadata.pick({ creationTimestamp: true }),
  status: maybe(
    z.object({ startTime: timestamp, conditions: listOf(Condition), containerStatuses: listOf(ContainerStatus) }),
  ),
});

/** The newest time that an object says something happened. 0 when it says none. */
function newestTime(object: unknown): Micros {
  const { data } = Dated.safeParse(object);
  const times = [
    data?.metadata.creationTimestamp,
    data?.status?.startTime,
    ...(data?.status?.conditions.flatMap((c) => [c.lastHeartbeatTime, c.lastTransitionTime]) ?? []),
    ...(data?.status?.containerStatuses.flatMap(({ state }) => [
      state?.running?.startedAt,
      state?.terminated?.finishedAt,
    ]) ?? []),
  ];
  return Math.max(0, ...times.map((time) => time ?? 0));
}
