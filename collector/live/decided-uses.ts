/** Uses as their verdicts come: at once, or commits later. */
import type { TokenUse } from '../../shared/schema/observation.ts';
import type { Commit, PlacedUse } from '../store/store.ts';

/** A verdict is a matter of seconds. */
const MOST_WAITING = 10_000;

export class DecidedUses {
  readonly #waiting = new Map<string, { cluster: string; use: TokenUse }>();

  /** Those that the commit decides, and those for whose verdict too many wait: without one. */
  of({ cluster, fresh = [], outcome: { placements } }: Commit): PlacedUse[] {
    for (const use of fresh.flatMap(({ observations }) => observations)) {
      if (use.kind === 'use') this.#waiting.set(use.id, { cluster, use });
    }
    const decided: PlacedUse[] = [];
    for (const [id, placement] of placements) {
      const known = placement.reason === 'deciding' ? undefined : this.#waiting.get(id);
      if (!known) continue;
      this.#waiting.delete(id);
      decided.push({ ...known, placement });
    }
    for (const [id, known] of this.#waiting) {
      if (this.#waiting.size <= MOST_WAITING) break;
      this.#waiting.delete(id);
      decided.push({ ...known, placement: null });
    }
    return decided;
  }

  clear(): void {
    this.#waiting.clear();
  }
}
