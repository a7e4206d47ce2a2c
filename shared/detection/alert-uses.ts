/** What the uses that an alert rests on come to: from where, and what was done with them. */
import type { Alert, Deeds } from '../schema/alert.ts';
import type { TokenUse } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { resourceOf } from './deeds.ts';

/** Told at most. */
export const MAX_LIST = 50;
/** Kept at most. */
const MAX_KEPT = 200;
const MAX_USER_AGENTS = 20;

interface Deed {
  action: string;
  namespace: string;
  count: number;
  refused: number;
}

export class AlertUses {
  readonly #sources = new Map<string, Alert['sources'][number]>();
  readonly #deeds = new Map<string, Deed>();
  readonly #userAgents = new Set<string>();
  #requests = 0;
  #refused = 0;

  /** Goes on from there. */
  restore({ sources, did }: Alert): void {
    for (const source of sources) this.#sources.set(source.address, { ...source });
    for (const deed of did.actions) this.#deeds.set(`${deed.action} ${deed.namespace}`, { ...deed });
    for (const userAgent of did.userAgents) this.#userAgents.add(userAgent);
    this.#requests = did.requests;
    this.#refused = did.refused;
  }

  get refused(): number {
    return this.#refused;
  }

  isAwayAt(address: string): boolean {
    return this.#sources.has(address);
  }

  add({ request, source: { address } }: TokenUse, placement: Placement | undefined): void {
    this.#requests += 1;
    const refused = request.code >= 400;
    if (refused) this.#refused += 1;
    const action = `${request.verb} ${resourceOf(request)}`;
    const namespace = request.namespace ?? '';
    const key = `${action} ${namespace}`;
    const deed = this.#deeds.get(key);
    if (deed) {
      deed.count += 1;
      if (refused) deed.refused += 1;
    } else if (this.#deeds.size < MAX_KEPT) {
      this.#deeds.set(key, { action, namespace, count: 1, refused: refused ? 1 : 0 });
    }
    if (this.#userAgents.size < MAX_USER_AGENTS) this.#userAgents.add(request.userAgent);
    if (placement?.verdict !== 'away' || address === null) return;
    const source = this.#sources.get(address);
    if (source) source.count += 1;
    else if (this.#sources.size < MAX_KEPT) this.#sources.set(address, { address, where: placement.where, count: 1 });
  }

  /** In the order in which they were first seen. */
  allSources(): Alert['sources'] {
    return [...this.#sources.values()];
  }

  sources(): Alert['sources'] {
    return mostFirst(this.#sources.values());
  }

  did(): Deeds {
    const namespaces = new Set([...this.#deeds.values()].map(({ namespace }) => namespace).filter(Boolean));
    return {
      requests: this.#requests,
      refused: this.#refused,
      actions: mostFirst(this.#deeds.values()),
      namespaces: [...namespaces].slice(0, MAX_LIST),
      userAgents: [...this.#userAgents],
    };
  }
}

/** Copies of the most frequent, most first. */
const mostFirst = <T extends { count: number }>(items: Iterable<T>): T[] =>
  [...items]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_LIST)
    .map((item) => ({ ...item }));
