import type { Batch } from '../../shared/schema/batch.ts';

/** The closed list of why the collector itself will never take a batch. */
export const REFUSALS = ['refused', 'too-large'] as const;

export interface Refusal {
  /** `too-large`: in smaller pieces it may be taken. */
  reason: (typeof REFUSALS)[number];
  /** In the collector's words. */
  detail: string;
}

/** `stopped`: whether the batch was stored is not known. */
export type Delivery = 'stored' | 'stopped' | Refusal;

/** How batches reach the collector. */
export interface Transport {
  /**
   * Resolves once the collector has stored the batch, or has said about this very batch that it never will. Whatever else
   * stands in the way (no connection, a wrong address, a wrong token) may be put right without the agent: then it tries
   * again until `signal` is aborted.
   */
  send(batch: Batch, signal: AbortSignal): Promise<Delivery>;
  /** Why nothing is delivered at the moment, as a sentence; undefined while all is well. */
  trouble(): string | undefined;
}
