import { TECHNIQUES, type Technique } from '../../shared/detection/attack.ts';
import type { Rule } from '../../shared/detection/rule.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { cell, type Generated } from './generator.ts';

const HEAD = `# Rules

<!-- Made from shared/detection/rules/ by \`npm run generate\`: change it there. -->

What Truant looks for. A rule makes a finding; findings about one theft make one alert. The severity given here is a
rule's own: a finding can be more or less severe by what it rests on, and \`detection.rules.<id>\` in the
[configuration](configuration.md) changes it or switches the rule off.
`;

export function ruleCatalogue(): Generated {
  const sorted = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const overview = [
    '| Rule | Severity | Scope | ATT&CK |',
    '|---|---|---|---|',
    ...sorted.map(
      ({ id, title, severity, scope, attack }) =>
        `| [${id}](#${id})<br>${cell(title)} | ${severity} | ${scope} | ${attack.map(technique).join('<br>')} |`,
    ),
    '',
  ].join('\n');
  return { path: 'docs/rules.md', content: [HEAD, overview, ...sorted.map(renderRule)].join('\n') };
}

function renderRule(rule: Rule): string {
  return [
    `## ${rule.id}`,
    '',
    `**${rule.title}.** ${rule.why}`,
    '',
    `- Severity: ${rule.severity}`,
    `- Scope: ${rule.scope}`,
    `- Looks at: ${rule.observes.join(', ')}`,
    `- Needs: ${rule.needs}`,
    ...(rule.attack.length > 0 ? [`- ATT&CK: ${rule.attack.map(technique).join(', ')}`] : []),
    '',
    ...listed('False positives', rule.falsePositives, () => '-'),
    ...listed('Blind spots', rule.blindSpots, () => '-'),
    ...listed('Triage', rule.triage, (index) => `${index + 1}.`),
  ].join('\n');
}

function listed(heading: string, items: readonly string[], mark: (index: number) => string): string[] {
  if (items.length === 0) return [];
  return [`### ${heading}`, '', ...items.map((item, index) => `${mark(index)} ${item}`), ''];
}

function technique(id: Technique): string {
  return `[${id} ${cell(TECHNIQUES[id].name)}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`;
}
