/** An observation before the court: with how it was placed, and as the short evidence that an alert keeps. */
import type { Evidence } from '../schema/alert.ts';
import type { FileObservation, RequestObservation } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { describe, resourceOf } from './deeds.ts';
import { deedOfRead, readerOf } from './reads/words.ts';

/** What an alert can rest on. */
export type Witnessed = RequestObservation | FileObservation;

export interface Exhibit {
  observation: Witnessed;
  placement: Placement | undefined;
}

export function toEvidence({ observation, placement }: Exhibit, rule: string): Evidence {
  if (observation.kind === 'read' || observation.kind === 'file') return ofFile(observation, rule);
  const evidence: Evidence = {
    kind: observation.kind,
    id: observation.id,
    time: observation.timeText,
    auditID: observation.auditID,
    source: observation.source.address,
    what: whatOf(observation),
    request: toRequest(observation),
    rules: [rule],
  };
  if (observation.request.userAgent !== '') evidence.userAgent = observation.request.userAgent;
  if (observation.kind === 'use') {
    evidence.principal = observation.principal;
    evidence.credential = observation.credential.id;
  }
  if (observation.kind === 'issue' || observation.kind === 'entry') evidence.by = observation.actor.username;
  if (observation.kind === 'issue') {
    evidence.principal = observation.principal;
    if (observation.issued !== undefined) evidence.credential = observation.issued;
  }
  if (observation.kind === 'entry') {
    evidence.pod = observation.pod;
    if (observation.container !== undefined) evidence.container = { name: observation.container };
  }
  if (placement) evidence.placement = placement.verdict === 'away' ? `away: ${placement.where}` : placement.verdict;
  return evidence;
}

function toRequest({ request }: RequestObservation): Evidence['request'] {
  const { verb, namespace, name, code } = request;
  return {
    verb,
    resource: resourceOf(request),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    code,
  };
}

function ofFile(observation: FileObservation, rule: string): Evidence {
  const { kind, id, timeText, principal, credential } = observation;
  const evidence: Evidence = { kind, id, time: timeText, what: '', path: observation.file.path, rules: [rule] };
  evidence.node = observation.node;
  if (principal !== undefined) evidence.principal = principal;
  if (credential) evidence.credential = credential.id;
  if (observation.kind === 'file') {
    return { ...evidence, what: `${observation.file.path} on ${observation.node}: ${observation.event}` };
  }
  if (observation.outcome === 'denied') evidence.denied = true;
  const { opener } = observation;
  if (opener) {
    evidence.pid = opener.pid;
    evidence.actor = `${observation.node} ${opener.actor}`;
    evidence.process = { name: opener.comm, ...(opener.exe !== undefined && { path: opener.exe }) };
    if (opener.pod) evidence.pod = opener.pod;
    if (opener.container) evidence.container = opener.container;
  }
  return { ...evidence, reader: readerOf(observation), what: deedOfRead(observation) };
}

function whatOf(observation: RequestObservation): string {
  switch (observation.kind) {
    case 'use':
    case 'denied':
      return describe(observation.request);
    case 'issue': {
      const outcome =
        observation.issued === undefined ? `was refused (${observation.request.code})` : `got ${observation.issued}`;
      return `${observation.actor.username} asked for a token of ${observation.principal} and ${outcome}`;
    }
    case 'entry': {
      const pod = `${observation.pod.namespace}/${observation.pod.name}`;
      const command = observation.command.join(' ');
      return command === ''
        ? `${observation.actor.username} entered ${pod} by ${observation.request.subresource ?? 'exec'}`
        : `${observation.actor.username} ran in ${pod}: ${command}`;
    }
  }
}
