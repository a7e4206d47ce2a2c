/**
 * Alerts told as they happen: the headline once, then each sentence of the story that is new or has grown. A grown one
 * counts anew what was told before, and says so.
 */
import type { Alert, Severity } from '../../shared/schema/alert.ts';
import { printable } from '../../shared/text.ts';
import { dayOf, timeOfDay } from './prose.ts';
import type { Style } from './style.ts';
import { wrap } from './width.ts';

/** What of an alert was told already. */
interface Told {
  severity: Severity;
  /** What was told last of each episode. */
  sentences: Map<string, string>;
}

const MAX_WIDTH = 110;
/** As many alerts are followed; older ones begin anew if they change once more. */
const MAX_FOLLOWED = 1000;

export class AlertFeed {
  readonly #style: Style;
  readonly #width: number;
  readonly #told = new Map<string, Told>();
  /** Of the line that was told last. */
  #day = '';

  constructor(style: Style, width: number) {
    this.#style = style;
    this.#width = Math.min(width, MAX_WIDTH);
  }

  /** The lines that this change of an alert is worth; none when it says nothing new. */
  tell(alert: Alert): string[] {
    const before = this.#told.get(alert.id);
    const told: Told = before ?? { severity: alert.severity, sentences: new Map() };
    const fresh = alert.story
      .filter((line) => told.sentences.get(keyOf(line)) !== line.sentence)
      .map((line) => ({ ...line, hasGrown: told.sentences.has(keyOf(line)) }));
    for (const line of fresh) told.sentences.set(keyOf(line), line.sentence);
    const hasRisen = before !== undefined && before.severity !== alert.severity;
    if (before === undefined) this.#follow(alert.id, told);
    told.severity = alert.severity;
    if (fresh.length === 0 && !hasRisen) return [];
    const headline =
      before === undefined || hasRisen ? ['', ...this.#headline(alert, before === undefined ? '' : 'now ')] : [];
    return [
      ...headline,
      ...fresh.flatMap(({ time, sentence, hasGrown }) => [
        ...this.#dayLine(dayOf(time)),
        ...this.#sentence(timeOfDay(time), hasGrown ? `It went on. In all: ${sentence}` : sentence),
      ]),
    ];
  }

  #follow(id: string, told: Told): void {
    this.#told.set(id, told);
    if (this.#told.size <= MAX_FOLLOWED) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }

  #headline(alert: Alert, prefix: string): string[] {
    const { severity, bold } = this.#style;
    const mark = severity(alert.severity)(`● ${prefix}${alert.severity.toUpperCase()}`);
    return [
      `${mark}  ${bold(printable(alert.title))}`,
      ...wrap(printable(alert.summary), this.#width - 2).map((line) => `  ${line}`),
    ];
  }

  #dayLine(day: string): string[] {
    if (day === this.#day) return [];
    const zone = this.#day === '' ? ' (UTC)' : '';
    this.#day = day;
    return [`  ${this.#style.dim(`${day}${zone}`)}`];
  }

  #sentence(time: string, sentence: string): string[] {
    return wrap(printable(sentence), this.#width - 12).map((line, index) =>
      index === 0 ? `  ${this.#style.dim(time)}  ${line}` : `            ${line}`,
    );
  }
}

/** An episode keeps its first observation while its sentence grows. */
const keyOf = ({ observation, sentence }: Alert['story'][number]): string => observation ?? sentence;
