/** What became of an alert that something was to be done about, for people. */

import { nameOf } from '../../shared/detection/story.ts';
import { printable } from '../../shared/text.ts';
import { type Done, exceptedBy } from '../handling/act-on.ts';
import { statusText } from './alert-cells.ts';
import type { Style } from './style.ts';

export function doneLines({ id, action, alert, problem }: Done, style: Style): string[] {
  if (alert === undefined) return [`${printable(id)}  ${style.red('nothing was done')}: ${printable(problem ?? '')}`];
  const owner = alert.assignee === undefined ? '' : `, assigned to ${alert.assignee}`;
  const now = `${statusText(alert)}${owner}`;
  return [
    `${printable(id)}  ${style.green(printable(now))}  ${printable(`${nameOf(alert.principal)}: ${alert.title}`)}`,
    ...exceptedBy(action).map(({ rule, principal, source }) =>
      printable(`  never again: ${rule}, of ${nameOf(principal)}, from ${source ?? 'anywhere'}`),
    ),
  ];
}
