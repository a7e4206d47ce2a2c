/**
 * When somebody uses a pod's token on the pod's own node, the address alone can't tell a thief from masquerading. The
 * pod's own traffic can: masquerading **replaces** the pod's address (its requests stop coming from it), a thief's
 * requests come **on top** of it (they go on). Likewise one knows a pod's home without an inventory.
 *
 * A rhythm holds the times at which a pod was seen at its own address and at the suspect one, and answers for a moment t
 * whether its own requests went on across t as regularly as they used to.
 */
import { type Micros, SECOND } from '../time.ts';

/** Of samples in the same quarter of a second the first is kept: others would say nothing new and push out what does. */
const RESOLUTION: Micros = SECOND / 4;
const MAX_SAMPLES = 160;
/** A pause may be this much longer than the longest usual one before it counts as an interruption. */
const SLACK = 1.6;
const JITTER: Micros = SECOND / 5;
/** Requests may be told this late: by another API server's agent, say. Until then a pause proves nothing. */
export const LATE: Micros = 3 * SECOND;
const MIN_GAPS = 3;

export type Continuity =
  /** Seen at its own address before and after t, with no more than its usual pause. */
  | 'continuing'
  /** Its own requests stopped for longer than usual. */
  | 'interrupted'
  /** Not enough time has passed since t. */
  | 'pending'
  /** Too few requests of its own to know its rhythm. */
  | 'unknown';

/** Whether nobody at all was seen for most of that time: an outage is no habit. */
export type WasSilent = (from: Micros, to: Micros) => boolean;
const NEVER_SILENT: WasSilent = () => false;

/** A pod's own requests next to a moment, and its usual pauses until then: the longest (if known) and the shortest (else 0). */
interface Pause {
  before: Micros | undefined;
  after: Micros | undefined;
  usual: Micros | undefined;
  shortest: Micros;
}

export class Rhythm {
  readonly #own: Micros[] = [];
  readonly #suspect: Micros[] = [];

  addOwn(time: Micros): void {
    insert(this.#own, time);
  }

  addSuspect(time: Micros): void {
    insert(this.#suspect, time);
  }

  at(t: Micros, now: Micros, wasSilent: WasSilent = NEVER_SILENT): Continuity {
    if (this.#own.length === 0) return 'unknown';
    const settled = now - LATE;
    if (settled < t) return 'pending';
    const { before, after, usual } = this.#around(t, settled, wasSilent);
    if (before === undefined || usual === undefined) return 'unknown';
    const patience = usual * SLACK + JITTER;
    if (after !== undefined) return after - before <= patience ? 'continuing' : 'interrupted';
    return settled - before > patience ? 'interrupted' : 'pending';
  }

  /** When it will be known whether its own requests went on across t; undefined: its rhythm isn't known. */
  knownBy(t: Micros, wasSilent: WasSilent = NEVER_SILENT): Micros | undefined {
    const { before, usual } = this.#around(t, t, wasSilent);
    return before === undefined || usual === undefined ? undefined : before + usual * SLACK + JITTER + LATE + 1;
  }

  /**
   * Whether it was seen at the suspect address in the pause of its own requests around t, and no sooner than its own next
   * request could be due: what comes sooner comes on top of them.
   */
  suspectAround(t: Micros, now: Micros): boolean {
    const settled = now - LATE;
    const { before, after, shortest } = this.#around(t, settled);
    if (before === undefined) return false;
    const due = before + shortest / SLACK;
    return this.#suspect.some((time) => time > due && time < (after ?? settled + 1));
  }

  /** Whether it was seen at its own address by then. */
  hasOwnBy(t: Micros): boolean {
    return (this.#own[0] ?? Number.POSITIVE_INFINITY) <= t;
  }

  /** Since when it is at the suspect address, with no request of its own in between; undefined: it isn't, at t. */
  suspectSince(t: Micros): Micros | undefined {
    const own = this.#own.findLast((time) => time <= t) ?? Number.NEGATIVE_INFINITY;
    const first = this.#suspect.find((time) => time > own);
    return first !== undefined && first <= t ? first : undefined;
  }

  #around(t: Micros, settled: Micros, wasSilent: WasSilent = NEVER_SILENT): Pause {
    let before: Micros | undefined;
    let after: Micros | undefined;
    let longest = 0;
    let longestSince: Micros = 0;
    let second = 0;
    let shortest = Number.POSITIVE_INFINITY;
    let gaps = 0;
    for (const time of this.#own) {
      if (time > t) {
        if (time <= settled) after = time;
        break;
      }
      // A pause in which it was seen at the suspect address is no measure of its rhythm.
      if (before !== undefined && time - before >= RESOLUTION && !this.#suspectBetween(before, time)) {
        if (time - before > longest) {
          second = longest;
          longest = time - before;
          longestSince = before;
        } else second = Math.max(second, time - before);
        shortest = Math.min(shortest, time - before);
        gaps += 1;
      }
      before = time;
    }
    // Where the node or the API server was away once, everybody paused: that measures nobody.
    const isOutage =
      gaps > MIN_GAPS && longest > second * SLACK + JITTER && wasSilent(longestSince, longestSince + longest);
    if (isOutage) longest = second;
    const isKnown = gaps >= MIN_GAPS;
    return { before, after, usual: isKnown ? longest : undefined, shortest: isKnown ? shortest : 0 };
  }

  #suspectBetween(from: Micros, to: Micros): boolean {
    return this.#suspect.some((time) => time > from && time < to);
  }
}

const quarterOf = (time: Micros): number => Math.floor(time / RESOLUTION);

/** Keeps the samples sorted, and the same ones in whatever order they come: the log is out of order by milliseconds. */
function insert(samples: Micros[], time: Micros): void {
  let at = samples.length;
  while (at > 0 && quarterOf(samples[at - 1] as Micros) > quarterOf(time)) at -= 1;
  const same = samples[at - 1];
  if (same !== undefined && quarterOf(same) === quarterOf(time)) {
    samples[at - 1] = Math.min(same, time);
    return;
  }
  samples.splice(at, 0, time);
  if (samples.length > MAX_SAMPLES) samples.shift();
}
