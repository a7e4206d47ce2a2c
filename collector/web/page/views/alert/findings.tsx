/** What each rule stated, and which techniques of ATT&CK these are. */
import { Link } from 'wouter-preact';
import type { Finding } from '../../../../../shared/schema/alert.ts';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { SeverityBadge } from '../../parts/badges.tsx';
import { counted, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { byRule } from './findings-by-rule.ts';

const FIRST = 20;

export function FindingsCard({ alert }: { alert: AlertAnswer }) {
  return (
    <section class="card" aria-labelledby="findings-title">
      <h2 id="findings-title">Findings ({alert.counts.findings.toLocaleString()})</h2>
      {byRule(alert.findings).map(({ rule, title, severity, findings }) => (
        <details key={rule} class="finding">
          <summary>
            <SeverityBadge severity={severity} /> <strong>{title}</strong>{' '}
            <span class="soft">{counted(findings.length, 'time')}</span>
          </summary>
          <p>
            <Link href={`/rules/${encodeURIComponent(rule)}`}>About the rule {rule}</Link>
          </p>
          <ul>
            {findings.slice(0, FIRST).map((finding) => (
              <One key={finding.id} finding={finding} />
            ))}
          </ul>
          {findings.length > FIRST && <p class="soft">and {findings.length - FIRST} more like these</p>}
        </details>
      ))}
      {alert.attack.length > 0 && (
        <>
          <h3>ATT&CK techniques</h3>
          <ul class="plain">
            {alert.attack.map(({ id, name, tactic }) => (
              <li key={id}>
                <code>{id}</code> {name} <small>{tactic}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

const One = ({ finding }: { finding: Finding }) => (
  <li>
    <Time at={finding.time} as="clock" />: <Said text={finding.summary} />{' '}
    <small>
      {finding.confidence} confidence: <Said text={finding.confidenceWhy} />
    </small>
  </li>
);
