/** The whole pipeline over lines and inventory, as `truant hunt` runs it. */
import type { TimedSensorLine } from '../../agent/sources/reads-file.ts';
import { Hunter, type HunterOptions } from '../../cli/hunt/hunter.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { SourceStatus, TokenUse } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { requestKey } from './recording.ts';

export interface Hunt {
  alerts: Alert[];
  /** The final verdict on every use, by `requestKey`. */
  placed: Map<string, { use: TokenUse; placement: Placement }>;
  statuses: SourceStatus[];
  rejected: ReadonlyMap<string, number>;
}

export interface HuntOptions extends Partial<HunterOptions> {
  /** What the sensors of token files saw. */
  reads?: readonly TimedSensorLine[];
}

/** Without an inventory it is a hunt over a bare log. */
export function hunt(lines: readonly Buffer[], { reads = [], ...options }: HuntOptions = {}): Hunt {
  const placed: Hunt['placed'] = new Map();
  const hunter = new Hunter({
    cluster: 'test',
    inventory: [],
    mode: options.inventory === undefined ? 'none' : 'live',
    normalise: { isTrustedProxy: () => false },
    onUse: (use, placement) => placed.set(requestKey(use.auditID, use.timeText), { use, placement }),
    ...options,
  });
  hunter.addReads(reads);
  for (const line of lines) hunter.see(line);
  hunter.finish();
  return { alerts: [...hunter.alerts.values()], placed, statuses: hunter.statuses, rejected: hunter.rejected };
}
