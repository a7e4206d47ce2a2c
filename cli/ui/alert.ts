/** An alert for people, whole: what happened, how sure, what it did, and what to do now. */
import type { Alert } from '../../shared/schema/alert.ts';
import { printable } from '../../shared/text.ts';
import { formatTime } from '../../shared/time.ts';
import { bindingText, createProse, toSecond } from './prose.ts';
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
    ...part(
      'What happened',
      alert.story.flatMap(({ time, sentence }) =>
        flow(sentence, ' '.repeat(12), `  ${style.dim(formatTime(time).slice(11, 19))}  `),
      ),
    ),
    ...part(
      `What it did: ${alert.did.requests} requests, ${alert.did.refused} refused`,
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

function credentialText({ credential, credentialKind, relatedCredentials }: ShownAlert): string {
  const related = relatedCredentials.length > 0 ? `; also ${relatedCredentials.join(', ')}` : '';
  return `${credential ?? 'not named'}${credentialKind ? ` (${credentialKind})` : ''}${related}`;
}
