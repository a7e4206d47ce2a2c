import type { Batch } from '../../shared/schema/batch.ts';

/** How batches reach the collector. */
export interface Transport {
  /**
   * Resolves once the collector has stored the batch. Tries again for as long as that may help; rejects with
   * DELIVERY_REFUSED when the collector will never take it, and with DELIVERY_FAILED when `signal` ends the trying.
   */
  send(batch: Batch, signal: AbortSignal): Promise<void>;
}
