/** A small cluster whose requests come as observations, ready for the correlator. */
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type {
  Actor,
  Binding,
  Credential,
  DeniedRequest,
  Observation,
  PodEntry,
  Request,
  Source,
  TokenIssue,
  TokenUse,
  Whereabouts,
} from '../../shared/schema/observation.ts';
import { formatTime, type Micros, SECOND } from '../../shared/time.ts';

const START: Micros = Date.UTC(2026, 10, 23, 18, 0, 0) * 1000;

export const at = (seconds: number): Micros => START + Math.round(seconds * SECOND);

export const OUTSIDE = '10.10.0.66';
export const INTERNET = '198.51.100.66';
export const ADMIN = '10.10.0.1';

interface PodOfWorld {
  namespace: string;
  account: string;
  node: string;
  /** Its node's, on the host's network. */
  address: string;
  hostNetwork: boolean;
}

export const NODES: Readonly<Record<string, string>> = { 'node-a': '10.10.0.11', 'node-b': '10.10.0.12' };

const on = (node: string, address?: string, namespace = 'shop', account = 'cart'): PodOfWorld => ({
  namespace,
  account,
  node,
  address: address ?? NODES[node] ?? '',
  hostNetwork: address === undefined,
});

export const PODS = {
  'cart-1': on('node-a', '10.244.0.3'),
  'cart-2': on('node-b', '10.244.1.3'),
  pay: on('node-a', '10.244.0.4', 'bank', 'pay'),
  idle: on('node-a', '10.244.0.5', 'shop', 'idle'),
  bot: on('node-a', '10.244.0.6', 'shop', 'bot'),
  agent: on('node-a', undefined, 'monitoring', 'agent'),
} as const;
export type PodName = keyof typeof PODS;

/** The inventory of the world, watched since long ago. */
export function newInventory(mode: Whereabouts['inventory'] = 'live'): ClusterInventory {
  const inventory = new ClusterInventory({ mode });
  if (mode === 'none') return inventory;
  const time = at(-3600);
  for (const [name, address] of Object.entries(NODES)) {
    const podCidrs = [`10.244.${name === 'node-a' ? 0 : 1}.0/24`];
    const node = { uid: `uid-${name}`, name, addresses: [address], podCidrs, controlPlane: false, created: time };
    inventory.apply({ type: 'node-upsert', time, node, initial: true });
  }
  for (const [name, { namespace, node, address, hostNetwork }] of Object.entries(PODS)) {
    const pod = { uid: `uid-${name}`, namespace, name, node, addresses: [address], hostNetwork, ended: false };
    inventory.apply({ type: 'pod-upsert', time, pod: { ...pod, started: time }, initial: true });
  }
  return inventory;
}

const live = newInventory();

let count = 0;
export const nextId = (): string => (count += 1).toString(16).padStart(32, '0');

/** Changes to what is usual. */
export interface Changes {
  /** Where it came from. */
  from?: string;
  claimed?: string[];
  credential?: Credential;
  binding?: Binding;
  principal?: string;
  request?: Partial<Request>;
  use?: Partial<Pick<TokenUse, 'impersonated' | 'staleBy' | 'invalidated' | 'secretOf'>>;
  auditID?: string;
  inventory?: ClusterInventory;
}

interface Common {
  id: string;
  time: Micros;
  timeText: string;
  seen: Micros;
  auditID: string;
  stage: 'ResponseComplete';
  source: Source;
  request: Request;
  whereabouts: Whereabouts;
}

function common(seconds: number, from: string, binding: Binding, changes: Changes): Common {
  const id = nextId();
  const { request, claimed = [], inventory = live } = changes;
  return {
    id,
    time: at(seconds),
    timeText: formatTime(at(seconds)),
    seen: at(seconds),
    auditID: changes.auditID ?? id,
    stage: 'ResponseComplete',
    source: { address: from, claimed, claimedTotal: claimed.length },
    request: {
      verb: 'list',
      resource: 'pods',
      namespace: 'shop',
      uri: '/api/v1/namespaces/shop/pods',
      code: 200,
      userAgent: 'app/1',
      longRunning: request?.verb === 'watch',
      ...request,
    },
    whereabouts: inventory.whereabouts(from, binding, at(seconds)),
  };
}

export function bindingOf(name: PodName): Binding {
  const { namespace, node } = PODS[name];
  return { pod: { namespace, name, uid: `uid-${name}` }, node: { name: node } };
}

