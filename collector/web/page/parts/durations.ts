/** How long something is, in words. */
import type { Micros } from '../../../../shared/time.ts';

const STEPS = [
  [60, 's', 1],
  [3600, 'min', 60],
  [86_400, 'h', 3600],
  [Number.POSITIVE_INFINITY, 'd', 86_400],
] as const;

/** `90 min`, `3 d`: one unit, rounded down. */
export function durationText(micros: Micros): string {
  const seconds = Math.max(0, Math.floor(micros / 1e6));
  const [, unit, size] = STEPS.find(([below]) => seconds < below) ?? STEPS[3];
  return `${Math.floor(seconds / size)} ${unit}`;
}
