/**
 * One audit event to the observations in it. Every string that leaves here is bounded and, when the line could hold a
 * token, scrubbed; what the client could choose stays apart from what the API server saw.
 */
import { hash } from 'node:crypto';
import { AuditEvent, TokenRequestBody } from '../schema/audit-event.ts';
import type {
  Actor,
  DeniedRequest,
  PodEntry,
  Request,
  RequestObservation,
  Source,
  TokenIssue,
  TokenUse,
} from '../schema/observation.ts';
import { type Micros, parseTime } from '../time.ts';
import { cut, readBinding, readCredential } from './credential.ts';
import { parsePrincipal, principalOf, type ServiceAccountName } from './principal.ts';
import { scrub } from './scrub.ts';
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

type Clean = (text: string) => string;
const asIs: Clean = (text) => text;
const scrubbed: Clean = (text) => scrub(text).text;

/** A raw line of the log (UTF-8, one JSON object). Never throws. */
export function normaliseAuditLine(line: string, options: NormaliseOptions): Normalised {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'not-json' };
  }
  // An escape can hide a token from a look at the raw line.
  const suspicious = line.includes('eyJ') || line.includes('\\u') || line.includes('%') || line.includes('oken=');
  return normaliseAuditEvent(json, options, suspicious && scrub(JSON.stringify(json)).scrubbed > 0);
}

/** An event that is parsed already. `leaks`: something in it looks like a token, so every string has to be scrubbed. */
export function normaliseAuditEvent(json: unknown, options: NormaliseOptions, leaks: boolean): Normalised {
  const parsed = AuditEvent.safeParse(json);
  if (!parsed.success) return { ok: false, reason: 'not-an-event' };
  const event = parsed.data;
  const time = parseTime(event.requestReceivedTimestamp);
  const seen = parseTime(event.stageTimestamp);
  if (time === undefined || seen === undefined || time < 0 || seen < 0) return { ok: false, reason: 'bad-time' };
  const observations = isStage(event.stage) ? observe(event, time, seen, options, leaks ? scrubbed : asIs) : [];
  return { ok: true, observations, seen, leaks };
}

type Stage = TokenUse['stage'];
const isStage = (stage: string): stage is Stage =>
  stage === 'ResponseComplete' || stage === 'ResponseStarted' || stage === 'Panic';

function observe(
  event: AuditEvent,
  time: Micros,
  seen: Micros,
  options: NormaliseOptions,
  clean: Clean,
): RequestObservation[] {
  const username = event.user.username ?? '';
  const account = parsePrincipal(username);
  const kinds = kindsOf(event, username, account);
  if (kinds.length === 0) return [];

  const source = readSource(event.sourceIPs ?? [], options.isTrustedProxy);
  if (clean !== asIs) source.claimed = source.claimed.map(clean);
  const request = readRequest(event, clean);
  const common = (kind: string): Common => ({
    id: observationId(kind, event, username),
    time,
    timeText: cut(event.requestReceivedTimestamp, 40),
    seen,
    auditID: cut(clean(event.auditID), 256),
    stage: event.stage as Stage,
    source,
    request,
  });

  return kinds.map((kind): RequestObservation => {
    switch (kind) {
      case 'use':
        return readUse(event, common(kind), username, account as ServiceAccountName, clean);
      case 'issue':
        return readIssue(event, common(kind), readActor(event, username, account, clean), clean);
      case 'entry':
        return readEntry(event, common(kind), readActor(event, username, account, clean), clean);
      case 'denied':
        return { kind, ...common(kind) };
    }
  });
}

