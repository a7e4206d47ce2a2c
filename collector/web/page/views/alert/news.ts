/** Whether a theft went on between two looks at its alert. */
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { counted } from '../../parts/words.ts';
import { usesAway } from '../alerts/rows.ts';

type Counted = Pick<AlertAnswer, 'sources' | 'counts'>;

/** Null: the theft did not go on; what people do about it is no news of that kind. */
export function newsBetween(before: Counted, now: Counted): string | null {
  const uses = usesAway(now) - usesAway(before);
  const findings = now.counts.findings - before.counts.findings;
  if (uses > 0) return `It went on while you were reading: ${counted(uses, 'more use')} away from home.`;
  if (findings > 0) return `It went on while you were reading: ${counted(findings, 'more finding')}.`;
  return null;
}
