/** Who is calling, once it is known. */

/** What an agent may write as: its cluster, and where its credential says so, its node alone. */
export interface Writes {
  cluster: string;
  agent?: string;
}

/** `id`: who it is, for limits and logs; nothing that would let anybody be it. */
export type Caller =
  /** Asks. */
  | { role: 'viewer'; id: string }
  /** Asks, and looks after alerts. */
  | { role: 'analyst'; id: string }
  /** An agent: sends, and does nothing else. */
  | { role: 'writer'; id: string; writes: Writes }
  /** Asks, and does what changes things. */
  | { role: 'admin'; id: string }
  /** Where nobody is asked who they are: on loopback. */
  | { role: 'anybody'; id: string };

/**
 * What a route asks for: `open`: nothing; `read`: viewers, analysts and admins; `act`: analysts and admins; `write`: writers;
 * `admin`: admins.
 */
export type Access = 'open' | 'read' | 'act' | 'write' | 'admin';

const MAY: Readonly<Record<Caller['role'], readonly Access[]>> = {
  viewer: ['open', 'read'],
  analyst: ['open', 'read', 'act'],
  writer: ['open', 'write'],
  admin: ['open', 'read', 'act', 'admin'],
  anybody: ['open', 'read', 'act', 'write', 'admin'],
};

/** As it stands in what is kept of actions. */
export const nameOf = ({ id }: Caller): string => id;

export const allows = ({ role }: Caller, access: Access): boolean => MAY[role].includes(access);

/** Whether the caller may write as that cluster and agent. */
export function mayWriteAs(caller: Caller, { cluster, agent }: Required<Writes>): boolean {
  if (caller.role === 'anybody') return true;
  if (caller.role !== 'writer' || caller.writes.cluster !== cluster) return false;
  return caller.writes.agent === undefined || caller.writes.agent === agent;
}

export const writer = (writes: Writes): Caller => ({
  role: 'writer',
  id: `agent ${writes.cluster}/${writes.agent ?? '*'}`,
  writes,
});
