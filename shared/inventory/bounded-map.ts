import { AgedMap } from './aged-map.ts';

interface Slot<V> {
  value: V;
  /** Touched since it was last passed over: it gets another round. */
  touched: boolean;
}

/**
 * A Map that keeps about the most recently touched `max` entries, and counts those that it let go. To touch is only to set
 * a mark (second chance): moving an entry to the end each time costs more than all that is done with it.
 */
export class BoundedMap<K, V> {
  readonly #map = new AgedMap<K, Slot<V>>();
  readonly #max: number;
  #evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#map.size;
  }

  /** How many entries had to go to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Looks without touching. */
  peek(key: K): V | undefined {
    return this.#map.get(key)?.value;
  }

  /** The entry, touched; created when it isn't there. */
  touch(key: K, create: () => V): V {
    const slot = this.#map.get(key);
    if (slot !== undefined) {
      slot.touched = true;
      return slot.value;
    }
    const value = create();
    this.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    const slot = this.#map.get(key);
    if (slot !== undefined) {
      slot.value = value;
      slot.touched = true;
      return;
    }
    // Before it is in: where all others were touched, it would be the one to go.
    if (this.#map.size >= this.#max) this.#letGo();
    this.#map.set(key, { value, touched: false });
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  *values(): Generator<V> {
    for (const { value } of this.#map.values()) yield value;
  }

  *entries(): Generator<[K, V]> {
    for (const [key, { value }] of this.#map) yield [key, value];
  }

  /** The oldest that was not touched in its last round goes; who was touched goes to the end, with the mark taken away. */
  #letGo(): void {
    for (;;) {
      const key = this.#map.oldest() as K;
      const slot = this.#map.get(key) as Slot<V>;
      this.#map.delete(key);
      if (!slot.touched) break;
      slot.touched = false;
      this.#map.set(key, slot);
    }
    this.#evicted += 1;
  }
}
