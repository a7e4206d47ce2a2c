/**
 * An observation as a row, and back. What is asked for, or repeats, has a column of its own (a repeated text costs next
 * to nothing in a column); what only some kinds have is in `detail`, as JSON.
 */
import type {
  Actor,
  Binding,
  FileObservation,
  Recorded,
  Request,
  RequestObservation,
} from '../../../shared/schema/observation.ts';
import type { Placement } from '../../../shared/schema/placement.ts';
import { formatTime } from '../../../shared/time.ts';

/** In the order of the table's columns. `id`: 32 hex digits, kept as 16 bytes. */
export const COLUMNS = {
  cluster: 'text',
  kind: 'text',
  id: 'id',
  time: 'integer',
  /** Only when it isn't what `formatTime` makes of `time`. */
  time_text: 'text',
  seen: 'integer',
  audit_id: 'text',
  stage: 'text',
  /** Who did it, or whose token is in the file. */
  principal: 'text',
  credential: 'text',
  credential_kind: 'text',
  /** Of a file: whose volume it is in, and where that is; what its token is bound to is in `detail`. */
  pod_namespace: 'text',
  pod_name: 'text',
  pod_uid: 'text',
  node_name: 'text',
  node_uid: 'text',
  source: 'text',
  claimed: 'text',
  claimed_total: 'integer',
  verb: 'text',
  api_group: 'text',
  resource: 'text',
  subresource: 'text',
  namespace: 'text',
  name: 'text',
  uri: 'text',
  code: 'integer',
  user_agent: 'text',
  long_running: 'boolean',
  impersonated: 'text',
  stale_by: 'integer',
  invalidated: 'boolean',
  truncated: 'boolean',
  whereabouts: 'text',
  issued: 'text',
  detail: 'text',
  placement: 'text',
  placement_where: 'text',
  placement_reason: 'text',
  placement_confidence: 'text',
  placement_sentence: 'text',
  /** For whom a TokenRequest asked. */
  subject: 'text',
} as const satisfies Record<string, 'text' | 'integer' | 'boolean' | 'id'>;

export type Column = keyof typeof COLUMNS;
type ValueOf = { text: string; id: string; integer: number; boolean: boolean };
export type Row = { [C in Column]?: ValueOf[(typeof COLUMNS)[C]] | undefined };

export interface PlacedObservation {
  cluster: string;
  observation: Recorded;
  placement: Placement | undefined;
}

/** Every row begins as a copy of this, so that all have one shape: that makes them fast to write. */
const BLANK: Row = Object.fromEntries(Object.keys(COLUMNS).map((column) => [column, undefined]));

export function toRow({ cluster, observation, placement }: PlacedObservation): Row {
  const { kind, id, time, timeText, seen } = observation;
  const row = { ...BLANK };
  row.cluster = cluster;
  row.kind = kind;
  row.id = id;
  row.time = time;
  row.time_text = timeText === formatTime(time) ? undefined : timeText;
  row.seen = seen;
  row.detail = detailOf(observation);
  for (const columns of particulars(observation)) Object.assign(row, columns);
  if (placement) Object.assign(row, placementColumns(placement));
  return row;
}

export function placementColumns(placement: Placement) {
  return {
    placement: placement.verdict,
    placement_where: placement.verdict === 'away' ? placement.where : undefined,
    placement_reason: placement.reason,
    placement_confidence: placement.confidence,
    placement_sentence: placement.sentence,
  } satisfies Row;
}

/** Equal JSON is read once and shared: a pod's whereabouts are the same for all its uses. */
export function fromRows(rows: readonly Row[]): PlacedObservation[] {
  const seen = new Map<string, unknown>();
  const json: Json = (text) => {
    if (text === undefined) return undefined;
    const known = seen.get(text);
    if (known !== undefined) return known;
    const value: unknown = JSON.parse(text);
    seen.set(text, value);
    return value;
  };
  return rows.map((row) => ({
    cluster: row.cluster as string,
    observation: observationOf(row, json),
    placement: placementOf(row),
  }));
}

/** Only for what this file wrote itself. */
type Json = (text: string | undefined) => unknown;

function particulars(o: Recorded): Row[] {
  switch (o.kind) {
    case 'use': {
      const { staleBy: stale_by, invalidated, truncated } = o;
      return [requestColumns(o), actorColumns(o), { stale_by, invalidated, truncated }];
    }
    case 'issue':
      return [requestColumns(o), actorColumns(o.actor), { issued: o.issued, subject: o.principal }];
    case 'entry':
      return [requestColumns(o), actorColumns(o.actor)];
    case 'denied':
      return [requestColumns(o)];
    case 'read':
    case 'file':
      return [fileColumns(o)];
    case 'status':
      return [{ node_name: o.node }];
  }
}

const COMMON = ['kind', 'id', 'time', 'timeText', 'seen'];
const OF_REQUEST = [...COMMON, 'auditID', 'stage', 'source', 'request', 'whereabouts'];
const OF_USE = ['principal', 'credential', 'binding', 'impersonated', 'staleBy', 'invalidated', 'truncated'];
const OF_FILE = ['principal', 'credential', 'node'];
const HAVE_COLUMNS: Readonly<Record<Recorded['kind'], ReadonlySet<string>>> = {
  use: new Set([...OF_REQUEST, ...OF_USE]),
  issue: new Set([...OF_REQUEST, 'issued', 'principal']),
  entry: new Set(OF_REQUEST),
  denied: new Set(OF_REQUEST),
  read: new Set([...COMMON, ...OF_FILE]),
  file: new Set([...COMMON, ...OF_FILE]),
  status: new Set([...COMMON, 'node']),
};

