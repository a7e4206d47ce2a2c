/** Who is calling, once it is known. */

/** What an agent may write as: its cluster, and where its credential says so, its node alone. */
export interface Writes {
  cluster: string;
  agent?: string;
}

/** A viewer asks; an analyst looks after alerts too; an admin does what changes everything else. The highest is last. */
export const PERSON_ROLES = ['viewer', 'analyst', 'admin'] as const;
export type PersonRole = (typeof PERSON_ROLES)[number];

/** Somebody, or a program of theirs. */
export interface Person {
  role: PersonRole;
  id: string;
  /** As it is kept of what they do. */
  name: string;
}

/** `id`: who it is, for limits and logs; nothing that would let anybody be it. */
export type Caller =
  | Person
  /** An agent: sends, and does nothing else. */
  | { role: 'writer'; id: string; writes: Writes }
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

export const ANYBODY: Caller = { role: 'anybody', id: 'anybody' };

export const isPerson = (caller: Caller): caller is Person => 'name' in caller;

/** What is kept as who did something. */
export const nameOf = (caller: Caller): string => (isPerson(caller) ? caller.name : caller.id);

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
