/**
 * One audit event to the observations in it. Every string that leaves here is bounded and, when the line could hold a
 * token, scrubbed; what the client could choose stays apart from what the API server saw.
 */
import { hash } from 'node:crypto';
import { AuditEvent, TokenRequestBody } from '../schema/audit-event.ts';
import type {
  Actor,
  Binding,
  PodEntry,
  Request,
  RequestObservation,
  Source,
  TokenIssue,
  TokenUse,
} from '../schema/observation.ts';
import { type Micros, parseTime } from '../time.ts';
import { readBinding, readCredential } from './credential.ts';
import { parsePrincipal, principalOf, type ServiceAccountName } from './principal.ts';
import { QuickParser } from './quick-parse.ts';
import { clean, hasMark, scrub } from './scrub.ts';
import { type IsTrustedProxy, readSource } from './source.ts';

export interface NormaliseOptions {
  isTrustedProxy: IsTrustedProxy;
}

/** Why a line was set aside: a closed list, so that it can be a metric's label. */
export type RejectReason = 'not-json' | 'not-an-event' | 'bad-time';

export type Normalised =
  | {
      ok: true;
      observations: RequestObservation[];
      /** Times of the event, also when nothing of it was kept: the log's clock. */
      seen: Micros;
      /** The line holds something that looks like a token: the audit policy logs too much. */
      leaks: boolean;
    }
  | { ok: false; reason: RejectReason };

/** Reads lines of one log. */
export class AuditNormaliser {
  readonly #quick = new QuickParser();
  readonly #sourceOf: SourceOf;

  constructor({ isTrustedProxy }: NormaliseOptions) {
    const known = new WeakMap<readonly string[], Source>();
    this.#sourceOf = (sourceIPs) => {
      const before = known.get(sourceIPs);
      if (before) return before;
      const source = readSource(sourceIPs, isTrustedProxy);
      known.set(sourceIPs, source);
      return source;
    };
  }

  /** A raw line (UTF-8, one JSON object). Never throws. */
  line(line: string): Normalised {
    const leaks = mayLeak(line);
    if (!leaks) {
      const event = this.#quick.parse(line);
      if (event) return normaliseEvent(event, this.#sourceOf, false);
    }
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      return { ok: false, reason: 'not-json' };
    }
    const parsed = AuditEvent.safeParse(json);
    if (!parsed.success) return { ok: false, reason: 'not-an-event' };
    return normaliseEvent(parsed.data, this.#sourceOf, leaks && scrub(line).scrubbed > 0);
  }
}

/** A token in clear, in base64 once more, or spelled with escapes (other than Go's own for `&`, `<` and `>`). */
const mayLeak = (line: string): boolean => hasMark(line) || (line.includes('\\u00') && UNUSUAL_ESCAPE.test(line));
const UNUSUAL_ESCAPE = /\\u00(?!26|3[ce])/i;

/** Where a request came from, read once for all lines that share the list. */
type SourceOf = (sourceIPs: readonly string[]) => Source;

const NOWHERE: readonly string[] = [];

function normaliseEvent(event: AuditEvent, sourceOf: SourceOf, leaks: boolean): Normalised {
  const time = parseTime(event.requestReceivedTimestamp);
  const seen = parseTime(event.stageTimestamp);
  if (!isTime(time) || !isTime(seen)) return { ok: false, reason: 'bad-time' };
  const observations = isStage(event.stage) ? observe(event, time, seen, sourceOf) : [];
  return { ok: true, observations, seen, leaks };
}

/** From 1970 on, and while microseconds are exact. */
const isTime = (time: Micros | undefined): time is Micros =>
  time !== undefined && time >= 0 && time <= Number.MAX_SAFE_INTEGER;

type Stage = TokenUse['stage'];
const isStage = (stage: string): stage is Stage =>
  stage === 'ResponseComplete' || stage === 'ResponseStarted' || stage === 'Panic';

