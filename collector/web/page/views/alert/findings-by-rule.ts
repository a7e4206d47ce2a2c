/** Findings by what stated them, the worst first. */
import type { Finding, Severity } from '../../../../../shared/schema/alert.ts';

export interface RuleFindings {
  rule: string;
  title: string;
  /** The worst of them. */
  severity: Severity;
  /** In order of time. */
  findings: Finding[];
}

const WORST_FIRST: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
const rank = (severity: Severity): number => WORST_FIRST.indexOf(severity);

export function byRule(findings: readonly Finding[]): RuleFindings[] {
  const rules = new Map<string, RuleFindings>();
  for (const finding of [...findings].sort((a, b) => a.time - b.time)) {
    const { rule, title, severity } = finding;
    const group = rules.get(rule) ?? { rule, title, severity, findings: [] };
    if (rank(severity) < rank(group.severity)) group.severity = severity;
    group.findings.push(finding);
    rules.set(rule, group);
  }
  return [...rules.values()].sort(
    (a, b) => rank(a.severity) - rank(b.severity) || b.findings.length - a.findings.length,
  );
}