function kindsOf(event: AuditEvent, username: string, account: ServiceAccountName | undefined) {
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
  username: string,
  account: ServiceAccountName,
  clean: Clean,
): TokenUse {
  const binding = readBinding(event.user, account.namespace);
  const use: TokenUse = {
    kind: 'use',
    ...common,
    principal: cut(username, 512),
    credential: readCredential(event, account, binding),
    binding,
  };
  const impersonated = event.impersonatedUser?.username;
  if (impersonated) use.impersonated = cut(clean(impersonated), 512);
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

function readIssue(event: AuditEvent, common: Common, actor: Actor, clean: Clean): TokenIssue {
  const ref = event.objectRef ?? {};
  const issue: TokenIssue = {
    kind: 'issue',
    ...common,
    actor,
    principal: cut(clean(principalOf(ref.namespace ?? '', ref.name ?? '')), 512),
  };
  const issued = event.annotations?.['authentication.kubernetes.io/issued-credential-id'];
  if (issued !== undefined) issue.issued = cut(issued, 256);
  const body = TokenRequestBody.safeParse(event.requestObject);
  if (body.success) {
    const { audiences, expirationSeconds, boundObjectRef } = body.data.spec;
    if (audiences) issue.audiences = audiences.slice(0, 16).map((audience) => cut(clean(audience), 512));
    if (typeof expirationSeconds === 'number') issue.expirationSeconds = expirationSeconds;
    if (boundObjectRef) {
      issue.boundTo = { kind: cut(boundObjectRef.kind, 64), name: cut(clean(boundObjectRef.name), 253) };
      if (boundObjectRef.uid !== undefined) issue.boundTo.uid = cut(boundObjectRef.uid, 64);
    }
  }
  return issue;
}

function readEntry(event: AuditEvent, common: Common, actor: Actor, clean: Clean): PodEntry {
  const query = new URLSearchParams(event.requestURI.slice(event.requestURI.indexOf('?') + 1));
  const hasQuery = event.requestURI.includes('?');
  const entry: PodEntry = {
    kind: 'entry',
    ...common,
    actor,
    pod: { namespace: cut(event.objectRef?.namespace ?? '', 253), name: cut(clean(event.objectRef?.name ?? ''), 253) },
    command: hasQuery
      ? query
          .getAll('command')
          .slice(0, 32)
          .map((word) => cut(scrubbed(word), 256))
      : [],
  };
  const container = hasQuery ? query.get('container') : null;
  if (container) entry.container = cut(clean(container), 253);
  return entry;
}

function readActor(event: AuditEvent, username: string, account: ServiceAccountName | undefined, clean: Clean): Actor {
  const binding = readBinding(event.user, account?.namespace);
  const actor: Actor = { username: cut(clean(username), 512), binding };
  if (account) {
    actor.principal = cut(username, 512);
    actor.credential = readCredential(event, account, binding);
  }
  const impersonated = event.impersonatedUser?.username;
  if (impersonated) actor.impersonated = cut(clean(impersonated), 512);
  return actor;
}

const LONG_RUNNING = new Set(['exec', 'attach', 'portforward', 'proxy']);

function readRequest(event: AuditEvent, clean: Clean): Request {
  const ref = event.objectRef;
  const request: Request = {
    verb: cut(clean(event.verb), 64),
    uri: cut(clean(event.requestURI), 1024),
    code: event.responseStatus?.code ?? 0,
    userAgent: cut(clean(event.userAgent ?? ''), 1024),
    longRunning:
      event.verb === 'watch' ||
      (ref?.subresource !== undefined && LONG_RUNNING.has(ref.subresource)) ||
      (ref?.subresource === 'log' && event.requestURI.includes('follow=')),
  };
  if (ref) {
    if (ref.apiGroup) request.apiGroup = cut(clean(ref.apiGroup), 253);
    if (ref.resource) request.resource = cut(clean(ref.resource), 253);
    if (ref.subresource) request.subresource = cut(clean(ref.subresource), 253);
    if (ref.namespace) request.namespace = cut(clean(ref.namespace), 253);
    if (ref.name) request.name = cut(clean(ref.name), 1024);
  }
  return request;
}

/**
 * The same for both stages of one request, different for different requests: the client chooses the Audit-ID, so the
 * time of receipt, who, what and from where count too.
 */
function observationId(kind: string, event: AuditEvent, username: string): string {
  const credential = event.user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '';
  return hash(
    'sha1',
    `${kind}\n${event.auditID}\n${event.requestReceivedTimestamp}\n${username}\n${credential}\n${event.requestURI}\n${(event.sourceIPs ?? []).join(',')}`,
    'hex',
  ).slice(0, 32);
}
