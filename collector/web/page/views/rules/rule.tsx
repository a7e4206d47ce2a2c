/** All about one rule. */
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import type { RulesAnswer } from '../../../../query/schemas/fleet.ts';
import { pathWith } from '../../parts/address.ts';
import { SeverityBadge } from '../../parts/badges.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { counted, Said } from '../../parts/text.tsx';

export type RuleItem = RulesAnswer['items'][number];

export const SCOPES = {
  node: 'decided on the node',
  cluster: 'decided by the collector, which sees all requests',
} as const;

/** Closed ones too. */
export const alertsOfRule = (rule: string): string => pathWith('/', { rule, status: 'open,acknowledged,closed' });

export function RulePage({ rule }: { rule: RuleItem }) {
  const { id, title, severity, scope, attack, observes, needs, why, falsePositives, blindSpots, triage, open, alerts } =
    rule;
  return (
    <article class="rule">
      <p class="back">
        <Link href="/rules">All rules</Link>
      </p>
      <header class="rule-head">
        <SeverityBadge severity={severity} />
        <h1>
          <Said text={title} />
        </h1>
      </header>
      <p class="soft">
        <Said text={id} mono /> <CopyButton text={id} label="Copy the rule's id" /> {SCOPES[scope]}; looks at{' '}
        {observes.join(', ')}
      </p>
      <p>
        {alerts === 0 ? (
          'It has raised no alert.'
        ) : (
          <Link href={alertsOfRule(id)}>
            {counted(alerts, 'alert')}, {open} of them not closed
          </Link>
        )}
        {' · '}
        <Link href={pathWith('/exceptions', { rule: id })}>Exceptions</Link>
      </p>
      <div class="rule-parts">
        <Part title="Why it matters">
          <p>{why}</p>
        </Part>
        <Part title="What to do">
          <Listed of={triage} ordered />
        </Part>
        <Part title="False positives">
          <Listed of={falsePositives} />
        </Part>
        <Part title="What it does not see">
          <Listed of={blindSpots} />
        </Part>
        <Part title="What it needs">
          <p>{needs}</p>
        </Part>
        <Part title="MITRE ATT&CK">
          <ul>
            {attack.map((technique) => (
              <li key={technique.id}>
                <code>{technique.id}</code> {technique.name} <span class="soft">({technique.tactic})</span>
              </li>
            ))}
          </ul>
        </Part>
      </div>
    </article>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Listed({ of, ordered = false }: { of: readonly string[]; ordered?: boolean }) {
  if (of.length === 0) return <p class="soft">None is known.</p>;
  const items = of.map((text) => <li key={text}>{text}</li>);
  return ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
}
