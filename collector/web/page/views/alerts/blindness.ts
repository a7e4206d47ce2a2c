/** Who of the fleet does not see what it should, and why. */
import type { FleetAnswer } from '../../../../query/schemas/fleet.ts';

export interface Blindness {
  who: string;
  what: string;
}

type Fleet = Pick<FleetAnswer, 'agents' | 'blindSpots'>;

export function blindnessOf({ agents, blindSpots }: Fleet): Blindness[] {
  return [
    ...agents
      .filter(({ health }) => health === 'blind' || health === 'silent')
      .map(({ agent, health, because }) => ({ who: agent, what: because ?? health })),
    ...blindSpots.map(({ node, source, detail, reason }) => ({
      who: node === null ? source : `${node}, ${source}`,
      what: detail || reason,
    })),
  ];
}
