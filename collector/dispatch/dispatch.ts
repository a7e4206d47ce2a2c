/** What others ask of the part that sends alerts to outputs. */
import type { Component } from '../../shared/component/component.ts';
import type { OutputStatus, OutputTestAnswer } from '../query/schemas/outputs.ts';

export interface Dispatch {
  readonly component: Component;
  /** Alerts have changed, and are stored. */
  wake(): void;
  /** Of every output that is configured, or has dead letters, by name. */
  statuses(): Promise<OutputStatus[]>;
  /**
   * Sends a marked test alert past all filters and limits, and waits for what comes of it.
   *
   * @throws TruantError NOT_FOUND
   */
  test(output: string): Promise<OutputTestAnswer>;
  /**
   * Sends again what became dead letters, as the alerts are now; those that arrive are no dead letters any more.
   *
   * @param ids left out: all of them
   * @returns how many alerts that are
   * @throws TruantError NOT_FOUND, CONFLICT when the output is off or not configured
   */
  replay(output: string, ids?: readonly string[]): Promise<number>;
}
