/** An alert for people, whole: what happened, how sure, what it did, and what to do now. */
import type { Alert, Resolution } from '../../shared/schema/alert.ts';
import { printable } from '../../shared/text.ts';
import { counted } from './plural.ts';
import { bindingText, createProse, dayOf, type Prose, timeOfDay, toSecond } from './prose.ts';
import type { Style } from './style.ts';

/** What is shown of it; the list of findings and of evidence is for programs. */
export type ShownAlert = Omit<Alert, 'findings' | 'evidence'>;

export function renderAlert(alert: ShownAlert, style: Style, width: number): string[] {
  const { flow, fact } = createProse(style, width);
  const paint = style.severity(alert.severity);
  const part = (heading: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `  ${style.bold(heading)}`, ...lines];

  return [
    `${paint(`● ${alert.severity.toUpperCase()}`)}  ${style.bold(printable(alert.title))}`,
    ...flow(alert.summary, '  '),
    '',
    ...fact('confidence', `${alert.confidence}: ${alert.confidenceWhy}`),
    ...fact('principal', alert.principal),
    ...fact('credential', credentialText(alert)),
    ...fact('belongs to', bindingText(alert.binding)),
    ...fact(
      'used from',
      alert.sources.map(({ address, where, count }) => `${address} (${where}, ${count}×)`).join(', '),
    ),
    ...fact('seen', `${toSecond(alert.firstSeen)} to ${toSecond(alert.lastSeen)}`),
    ...fact('ATT&CK', alert.attack.map(({ id, name }) => `${id} ${name}`).join(', ')),
    ...fact('alert', `${alert.id} (${alert.status}, cluster ${alert.cluster})`),
    ...fact('assigned to', alert.assignee ?? ''),
    ...fact('closed', alert.resolution ? resolutionText(alert.resolution) : ''),
    ...part('What happened (UTC)', storyLines(alert.story, flow, style)),
    ...part(
      `What it did: ${counted(alert.did.requests, 'request')}, ${alert.did.refused} refused`,
      alert.did.actions.flatMap(({ action, namespace, count, refused }) =>
        flow(
          `${count} × ${action}${namespace && ` in ${namespace}`}${refused > 0 ? ` (${refused} refused)` : ''}`,
          '    ',
          '  ',
        ),
      ),
    ),
    ...part(
      'How to end it',
      alert.actions.flatMap(({ title, command, effect }) => [
        ...flow(title, '  '),
        `    ${style.cyan(printable(command))}`,
        ...flow(effect, '    '),
      ]),
    ),
    ...part(
      'What to do now',
      alert.triage.flatMap((step, index) => flow(step, '     ', `  ${index + 1}. `)),
    ),
  ];
}

/** A story of more than a day has each day before the lines of it. */
function storyLines(story: ShownAlert['story'], flow: Prose['flow'], style: Style): string[] {
  const days = story.map(({ time }) => dayOf(time));
  const hasDays = new Set(days).size > 1;
  return story.flatMap(({ time, sentence }, index) => [
    ...(hasDays && days[index] !== days[index - 1] ? [`  ${style.dim(days[index] ?? '')}`] : []),
    ...flow(sentence, ' '.repeat(12), `  ${style.dim(timeOfDay(time))}  `),
  ]);
}

function resolutionText({ reason, note, by, at }: Resolution): string {
  return `as ${reason} by ${by} at ${toSecond(at)}${note && `: ${note}`}`;
}

function credentialText({ credential, credentialKind, relatedCredentials }: ShownAlert): string {
  const related = relatedCredentials.length > 0 ? `; also ${relatedCredentials.join(', ')}` : '';
  return `${credential ?? 'not named'}${credentialKind ? ` (${credentialKind})` : ''}${related}`;
}
