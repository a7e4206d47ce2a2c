/**
 * A Map that knows its oldest key in constant time. Starting a new iteration for each would step over the remains of all
 * that was deleted from its front, which in a map of 200,000 takes longer than anything else that is done with it.
 */
export class AgedMap<K, V> extends Map<K, V> {
  #keys: IterableIterator<K> | undefined;
  #oldest: { key: K } | undefined;

  /** The key that was set longest ago and is still there. Setting a key again leaves its age; deleting it first doesn't. */
  oldest(): K | undefined {
    for (let tries = 0; this.#oldest === undefined && tries < 2; tries++) {
      this.#keys ??= this.keys();
      const next = this.#keys.next();
      if (next.done === true) this.#keys = undefined;
      else this.#oldest = { key: next.value };
    }
    return this.#oldest?.key;
  }

  override delete(key: K): boolean {
    if (this.#oldest?.key === key) this.#oldest = undefined;
    return super.delete(key);
  }
}
