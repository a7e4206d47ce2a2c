/**
 * Which streams are known is bounded: nodes come and go, and whoever writes as an agent can invent more. For a new one the one
 * that was silent longest is forgotten, first of the same agent's. Should it speak again, what it brings is still known by its
 * id; only how much of it never came is then not to be told.
 */
import type { Fresh, StreamState } from './store.ts';

/** An agent begins another only when it has lost its state. */
const MOST_OF_AGENT = 8;

/**
 * @param coming what is about to be stored
 * @param max of all that are known
 * @returns those that have to go for it
 */
export function streamsToForget(
  known: ReadonlyMap<string, StreamState>,
  coming: readonly Pick<Fresh, 'cluster' | 'agent' | 'stream'>[],
  max: number,
): string[] {
  const added = coming.filter(({ stream }) => !known.has(stream));
  if (added.length === 0) return [];
  const speaking = new Set(coming.map(({ stream }) => stream));
  const silent = [...known.values()]
    .filter(({ stream }) => !speaking.has(stream))
    .toSorted((a, b) => b.lastSeen - a.lastSeen);
  const counts = new Map<string, number>();
  const count = (of: Pick<Fresh, 'cluster' | 'agent'>): number => {
    const agent = `${of.cluster}\n${of.agent}`;
    const next = (counts.get(agent) ?? 0) + 1;
    counts.set(agent, next);
    return next;
  };
  for (const one of coming) count(one);
  let room = max - speaking.size;
  const asked = new Set(added.map(({ cluster, agent }) => `${cluster}\n${agent}`));
  return silent
    .filter((one) => {
      const isAsked = asked.has(`${one.cluster}\n${one.agent}`);
      if (isAsked && count(one) > MOST_OF_AGENT) return true;
      room -= 1;
      return room < 0;
    })
    .map(({ stream }) => stream);
}
