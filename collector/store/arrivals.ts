/** What of what comes in is new, and how far its stream has come by it. */
import type { Observation } from '../../shared/schema/observation.ts';
import type { Micros } from '../../shared/time.ts';
import type { Arrival, Fresh, StreamState } from './store.ts';

/** What is left of an arrival without what is known; what is left is known from then on. */
export function leftOf({ cluster, agent, stream, records }: Arrival, follows: number, known: Set<string>): Fresh {
  const observations: Observation[] = [];
  let rejected = 0;
  let numbers = 0;
  let position = follows;
  for (const { position: number, observation } of records) {
    const isAgain = number < position;
    if (!isAgain) {
      numbers += 1;
      position = number + 1;
    }
    if (observation === null) {
      if (!isAgain) rejected += 1;
    } else if (observation.kind === 'heartbeat') {
      // Not in the history, so known by its number alone.
      if (!isAgain) observations.push(observation);
    } else if (!known.has(observation.id)) {
      known.add(observation.id);
      observations.push(observation);
    }
  }
  const duplicates = records.length - observations.length - rejected;
  return {
    cluster,
    agent,
    stream,
    follows,
    position,
    observations,
    rejected,
    duplicates,
    missing: position - follows - numbers,
  };
}

export function advanced(before: StreamState | undefined, fresh: Fresh, at: Micros): StreamState {
  const recorded = fresh.observations.filter(({ kind }) => kind !== 'heartbeat');
  const times = recorded.map(({ time }) => time);
  return {
    stream: fresh.stream,
    cluster: fresh.cluster,
    agent: fresh.agent,
    position: fresh.position,
    accepted: (before?.accepted ?? 0) + recorded.length,
    rejected: (before?.rejected ?? 0) + fresh.rejected,
    missing: (before?.missing ?? 0) + fresh.missing,
    firstSeen: before?.firstSeen ?? at,
    lastSeen: at,
    newest: times.reduce<number | null>((most, time) => Math.max(most ?? 0, time), before?.newest ?? null),
  };
}
