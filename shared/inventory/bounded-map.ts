import { AgedMap } from './aged-map.ts';

/** A Map that keeps the most recently touched `max` entries and counts those that it let go. */
export class BoundedMap<K, V> {
  readonly #map = new AgedMap<K, V>();
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
    return this.#map.get(key);
  }

  /** The entry, made the most recently touched; created when it isn't there. */
  touch(key: K, create: () => V): V {
    const found = this.#map.get(key);
    if (found !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, found);
      return found;
    }
    const made = create();
    this.set(key, made);
    return made;
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#max) return;
    this.#map.delete(this.#map.oldest() as K);
    this.#evicted += 1;
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }
}
