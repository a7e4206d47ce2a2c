/** How many requests may be read or wait at a time: each may hold a whole body in memory, and be as slow as it likes. */
import { TruantError } from '../../../shared/errors.ts';
import type { Caller } from '../../identity/caller.ts';

/** An agent sends one batch after the other; the one before may still be on its way, given up by the agent. */
const MOST_OF_AGENT = 2;

export class Places {
  readonly #max: number;
  #taken = 0;
  /** Of each agent that has any. */
  readonly #ofAgents = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * @returns how to give it back, once
   * @throws TruantError OVERLOADED when there is none
   */
  take(caller: Caller | undefined): () => void {
    const agent = nameOf(caller);
    const own = agent === undefined ? 0 : (this.#ofAgents.get(agent) ?? 0);
    if (this.#taken >= this.#max || own >= MOST_OF_AGENT) {
      throw new TruantError('OVERLOADED', 'Too many batches are on their way in already.');
    }
    this.#taken += 1;
    if (agent !== undefined) this.#ofAgents.set(agent, own + 1);
    return () => {
      this.#taken -= 1;
      if (agent !== undefined) this.#giveBack(agent);
    };
  }

  #giveBack(agent: string): void {
    const left = (this.#ofAgents.get(agent) ?? 0) - 1;
    if (left > 0) this.#ofAgents.set(agent, left);
    else this.#ofAgents.delete(agent);
  }
}

/** Undefined: it may be any of several agents. */
const nameOf = (caller: Caller | undefined): string | undefined =>
  caller?.role === 'writer' && caller.writes.agent !== undefined ? caller.id : undefined;
