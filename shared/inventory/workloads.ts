/** What is known of pods as workloads: who opens their tokens is told by container, image and hooks, not by address. */
import type { ContainerFacts, InventoryEvent, WorkloadFacts } from '../schema/inventory-event.ts';
import { BoundedMap } from './bounded-map.ts';

export interface Workload {
  namespace: string;
  name: string;
  /** Absent when only the names are known. */
  facts: WorkloadFacts | undefined;
}

/** As many as the inventory knows pods. */
const MAX_PODS = 10_000;

export class Workloads {
  readonly #pods = new BoundedMap<string, Workload>(MAX_PODS);
  #changes = 0;

  /** A pod that has gone is remembered until there is no room: what it opened may be told of late. */
  apply(event: InventoryEvent): void {
    if (event.type !== 'pod-upsert') return;
    const { uid, namespace, name, workload } = event.pod;
    this.#changes += 1;
    this.#pods.set(uid, { namespace, name, facts: workload ?? this.#pods.peek(uid)?.facts });
  }

  /** Grows with everything that is learned. */
  get changes(): number {
    return this.#changes;
  }

  entries(): Iterable<[string, Workload]> {
    return this.#pods.entries();
  }

  pod(uid: string): Workload | undefined {
    return this.#pods.peek(uid);
  }

  /** The container with that id; the status tells ids late, but of an only container there is no doubt. */
  container(uid: string, id: string | undefined): ContainerFacts | undefined {
    const containers = this.#pods.peek(uid)?.facts?.containers ?? [];
    const named = containers.find(({ ids }) => id !== undefined && ids.includes(id));
    if (named) return named;
    const [only, ...others] = containers;
    return others.length === 0 ? only : undefined;
  }
}
