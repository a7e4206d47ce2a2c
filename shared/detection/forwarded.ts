/**
 * The API server forwards requests for aggregated APIs, with the client's address in X-Forwarded-For. Where those APIs write
 * an audit log too, one request is told twice under one id: by the API server as it came, and by the other as it was
 * forwarded. The second says nothing of where the client is, and counts for nothing here.
 *
 * Two things that a client can't choose make sure of it: the second comes from the control plane, and lies within the
 * other, from receipt to answer. Audit-ID and X-Forwarded-For alone would be the client's own words.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { DeniedRequest, RequestObservation, TokenUse } from '../schema/observation.ts';
import { type Micros, SECOND } from '../time.ts';

/** The outer request ends last, so it is told last; and each log may be late. */
const PATIENCE: Micros = 3 * SECOND;
const MAX_WAITING = 5_000;
/** How often to look at what waits. */
const LOOK_EVERY: Micros = SECOND / 4;
/** More than what is told within that time. */
const RECENT = 5_000;

/** `forwarded`: told a second time; `wait`: it may be, and `release` gives it back. */
export type Fate = 'judge' | 'wait' | 'forwarded';

export class Forwarded {
  /** Uses that came with others' addresses, and the refusals that came after them from the same source, in their order. */
  #waiting: (TokenUse | DeniedRequest)[] = [];
  #looked: Micros = 0;
  readonly #isFromControlPlane: (use: TokenUse) => boolean;
  /** The latest use under each Audit-ID that came straight. */
  readonly #straight = new BoundedMap<string, TokenUse>(RECENT);

  constructor(isFromControlPlane: (use: TokenUse) => boolean) {
    this.#isFromControlPlane = isFromControlPlane;
  }

  isDue(now: Micros): boolean {
    return this.#waiting.length > 0 && now >= this.#looked + LOOK_EVERY;
  }

  meet(observation: RequestObservation): Fate {
    if (observation.kind === 'use') {
      if (observation.source.claimed.length === 0) {
        this.#straight.set(observation.auditID, observation);
        return 'judge';
      }
      if (this.#isForwarded(observation)) return 'forwarded';
    } else if (observation.kind !== 'denied' || !this.#isAwaited(observation)) {
      return 'judge';
    }
    this.#waiting.push(observation);
    return 'wait';
  }

  /** What turned out to be forwarded, and what has waited long enough. */
  release(now: Micros): { forwarded: TokenUse[]; due: (TokenUse | DeniedRequest)[] } {
    this.#looked = now;
    const forwarded: TokenUse[] = [];
    const due: (TokenUse | DeniedRequest)[] = [];
    const surplus = this.#waiting.length - MAX_WAITING;
    this.#waiting = this.#waiting.filter((observation, at) => {
      if (observation.kind === 'use' && this.#isForwarded(observation)) forwarded.push(observation);
      else if (now >= observation.seen + PATIENCE || at < surplus) due.push(observation);
      else return true;
      return false;
    });
    return { forwarded, due };
  }

  /** A refusal is judged by what came from the same address before it. */
  #isAwaited(denied: DeniedRequest): boolean {
    return this.#waiting.some(({ source }) => source.address === denied.source.address);
  }

  #isForwarded(use: TokenUse): boolean {
    const outer = this.#straight.peek(use.auditID);
    return outer !== undefined && isWithin(use, outer) && this.#isFromControlPlane(use);
  }
}

const isWithin = (use: TokenUse, outer: TokenUse): boolean =>
  outer.credential.id === use.credential.id &&
  outer.principal === use.principal &&
  outer.request.verb === use.request.verb &&
  outer.request.uri === use.request.uri &&
  outer.source.address !== null &&
  outer.source.address === use.source.claimed.at(-1) &&
  use.time >= outer.time &&
  use.time <= outer.seen;
