/** The agents as the collector knows them. */
import type { Heartbeat } from '../../shared/schema/observation.ts';
import type { Micros } from '../../shared/time.ts';

/** What an agent said last about itself. Its streams and blind spots are known elsewhere, and joined with this. */
export interface AgentState {
  cluster: string;
  agent: string;
  /** By the collector's clock: when its last heartbeat came. */
  heardAt: Micros;
  heartbeat: Heartbeat;
}

export interface FleetStore {
  /** At most 10,000: those heard of last. */
  agents(): Promise<AgentState[]>;
}
