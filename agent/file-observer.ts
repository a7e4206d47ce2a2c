/**
 * From what the sensors of token files say to observations: live, out of a recording and in a hunt the same. Pure; knows
 * pods as workloads by what the inventory tells.
 */
import type { Policy } from '../shared/detection/policy.ts';
import { Workloads } from '../shared/inventory/workloads.ts';
import { normaliseTokenFile, type TokenFileRejectReason } from '../shared/normalise/token-file.ts';
import { OpenNormaliser, type OpenRejectReason } from '../shared/normalise/token-open.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { FileObservation } from '../shared/schema/observation.ts';

export const SENSOR_REJECTS = ['not-an-open', 'not-a-token-file', 'bad-time'] as const satisfies readonly (
  | OpenRejectReason
  | TokenFileRejectReason
)[];
export type SensorRejectReason = (typeof SENSOR_REJECTS)[number];

/** A line of a sensor, parsed. */
export interface SensorLine {
  about: 'open' | 'file';
  value: unknown;
}

export interface FileObserverOptions {
  /** Where a line doesn't say on which node it was. */
  node: string;
  policy: Policy;
  /** What could not be read: to be counted. */
  onReject(reason: SensorRejectReason): void;
  /** An exception lets a reader pass, for that reason: to be counted and shown. */
  onExcuse(reason: string): void;
}

export class FileObserver {
  readonly #options: FileObserverOptions;
  readonly workloads = new Workloads();
  readonly #opens: OpenNormaliser;

  constructor(options: FileObserverOptions) {
    this.#options = options;
    this.#opens = new OpenNormaliser({ node: options.node, workloads: this.workloads });
  }

  learn(event: InventoryEvent): void {
    this.workloads.apply(event);
  }

  see({ about, value }: SensorLine): FileObservation | undefined {
    const { node, policy, onReject, onExcuse } = this.#options;
    const observation = about === 'open' ? this.#opens.open(value) : normaliseTokenFile(value, node);
    if (typeof observation === 'string') {
      onReject(observation);
      return undefined;
    }
    if (observation.kind === 'read' && observation.opener) {
      const reason = policy.allowedReader(observation.opener);
      if (reason !== undefined) {
        observation.excused = reason;
        onExcuse(reason);
      }
    }
    return observation;
  }
}
