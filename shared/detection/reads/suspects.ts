/** Suspicious reads, by the credential that was read: what a later (or earlier told) use of it is joined to. Bounded. */
import { BoundedMap } from '../../inventory/bounded-map.ts';
import type { Relation } from '../../schema/observation.ts';
import { DAY, type Micros, SECOND } from '../../time.ts';

export interface Suspect {
  observation: string;
  time: Micros;
  relation: Relation | undefined;
  /** Who read it, to follow "was read by". */
  reader: string;
  /** The reader may yet turn out to be part of the workload: good for making a use away from home surer, and for no more. */
  isDoubtful: boolean;
}

const MAX_CREDENTIALS = 20_000;
const MAX_EACH = 16;
/** A thief may wait; what is found later is found by its place alone. */
const REMEMBERED: Micros = 7 * DAY;
/** The clocks of a node and of an API server differ. */
export const TOLERANCE: Micros = 2 * SECOND;

export class Suspects {
  readonly #reads = new BoundedMap<string, Suspect[]>(MAX_CREDENTIALS);

  /** False when it was known. */
  add(credential: string, suspect: Suspect): boolean {
    const reads = this.#reads.touch(credential, () => []);
    if (reads.some(({ observation }) => observation === suspect.observation)) return false;
    reads.push(suspect);
    reads.sort((a, b) => a.time - b.time);
    // The first shows how it began, the newest what a use is about.
    if (reads.length > MAX_EACH) reads.splice(1, 1);
    return true;
  }

  /** Suspicious reads of a credential before `time`, oldest first. */
  before(credential: string, time: Micros): Suspect[] {
    const reads = this.#reads.peek(credential) ?? [];
    return reads.filter((read) => read.time <= time + TOLERANCE && time - read.time <= REMEMBERED);
  }
}
