/** Tests of a rule as two tables: what it fires at, and what it ignores, with the reason. */
import { describe, expect, it } from 'vitest';
import { Correlator } from '../../shared/detection/correlator.ts';
import { defaultPolicy, type Policy } from '../../shared/detection/policy.ts';
import type { Rule } from '../../shared/detection/rule.ts';
import type { Alert, Finding } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { ordinary } from '../detection/world.ts';

interface Row {
  name: string;
  given: Observation[];
  policy?: Partial<Policy>;
}

interface Fires extends Row {
  severity: Finding['severity'];
  confidence: Finding['confidence'];
  /** To the letter. Of several findings the last one's. */
  summary: string;
  /** Rules of every alert that there is in the end: what the finding has joined. */
  alerts: string[][];
}

interface Ignores extends Row {
  because: string;
  /** What happened before; that may fire. */
  after?: Observation[];
}

/** Runs it all, after a minute of an ordinary day. */
function alertsOf({ given, policy }: Row): Alert[] {
  const correlator = new Correlator({ cluster: 'test', policy: { ...defaultPolicy, ...policy } });
  const alerts = new Map<string, Alert>();
  const observations = [...ordinary(-60, 0), ...given].toSorted((a, b) => a.seen - b.seen);
  for (const outcome of [correlator.process(observations, []), correlator.flush()]) {
    for (const alert of outcome.alerts) alerts.set(alert.id, alert);
  }
  return [...alerts.values()];
}

const findingsOf = (alerts: readonly Alert[], rule: Rule): Finding[] =>
  alerts.flatMap((alert) => alert.findings).filter((finding) => finding.rule === rule.id);

export function testRule(rule: Rule, { fires, ignores }: { fires: Fires[]; ignores: Ignores[] }): void {
  describe.each([[rule.id]])('%s', () => {
    it.each(fires.map((row) => [row.name, row] as const))('fires: %s', (_, row) => {
      const alerts = alertsOf(row);
      const finding = findingsOf(alerts, rule).at(-1);
      expect(finding).toMatchObject({ title: rule.title, attack: rule.attack });
      expect({ severity: finding?.severity, confidence: finding?.confidence, summary: finding?.summary }).toEqual({
        severity: row.severity,
        confidence: row.confidence,
        summary: row.summary,
      });
      const names = (rules: readonly string[]): string => rules.toSorted().join(' ');
      expect(alerts.map((alert) => names(alert.rules)).toSorted()).toEqual(row.alerts.map(names).toSorted());
    });

    it.each(ignores.map((row) => [row.name, row.because, row] as const))(
      'ignores: %s, because %s',
      (_name, _why, row) => {
        const { after = [], given } = row;
        const findings = findingsOf(alertsOf({ ...row, given: [...after, ...given] }), rule);
        const triggers = new Set(given.map(({ id }) => id));
        expect(findings.filter(({ observations: [trigger] }) => triggers.has(trigger ?? ''))).toEqual([]);
        expect(after.length === 0 || findings.length > 0).toBe(true);
      },
    );

    it('is silent when it is switched off, and takes a configured severity', () => {
      const [row] = fires as [Fires];
      const off = alertsOf({ ...row, policy: { ...row.policy, rule: () => ({ enabled: false }) } });
      expect(off).toEqual([]);
      const loud = alertsOf({ ...row, policy: { ...row.policy, rule: () => ({ severity: 'critical' }) } });
      expect(findingsOf(loud, rule).map(({ severity }) => severity)).toContain('critical');
    });
  });
}
