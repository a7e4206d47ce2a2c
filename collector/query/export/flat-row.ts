/** What happened as one flat row, for tables: columns are only ever added, at the end. */

import { resourceOf } from '../../../shared/detection/deeds.ts';
import type { Actor, RequestObservation } from '../../../shared/schema/observation.ts';
import type { Micros } from '../../../shared/time.ts';
import type { HistoryItem } from '../../store/store.ts';

/** `time`: microseconds since 1970 UTC. */
export const FLAT_COLUMNS = {
  time: 'time',
  cluster: 'text',
  kind: 'text',
  id: 'text',
  /** Who did it, or whose token is in the file. */
  principal: 'text',
  credential: 'text',
  credentialKind: 'text',
  /** That the token is bound to, in whose volume the file is, or that was entered. */
  podNamespace: 'text',
  podName: 'text',
  podUid: 'text',
  node: 'text',
  source: 'text',
  userAgent: 'text',
  verb: 'text',
  resource: 'text',
  namespace: 'text',
  name: 'text',
  uri: 'text',
  code: 'number',
  auditID: 'text',
  impersonated: 'text',
  placement: 'text',
  where: 'text',
  placementReason: 'text',
  placementConfidence: 'text',
  /** Who it was, when that need not be a ServiceAccount. */
  username: 'text',
  /** For whom a token was asked, and which it is. */
  issuedTo: 'text',
  issued: 'text',
  command: 'text',
  file: 'text',
  fileEvent: 'text',
  access: 'text',
  outcome: 'text',
  relation: 'text',
  program: 'text',
  pid: 'number',
  repeats: 'number',
  expiresAt: 'time',
} as const satisfies Record<string, 'text' | 'number' | 'time'>;

export type FlatColumn = keyof typeof FLAT_COLUMNS;
type ValueOf = { text: string; number: number; time: Micros };
export type FlatRow = { [Name in FlatColumn]?: ValueOf[(typeof FLAT_COLUMNS)[Name]] | undefined };

/** Every row begins as a copy of this, so that all have one shape: that makes them fast. */
const BLANK: FlatRow = Object.fromEntries(Object.keys(FLAT_COLUMNS).map((name) => [name, undefined]));

export function flatRow(item: HistoryItem): FlatRow {
  return Object.assign({ ...BLANK }, ...parts(item)) as FlatRow;
}

function parts(item: HistoryItem): FlatRow[] {
  if ('use' in item) return [common(item, item.use), ofRequest(item.use), ofActor(item.use)];
  if ('issue' in item) {
    const { issue } = item;
    const asked = { issuedTo: issue.principal, issued: issue.issued, username: issue.actor.username };
    return [common(item, issue), ofRequest(issue), ofActor(issue.actor), asked];
  }
  if ('entry' in item) {
    const { entry } = item;
    const entered = { podNamespace: entry.pod.namespace, podName: entry.pod.name, podUid: undefined };
    const how = { username: entry.actor.username, command: entry.command.join(' ') || undefined };
    return [common(item, entry), ofRequest(entry), ofActor(entry.actor), entered, how];
  }
  if ('denied' in item) return [common(item, item.denied), ofRequest(item.denied)];
  if ('read' in item) {
    const { opener, access, outcome, repeats } = item.read;
    const by = { relation: opener?.relation, program: opener?.exe ?? opener?.comm, pid: opener?.pid };
    return [common(item, item.read), ofFile(item.read), by, { access, outcome, repeats }];
  }
  const { event, expiresAt } = item.file;
  return [common(item, item.file), ofFile(item.file), { fileEvent: event, expiresAt }];
}

function common(item: HistoryItem, { kind, id, time }: { kind: string; id: string; time: Micros }): FlatRow {
  const placement = 'placement' in item ? item.placement : null;
  return {
    time,
    cluster: item.cluster,
    kind,
    id,
    placement: placement?.verdict,
    where: placement?.verdict === 'away' ? placement.where : undefined,
    placementReason: placement?.reason,
    placementConfidence: placement?.confidence,
  };
}

function ofRequest({ auditID, source, request }: RequestObservation): FlatRow {
  const { verb, namespace, name, uri, code, userAgent } = request;
  const resource = request.resource === undefined ? undefined : resourceOf(request);
  return { auditID, source: source.address ?? undefined, verb, resource, namespace, name, uri, code, userAgent };
}

function ofActor({ principal, credential, binding, impersonated }: Omit<Actor, 'username'>): FlatRow {
  const { pod, node } = binding;
  return {
    principal,
    credential: credential?.id,
    credentialKind: credential?.kind,
    podNamespace: pod?.namespace,
    podName: pod?.name,
    podUid: pod?.uid,
    node: node?.name,
    impersonated,
  };
}

type OfFile = Extract<HistoryItem, { file: unknown }>['file'] | Extract<HistoryItem, { read: unknown }>['read'];

function ofFile({ principal, credential, node, file: { path, pod } }: OfFile): FlatRow {
  return {
    principal,
    credential: credential?.id,
    credentialKind: credential?.kind,
    podNamespace: pod.namespace,
    podName: pod.name,
    podUid: pod.uid,
    node,
    file: path,
  };
}
