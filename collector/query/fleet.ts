/** The agents, and how each is: what it says about itself, how far its streams have come, what it can't see. */
import type { Clock, Micros } from '../../shared/time.ts';
import { VERSION } from '../../shared/version.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { AgentState } from '../store/fleet.ts';
import type { BlindSpot, Store, StreamState } from '../store/store.ts';
import { healthOf } from './agent-health.ts';
import { NoQuery } from './parameters.ts';
import { FleetAnswer } from './schemas/fleet.ts';

export function fleetRoute(store: Pick<Store, 'agents' | 'streams' | 'blindSpots'>, clock: Clock): RegisterRoutes {
  return endpoint({
    method: 'GET',
    url: '/api/v1/fleet',
    tag: 'Fleet',
    summary: 'List agents',
    description:
      'Every agent that was ever heard of and is not forgotten: its version, its parts, how far behind it is, what it cannot see, and its health in plain words.',
    query: NoQuery,
    answer: { schema: FleetAnswer },
    handle: async () => {
      const now = clock.now();
      const [agents, streams, blindSpots] = await Promise.all([store.agents(), store.streams(), store.blindSpots(now)]);
      return fleetOf({ agents, streams, blindSpots }, now);
    },
  });
}

interface Known {
  agents: readonly AgentState[];
  streams: readonly StreamState[];
  blindSpots: readonly BlindSpot[];
}

/** By cluster and name. */
export function fleetOf({ agents, streams, blindSpots }: Known, now: Micros): FleetAnswer {
  const said = new Map(agents.map((one) => [keyOf(one), one]));
  const streamsOf = grouped(streams, keyOf);
  const spotsOf = grouped(blindSpots, ({ cluster, node }) => keyOf({ cluster, agent: node ?? '' }));
  const names = new Map(
    [...agents, ...streams].map(({ cluster, agent }) => [keyOf({ cluster, agent }), { cluster, agent }]),
  );
  return {
    time: now,
    version: VERSION,
    agents: [...names]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, name]) => agentOf(name, said.get(key), streamsOf.get(key) ?? [], spotsOf.get(key) ?? [], now)),
    blindSpots: [...spotsOf].flatMap(([key, spots]) => (names.has(key) ? [] : spots)),
  };
}

function agentOf(
  { cluster, agent }: Pick<AgentState, 'cluster' | 'agent'>,
  said: AgentState | undefined,
  streams: readonly StreamState[],
  blindSpots: BlindSpot[],
  now: Micros,
): FleetAnswer['agents'][number] {
  const { heartbeat, heardAt } = said ?? {};
  const heard = [...streams.map((stream) => stream.lastSeen), heardAt ?? 0];
  const lastSeen = Math.max(...heard);
  const newest = streams.flatMap((stream) => stream.newest ?? []);
  const sum = (of: 'accepted' | 'rejected' | 'missing') => streams.reduce((total, stream) => total + stream[of], 0);
  return {
    cluster,
    agent,
    ...healthOf({ lastSeen, said, blindSpots }, now),
    version: heartbeat?.version ?? null,
    startedAt: heartbeat?.startedAt ?? null,
    firstSeen: Math.min(...streams.map((stream) => stream.firstSeen), heardAt ?? Number.POSITIVE_INFINITY),
    lastSeen,
    newest: newest.length === 0 ? null : Math.max(...newest),
    lag: heartbeat?.lag ?? null,
    waiting: heartbeat?.waiting ?? null,
    parts: heartbeat?.parts ?? [],
    accepted: sum('accepted'),
    rejected: sum('rejected'),
    missing: sum('missing'),
    blindSpots,
  };
}

const keyOf = ({ cluster, agent }: Pick<AgentState, 'cluster' | 'agent'>): string => `${cluster}\n${agent}`;

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
