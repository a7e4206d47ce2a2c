/** What is to be looked at and when: each thing once, at the earliest of the times that were asked for. */
export class Agenda {
  readonly #planned = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  readonly #due = new Set<string>();
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** @param ms from now */
  plan(key: string, ms: number): void {
    if (this.#isClosed || this.#due.has(key)) return;
    const at = performance.now() + ms;
    const planned = this.#planned.get(key);
    if (planned && planned.at <= at) return;
    clearTimeout(planned?.timer);
    const timer = setTimeout(() => {
      this.#planned.delete(key);
      this.#due.add(key);
      this.#wake?.();
    }, ms);
    this.#planned.set(key, { at, timer });
  }

  forget(key: string): void {
    clearTimeout(this.#planned.get(key)?.timer);
    this.#planned.delete(key);
    this.#due.delete(key);
  }

  /** What has been due for longest, once something is. Undefined: closed. */
  async next(): Promise<string | undefined> {
    while (!this.#isClosed && this.#due.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isClosed) return undefined;
    const [key] = this.#due;
    this.#due.delete(key as string);
    return key;
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#planned.values()) clearTimeout(timer);
    this.#planned.clear();
    this.#due.clear();
    this.#wake?.();
  }
}
