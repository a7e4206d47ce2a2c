import type { Severity } from '../../../../../shared/schema/alert.ts';

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

interface Ranked {
  severity: Severity;
  open: number;
  title: string;
}

/** What has open alerts before what has none; then the most severe, then by title. */
export const worstFirst = (a: Ranked, b: Ranked): number =>
  Number(b.open > 0) - Number(a.open > 0) ||
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  a.title.localeCompare(b.title);
