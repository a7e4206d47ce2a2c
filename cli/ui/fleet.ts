/** The agents, and what can't be seen, for people. */
import { z } from 'zod';
import { AgentHealth } from '../../collector/query/schemas/fleet.ts';
import { formatTime, MINUTE, type Micros, SECOND } from '../../shared/time.ts';
import { whenText } from './alert-cells.ts';
import { createProse } from './prose.ts';
import type { Paint, Style } from './style.ts';
import { type Column, renderTable } from './table.ts';

const Blind = z.looseObject({
  cluster: z.string(),
  node: z.string().nullable(),
  source: z.string(),
  status: z.string(),
  detail: z.string(),
  time: z.number(),
});
type Blind = z.infer<typeof Blind>;

const Agent = z.looseObject({
  cluster: z.string(),
  agent: z.string(),
  health: z.string(),
  because: z.string().nullable(),
  version: z.string().nullable(),
  lastSeen: z.number(),
  lag: z.number().nullable(),
  waiting: z.looseObject({ records: z.number() }).nullable(),
  missing: z.number(),
  blindSpots: z.array(Blind),
});
type Agent = z.infer<typeof Agent>;

/** What is shown of a fleet. A newer collector may say more. */
export const ShownFleet = z.looseObject({
  time: z.number(),
  version: z.string(),
  agents: z.array(Agent),
  blindSpots: z.array(Blind),
});
export type ShownFleet = z.infer<typeof ShownFleet>;

/** Least to most: the position is the rank. */
export const HEALTHS: readonly string[] = AgentHealth.options;

/** What an earlier version does not know of is worse than all that it knows. */
export const healthRank = (health: string): number =>
  HEALTHS.includes(health) ? HEALTHS.indexOf(health) : HEALTHS.length;

/** The worst first. */
export function renderFleet(fleet: ShownFleet, style: Style, width: number | undefined): string[] {
  const { flow } = createProse(style, width ?? 100);
  const agents = fleet.agents.toSorted((a, b) => healthRank(b.health) - healthRank(a.health));
  const blind = [...agents.flatMap(({ blindSpots }) => blindSpots), ...fleet.blindSpots];
  return [
    ...(agents.length === 0 ? ['no agents'] : renderTable(columns(fleet, style), agents, width)),
    ...(blind.length === 0 ? [] : ['', style.bold('What can not be seen')]),
    ...blind.flatMap((spot) => flow(blindText(spot), '    ', '  ')),
  ];
}

function columns({ time, version }: ShownFleet, style: Style): Column<Agent>[] {
  return [
    { heading: 'HEALTH', cell: ({ health }) => health, paint: ({ health }) => toneOf(health, style) },
    { heading: 'AGENT', cell: ({ agent }) => agent, min: 10 },
    { heading: 'CLUSTER', cell: ({ cluster }) => cluster, min: 7, spare: 1 },
    {
      heading: 'VERSION',
      cell: (agent) => agent.version ?? 'unknown',
      paint: (agent) => (agent.version === version ? style.dim : style.yellow),
    },
    { heading: 'HEARD OF', cell: ({ lastSeen }) => `${spanText(time - lastSeen)} ago` },
    { heading: 'BEHIND', cell: ({ lag }) => (lag === null ? '' : spanText(lag)), align: 'right', spare: 1 },
    {
      heading: 'WAITING',
      cell: ({ waiting }) => (waiting ? String(waiting.records) : ''),
      align: 'right',
      spare: 1,
    },
    { heading: 'LOST', cell: ({ missing }) => String(missing), align: 'right', spare: 1 },
    { heading: 'WHY', cell: ({ because }) => because ?? '', min: 16 },
  ];
}

function toneOf(health: string, style: Style): Paint {
  if (health === 'ok') return style.green;
  return health === 'silent' ? style.red : style.yellow;
}

function blindText({ cluster, node, source, status, detail, time }: Blind): string {
  const where = node === null ? `cluster ${cluster}` : `node ${node} of cluster ${cluster}`;
  return `${where}, ${source}, ${status} since ${whenText(formatTime(time))}: ${detail}`;
}

/** `12 s`, `5 min`, `3 h`, `2 days` */
export function spanText(span: Micros): string {
  const seconds = Math.max(0, Math.round(span / SECOND));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round((seconds * SECOND) / MINUTE);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