/** Whatever has no column: a field that is new in the schema is kept without a migration. */
function detailOf(observation: Recorded): string | undefined {
  const columns = HAVE_COLUMNS[observation.kind];
  const rest = Object.entries(observation).filter(([field]) => !columns.has(field));
  if (rest.length === 0) return undefined;
  const json = JSON.stringify(Object.fromEntries(rest));
  return HALF_SURROGATE.test(json) ? JSON.stringify(Object.fromEntries(rest), wellFormed) : json;
}

/** As JSON spells it. DuckDB, asked for something in it, would take the whole of it for no JSON. */
const HALF_SURROGATE = /\\ud[89a-f]/;
const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value).toString() : value;

function requestColumns(o: Pick<RequestObservation, 'auditID' | 'stage' | 'source' | 'request' | 'whereabouts'>): Row {
  const { request, source } = o;
  return {
    audit_id: o.auditID,
    stage: o.stage,
    source: source.address ?? undefined,
    claimed: source.claimed.length === 0 ? undefined : JSON.stringify(source.claimed),
    claimed_total: source.claimedTotal,
    verb: request.verb,
    api_group: request.apiGroup,
    resource: request.resource,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    uri: request.uri,
    code: request.code,
    user_agent: request.userAgent,
    long_running: request.longRunning,
    whereabouts: o.whereabouts && JSON.stringify(o.whereabouts),
  };
}

function actorColumns(actor: Pick<Actor, 'principal' | 'credential' | 'binding' | 'impersonated'>): Row {
  const { pod, node } = actor.binding;
  return {
    principal: actor.principal,
    credential: actor.credential?.id,
    credential_kind: actor.credential?.kind,
    pod_namespace: pod?.namespace,
    pod_name: pod?.name,
    pod_uid: pod?.uid,
    node_name: node?.name,
    node_uid: node?.uid,
    impersonated: actor.impersonated,
  };
}

function fileColumns({ principal, credential, node, file: { pod } }: FileObservation): Row {
  return {
    principal,
    credential: credential?.id,
    credential_kind: credential?.kind,
    pod_namespace: pod.namespace,
    pod_name: pod.name,
    pod_uid: pod.uid,
    node_name: node,
  };
}

function observationOf(row: Row, json: Json): Recorded {
  const { kind, id, time, seen } = row;
  const common = {
    kind,
    id,
    time,
    timeText: row.time_text ?? formatTime(time ?? 0),
    seen,
    ...(json(row.detail) as object | undefined),
  };
  switch (kind as Recorded['kind']) {
    case 'use':
      return present<Recorded>({
        ...common,
        ...requestOf(row, json),
        principal: row.principal,
        credential: { id: row.credential, kind: row.credential_kind },
        binding: bindingOf(row),
        impersonated: row.impersonated,
        staleBy: row.stale_by,
        invalidated: row.invalidated,
        truncated: row.truncated,
      });
    case 'issue':
      return present<Recorded>({ ...common, ...requestOf(row, json), issued: row.issued, principal: row.subject });
    case 'entry':
    case 'denied':
      return present<Recorded>({ ...common, ...requestOf(row, json) });
    case 'read':
    case 'file':
      return present<Recorded>({
        ...common,
        principal: row.principal,
        credential: row.credential === undefined ? undefined : { id: row.credential, kind: row.credential_kind },
        node: row.node_name,
      });
    case 'status':
      return present<Recorded>({ ...common, node: row.node_name });
  }
}

function requestOf(row: Row, json: Json) {
  return {
    auditID: row.audit_id,
    stage: row.stage,
    source: {
      address: row.source ?? null,
      claimed: json(row.claimed) ?? [],
      claimedTotal: row.claimed_total,
    },
    request: present<Request>({
      verb: row.verb,
      apiGroup: row.api_group,
      resource: row.resource,
      subresource: row.subresource,
      namespace: row.namespace,
      name: row.name,
      uri: row.uri,
      code: row.code,
      userAgent: row.user_agent,
      longRunning: row.long_running,
    }),
    whereabouts: json(row.whereabouts),
  };
}

function bindingOf(row: Row): Binding {
  const { pod_uid: uid, pod_namespace: namespace, pod_name: name, node_name: node } = row;
  return present<Binding>({
    pod: uid === undefined ? undefined : { namespace, name, uid },
    node: node === undefined ? undefined : present({ name: node, uid: row.node_uid }),
  });
}

function placementOf(row: Row): Placement | undefined {
  if (row.placement === undefined) return undefined;
  return present<Placement>({
    verdict: row.placement,
    where: row.placement_where,
    reason: row.placement_reason,
    confidence: row.placement_confidence,
    sentence: row.placement_sentence,
  });
}

/** An object without what is undefined, as the type that its columns came from. */
function present<T>(loose: { [K in string]: unknown }): T {
  const kept: Record<string, unknown> = {};
  for (const name in loose) if (loose[name] !== undefined) kept[name] = loose[name];
  return kept as T;
}
