/** Severity, status and verdict at a glance: always a word, never a colour alone. */
import type { AlertStatus, Severity } from '../../../../shared/schema/alert.ts';

export const SeverityBadge = ({ severity }: { severity: Severity }) => (
  <span class={`badge severity-${severity}`}>{severity}</span>
);

export const StatusBadge = ({ status }: { status: AlertStatus }) => (
  <span class={`badge status-${status}`}>{status}</span>
);

export const VerdictBadge = ({ verdict, where }: { verdict: string | null; where?: string | undefined }) => (
  <span class={`badge verdict-${verdict ?? 'undecided'}`}>{where ?? verdict ?? 'undecided'}</span>
);
