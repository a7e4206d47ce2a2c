/** What is left out first when there is no room: nobody can make the sensors of token files wait. */
import { type Finding, SEVERITIES } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { isOrdinary } from '../read-fold.ts';

/**
 * The least severe has the lowest: ordinary reads, then other observations of token files, then those in which a rule
 * found something. Undefined: never left out. Who reads the audit log waits instead, and what sources say about themselves
 * is little.
 */
export function rankOf(observation: Observation, findings: readonly Finding[]): number | undefined {
  if (observation.kind !== 'read' && observation.kind !== 'file') return undefined;
  if (findings.length > 0) return 2 + Math.max(...findings.map(({ severity }) => SEVERITIES.indexOf(severity)));
  return observation.kind === 'read' && isOrdinary(observation) ? 0 : 1;
}

/** So many ranks there are. */
const RANKS = 2 + SEVERITIES.length;
const TIDY_FROM = 1024;

/** Which records may be left out, by rank, oldest first. */
export class Droppable {
  readonly #queues = Array.from({ length: RANKS }, () => ({ positions: [] as number[], head: 0 }));

  /** Positions grow. */
  add(rank: number, position: number): void {
    this.#queues[rank]?.positions.push(position);
  }

  /** The oldest of the least severe up to `rank`, taken out. Undefined: there is none behind `position`. */
  take(rank: number, position: number): number | undefined {
    this.forget(position);
    for (const queue of this.#queues.slice(0, rank + 1)) {
      const oldest = queue.positions[queue.head];
      if (oldest === undefined) continue;
      queue.head += 1;
      return oldest;
    }
    return undefined;
  }

  /** These have gone, or are about to. */
  forget(upTo: number): void {
    for (const queue of this.#queues) {
      while ((queue.positions[queue.head] ?? Number.POSITIVE_INFINITY) <= upTo) queue.head += 1;
      if (queue.head < TIDY_FROM || queue.head * 2 < queue.positions.length) continue;
      queue.positions = queue.positions.slice(queue.head);
      queue.head = 0;
    }
  }
}
