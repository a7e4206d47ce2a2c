/** An observation before the court: with how it was placed, and as the short evidence that an alert keeps. */
import type { Evidence } from '../schema/alert.ts';
import type { RequestObservation } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { describe } from './deeds.ts';

export interface Exhibit {
  observation: RequestObservation;
  placement: Placement | undefined;
}

export function toEvidence({ observation, placement }: Exhibit, rule: string): Evidence {
  const evidence: Evidence = {
    kind: observation.kind,
    id: observation.id,
    time: observation.timeText,
    auditID: observation.auditID,
    source: observation.source.address,
    what: whatOf(observation),
    rules: [rule],
  };
  if (observation.request.userAgent !== '') evidence.userAgent = observation.request.userAgent;
  if (observation.kind === 'use') {
    evidence.principal = observation.principal;
    evidence.credential = observation.credential.id;
  }
  if (observation.kind === 'issue') {
    evidence.principal = observation.principal;
    if (observation.issued !== undefined) evidence.credential = observation.issued;
  }
  if (placement) evidence.placement = placement.verdict === 'away' ? `away: ${placement.where}` : placement.verdict;
  return evidence;
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