export const principalOf = (name: PodName): string =>
  `system:serviceaccount:${PODS[name].namespace}:${PODS[name].account}`;

/** A use of the token of a pod, from the pod's own address. */
export function use(seconds: number, name: PodName, changes: Changes = {}): TokenUse {
  const binding = changes.binding ?? bindingOf(name);
  return {
    kind: 'use',
    ...common(seconds, changes.from ?? PODS[name].address, binding, changes),
    principal: changes.principal ?? principalOf(name),
    credential: changes.credential ?? { id: `JTI=${name}`, kind: 'projected' },
    binding,
    ...changes.use,
  };
}

/** A use of a token that is bound to nothing, of account shop/ci unless told otherwise. */
export const unbound = (seconds: number, from: string, changes: Changes = {}): TokenUse =>
  use(seconds, 'bot', {
    principal: 'system:serviceaccount:shop:ci',
    credential: { id: 'JTI=unbound', kind: 'minted' },
    binding: {},
    from,
    ...changes,
  });

/** A use of shop/ci's legacy token. */
export const legacy = (seconds: number, from: string, changes: Changes = {}): TokenUse =>
  unbound(seconds, from, { credential: { id: 'secret:shop/ci-token', kind: 'legacy' }, ...changes });

const actorOf = (who: string): Actor =>
  who in PODS
    ? {
        username: principalOf(who as PodName),
        principal: principalOf(who as PodName),
        credential: { id: `JTI=${who}`, kind: 'projected' },
        binding: bindingOf(who as PodName),
      }
    : { username: who, binding: {} };

/** The request of a TokenRequest for an account of namespace shop. */
export const tokenRequest = (account: string, code = 201): Partial<Request> => ({
  verb: 'create',
  resource: 'serviceaccounts',
  subresource: 'token',
  name: account,
  uri: `/api/v1/namespaces/shop/serviceaccounts/${account}/token`,
  code,
});

/** A TokenRequest by a user (`system:node:...`, a person) or, by its name, a pod. Without `issued` it was refused. */
export function issue(
  seconds: number,
  who: string,
  account: string,
  issued: string | undefined,
  changes: Changes = {},
): TokenIssue {
  const from = changes.from ?? (who in PODS ? PODS[who as PodName].address : ADMIN);
  const own = actorOf(who);
  const { credential = own.credential, binding: bound = own.binding } = changes;
  const actor: Actor = { ...own, binding: bound, ...(credential && { credential }) };
  const node = /^system:node:(.+)$/.exec(who)?.[1];
  const binding = node === undefined ? actor.binding : { node: { name: node } };
  const request = { ...tokenRequest(account, issued === undefined ? 403 : 201), ...changes.request };
  return {
    kind: 'issue',
    ...common(seconds, from, binding, { ...changes, request }),
    actor,
    principal: `system:serviceaccount:shop:${account}`,
    ...(issued !== undefined && { issued }),
  };
}

/** Both observations of a TokenRequest by a pod: the use and the issue. */
export function mint(seconds: number, name: PodName, account: string, issued: string, changes: Changes = {}) {
  const auditID = `mint-${issued}`;
  const request = { ...tokenRequest(account), ...changes.request };
  return [
    use(seconds, name, { ...changes, auditID, request }),
    issue(seconds, name, account, issued, { ...changes, auditID }),
  ];
}

/** An exec into shop/cart-1 by somebody. */
export function entry(seconds: number, who: string, command: string[], changes: Changes = {}): PodEntry {
  const actor = actorOf(who);
  const request = { verb: 'create', subresource: 'exec', name: 'cart-1', code: 101, longRunning: true };
  return {
    kind: 'entry',
    ...common(seconds, changes.from ?? ADMIN, actor.binding, {
      ...changes,
      request: { ...request, ...changes.request },
    }),
    actor,
    pod: { namespace: 'shop', name: 'cart-1' },
    command,
  };
}

/** A 401. */
export const denied = (seconds: number, from: string, changes: Changes = {}): DeniedRequest => ({
  kind: 'denied',
  ...common(seconds, from, {}, { ...changes, request: { code: 401, ...changes.request } }),
});

/** Pods that ask for their own things from their own addresses, so that the ways to the API server are known. */
export function ordinary(from: number, to: number, every = 5, names: PodName[] = ['cart-1', 'cart-2', 'pay', 'agent']) {
  const observations: Observation[] = [];
  for (let seconds = from; seconds < to; seconds += every) {
    for (const name of names) observations.push(use(seconds, name));
  }
  return observations;
}
