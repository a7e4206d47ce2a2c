/** What happens, a line each: an alert when it says something new of itself, a use always. */
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { BoundedMap } from '../../shared/inventory/bounded-map.ts';
import { printable } from '../../shared/text.ts';
import { readAs } from '../read-as.ts';
import { AlertRow, fromText, statusText, whenText } from './alert-cells.ts';
import { HistoryRow } from './history-row.ts';
import type { Paint, Style } from './style.ts';
import { fit, widthOf } from './width.ts';

/** As many alerts are followed; older ones are told of again if they change once more. */
const MAX_FOLLOWED = 1000;

const Id = z.looseObject({ cluster: z.string().default('') });

/** Text with how it is painted; the last part gives way where the terminal is too narrow. */
type Part = readonly [text: string, paint?: Paint];

export class LiveLines {
  readonly #style: Style;
  readonly #width: number;
  /** What was told last of an alert. */
  readonly #told = new BoundedMap<string, string>(MAX_FOLLOWED);

  constructor(style: Style, width = Infinity) {
    this.#style = style;
    this.#width = width;
  }

  /** None when it says nothing new, or is an event that this version does not know. */
  tell(event: string, data: unknown): string[] {
    if (event === 'alert') return this.#alert(readAs(AlertRow, data), readAs(Id, data).cluster);
    return event === 'use' ? [this.#use(readAs(HistoryRow, data))] : [];
  }

  #alert(alert: AlertRow, cluster: string): string[] {
    const { id, severity, assignee, principal, title, lastSeen } = alert;
    const key = JSON.stringify([cluster, id]);
    const before = this.#told.peek(key);
    const owner = assignee === undefined ? '' : `, ${assignee}`;
    const parts: Part[] = [
      [severity.toUpperCase().padEnd(8), this.#style.severity(severity)],
      [id],
      [`${statusText(alert)}${owner}`],
      [nameOf(principal)],
      [fromText(alert)],
      [title],
    ];
    const said = JSON.stringify([
      severity,
      statusText(alert),
      owner,
      principal,
      alert.sources.map(({ address }) => address),
      title,
    ]);
    this.#told.set(key, said);
    return before === said ? [] : [this.#line(whenText(lastSeen), parts)];
  }

  #use({ time, principal, source, placement, tone, code, what }: HistoryRow): string {
    return this.#line(time, [
      ['use'.padEnd(8), this.#style.dim],
      [principal],
      [source],
      [placement, this.#style[tone]],
      [code],
      [what],
    ]);
  }

  #line(time: string, parts: readonly Part[]): string {
    let left = this.#width - time.length;
    const shown = parts
      .filter(([text]) => text !== '')
      .map(([text, paint]) => {
        const cut = fit(printable(text), left - 2);
        left -= widthOf(cut) + 2;
        return cut === '' ? '' : `  ${paint?.(cut) ?? cut}`;
      });
    return `${this.#style.dim(time)}${shown.join('')}`.trimEnd();
  }
}