function observe(event: AuditEvent, time: Micros, seen: Micros, sourceOf: SourceOf): RequestObservation[] {
  const who = whoIs(event.user);
  const kinds = kindsOf(event, who);
  if (kinds.length === 0) return [];

  const source = sourceOf(event.sourceIPs ?? NOWHERE);
  const request = readRequest(event);
  const common = (kind: string): Common => ({
    id: observationId(kind, event),
    time,
    // Parsed as a time, so it holds nothing else.
    timeText: event.requestReceivedTimestamp,
    seen,
    auditID: clean(event.auditID, 256),
    stage: event.stage as Stage,
    source,
    request,
  });

  return kinds.map((kind): RequestObservation => {
    switch (kind) {
      case 'use':
        return readUse(event, common(kind), who, who.account as ServiceAccountName);
      case 'issue':
        return readIssue(event, common(kind), readActor(event, who));
      case 'entry':
        return readEntry(event, common(kind), readActor(event, who));
      case 'denied':
        return { kind, ...common(kind) };
    }
  });
}

/** What an event's `user` says, read once for every line that shares it. */
interface Who {
  /** As it is; not yet scrubbed. */
  username: string;
  principal: string;
  account: ServiceAccountName | undefined;
  binding: Binding;
}

const known = new WeakMap<AuditEvent['user'], Who>();

function whoIs(user: AuditEvent['user']): Who {
  const before = known.get(user);
  if (before) return before;
  const username = user.username ?? '';
  const account = parsePrincipal(username);
  const who = { username, principal: clean(username, 512), account, binding: readBinding(user, account?.namespace) };
  known.set(user, who);
  return who;
}

function kindsOf(event: AuditEvent, { username, account }: Who) {
  const kinds: ('use' | 'issue' | 'entry' | 'denied')[] = [];
  const ref = event.objectRef;
  if (account) kinds.push('use');
  else if (username === '' && event.responseStatus?.code === 401) kinds.push('denied');
  if (ref?.resource === 'serviceaccounts' && ref.subresource === 'token' && event.verb === 'create' && ref.name) {
    if (username !== '') kinds.push('issue');
  }
  if (ref?.resource === 'pods' && ref.name && username !== '' && isEntry(ref.subresource, event.verb))
    kinds.push('entry');
  return kinds;
}

const isEntry = (subresource: string | undefined, verb: string): boolean =>
  subresource === 'exec' ||
  subresource === 'attach' ||
  (subresource === 'ephemeralcontainers' && (verb === 'update' || verb === 'patch'));

interface Common {
  id: string;
  time: Micros;
  timeText: string;
  seen: Micros;
  auditID: string;
  stage: Stage;
  source: Source;
  request: Request;
}

function readUse(
  event: AuditEvent,
  common: Common,
  { principal, binding }: Who,
  account: ServiceAccountName,
): TokenUse {
  const use: TokenUse = {
    kind: 'use',
    ...common,
    principal,
    credential: readCredential(event, account, binding),
    binding,
  };
  const impersonated = event.impersonatedUser?.username;
  if (impersonated) use.impersonated = clean(impersonated, 512);
  const { annotations } = event;
  if (annotations) {
    const stale = annotations['authentication.k8s.io/stale-token'];
    if (stale !== undefined) use.staleBy = readStale(stale);
    if (annotations['authentication.k8s.io/legacy-token-invalidated'] !== undefined) use.invalidated = true;
    if (annotations['audit.k8s.io/truncated'] === 'true') use.truncated = true;
  }
  return use;
}

/** "subject: ..., seconds after warning threshold: N" */
function readStale(annotation: string): number {
  const seconds = Number(/threshold: (\d{1,12})/.exec(annotation)?.[1] ?? 0);
  return Number.isSafeInteger(seconds) ? seconds : 0;
}

