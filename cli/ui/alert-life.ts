/** What was done about an alert, and what other alerts have to do with it, for people. */
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { formatTime } from '../../shared/time.ts';
import { AlertRow, statusText, whenText } from './alert-cells.ts';
import { createProse } from './prose.ts';
import type { Style } from './style.ts';

export const ActivityRow = z.looseObject({
  time: z.number(),
  by: z.string(),
  action: z.string(),
  note: z.string().nullable(),
  assignee: z.string().nullable(),
  reason: z.string().nullable(),
  exceptions: z.array(z.string()).default([]),
});
export type ActivityRow = z.infer<typeof ActivityRow>;

export const RelatedRow = z.looseObject({ alert: AlertRow, because: z.array(z.string()) });
export type RelatedRow = z.infer<typeof RelatedRow>;

export function renderActivity(activity: readonly ActivityRow[], style: Style, width: number): string[] {
  const { flow } = createProse(style, width);
  if (activity.length === 0) return [];
  return [
    '',
    `  ${style.bold('What was done about it (UTC)')}`,
    ...activity.flatMap((row) =>
      flow(deedText(row), ' '.repeat(23), `  ${style.dim(whenText(formatTime(row.time)))}  `),
    ),
  ];
}

function deedText(row: ActivityRow): string {
  return `${row.by} ${deedOf(row)}${row.note ? `: ${row.note}` : ''}`;
}

function deedOf({ action, assignee, reason, exceptions }: ActivityRow): string {
  switch (action) {
    case 'acknowledge':
      return 'acknowledged it';
    case 'assign':
      return `assigned it to ${assignee ?? 'nobody'}`;
    case 'comment':
      return 'commented';
    case 'close':
      return `closed it as ${reason ?? 'it is'}${exceptions.length === 0 ? '' : `, never again: ${exceptions.join(', ')}`}`;
    case 'reopen':
      return 'opened it again';
    default:
      return action;
  }
}

export function renderRelated(related: readonly RelatedRow[], style: Style, width: number): string[] {
  const { flow } = createProse(style, width);
  if (related.length === 0) return [];
  return [
    '',
    `  ${style.bold('Related alerts')}`,
    ...related.flatMap(({ alert, because }) => [
      ...flow(
        `${alert.id}  ${alert.severity}, ${statusText(alert)}, ${nameOf(alert.principal)}: ${alert.title} (same ${because.join(', ')})`,
        '    ',
        '  ',
      ),
    ]),
  ];
}