function readIssue(event: AuditEvent, common: Common, actor: Actor): TokenIssue {
  const ref = event.objectRef ?? {};
  const issue: TokenIssue = {
    kind: 'issue',
    ...common,
    actor,
    principal: clean(principalOf(ref.namespace ?? '', ref.name ?? ''), 512),
  };
  const issued = event.annotations?.['authentication.kubernetes.io/issued-credential-id'];
  if (issued !== undefined) issue.issued = clean(issued, 256);
  const body = TokenRequestBody.safeParse(event.requestObject);
  if (body.success) {
    const { audiences, expirationSeconds, boundObjectRef } = body.data.spec;
    if (audiences) issue.audiences = audiences.slice(0, 16).map((audience) => clean(audience, 512));
    if (typeof expirationSeconds === 'number') issue.expirationSeconds = expirationSeconds;
    if (boundObjectRef) {
      issue.boundTo = { kind: clean(boundObjectRef.kind, 64), name: clean(boundObjectRef.name, 253) };
      if (boundObjectRef.uid !== undefined) issue.boundTo.uid = clean(boundObjectRef.uid, 64);
    }
  }
  return issue;
}

function readEntry(event: AuditEvent, common: Common, actor: Actor): PodEntry {
  const query = new URLSearchParams(event.requestURI.slice(event.requestURI.indexOf('?') + 1));
  const hasQuery = event.requestURI.includes('?');
  const entry: PodEntry = {
    kind: 'entry',
    ...common,
    actor,
    pod: { namespace: clean(event.objectRef?.namespace ?? '', 253), name: clean(event.objectRef?.name ?? '', 253) },
    command: hasQuery
      ? query
          .getAll('command')
          .slice(0, 32)
          .map((word) => clean(word, 256))
      : [],
  };
  const container = hasQuery ? query.get('container') : null;
  if (container) entry.container = clean(container, 253);
  return entry;
}

function readActor(event: AuditEvent, { principal, account, binding }: Who): Actor {
  const actor: Actor = { username: principal, binding };
  if (account) {
    actor.principal = principal;
    actor.credential = readCredential(event, account, binding);
  }
  const impersonated = event.impersonatedUser?.username;
  if (impersonated) actor.impersonated = clean(impersonated, 512);
  return actor;
}

const VERBS = new Set(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']);
const LONG_RUNNING = new Set(['exec', 'attach', 'portforward', 'proxy']);

function readRequest(event: AuditEvent): Request {
  const ref = event.objectRef;
  const request: Request = {
    verb: VERBS.has(event.verb) ? event.verb : clean(event.verb, 64),
    uri: clean(event.requestURI, 1024),
    code: event.responseStatus?.code ?? 0,
    userAgent: clean(event.userAgent ?? '', 1024),
    longRunning:
      event.verb === 'watch' ||
      (ref?.subresource !== undefined && LONG_RUNNING.has(ref.subresource)) ||
      (ref?.subresource === 'log' && event.requestURI.includes('follow=')),
  };
  return ref ? Object.assign(request, readObject(ref)) : request;
}

type ObjectRef = NonNullable<AuditEvent['objectRef']>;
type RequestObject = Pick<Request, 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name'>;
const knownObjects = new WeakMap<ObjectRef, RequestObject>();

/** What a request is about, read once for every line that shares it. */
function readObject(ref: ObjectRef): RequestObject {
  const before = knownObjects.get(ref);
  if (before) return before;
  const object: RequestObject = {};
  if (ref.apiGroup) object.apiGroup = clean(ref.apiGroup, 253);
  if (ref.resource) object.resource = clean(ref.resource, 253);
  if (ref.subresource) object.subresource = clean(ref.subresource, 253);
  if (ref.namespace) object.namespace = clean(ref.namespace, 253);
  if (ref.name) object.name = clean(ref.name, 1024);
  knownObjects.set(ref, object);
  return object;
}

/**
 * The same for both stages of one request, different for different requests: the client chooses the Audit-ID, so the
 * time of receipt, who, what and from where count too.
 */
function observationId(kind: string, event: AuditEvent): string {
  const username = event.user.username ?? '';
  const credential = event.user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '';
  return hash(
    'sha1',
    `${kind}\n${event.auditID}\n${event.requestReceivedTimestamp}\n${username}\n${credential}\n${event.verb}\n${event.requestURI}\n${(event.sourceIPs ?? []).join(',')}`,
    'hex',
  ).slice(0, 32);
}
