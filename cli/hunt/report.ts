/** What a hunt says to people, and how sure it is. */

import { describe } from '../../shared/detection/deeds.ts';
import { nameOf } from '../../shared/detection/story.ts';
import type { TruantError } from '../../shared/errors.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { SourceStatus, TokenUse, Whereabouts } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { printable } from '../../shared/text.ts';
import { type Io, writeLine } from '../io.ts';
import { renderAlert } from '../ui/alert.ts';
import { counted } from '../ui/plural.ts';
import { createStyle, type Style } from '../ui/style.ts';

const DEFAULT_WIDTH = 100;
const MAX_PROBLEMS = 20;
const MAX_PODS = 20_000;

export class HuntReport {
  linesRead = 0;
  /** Reads that were let pass, by the reason. */
  excused: ReadonlyMap<string, number> = new Map();
  readonly #io: Io;
  readonly #mode: Whereabouts['inventory'];
  readonly #style: Style;
  readonly #verdicts = new Map<string, number>();
  /** By uid, whether the inventory knows it. */
  readonly #pods = new Map<string, boolean>();
  readonly #asideByReason = new Map<string, number>();
  readonly #problems: TruantError[] = [];
  #problemCount = 0;

  constructor(io: Io, mode: Whereabouts['inventory']) {
    this.#io = io;
    this.#mode = mode;
    this.#style = createStyle(io, io.stdout);
  }

  count({ binding, whereabouts }: TokenUse, { verdict, reason }: Placement): void {
    const pod = binding.pod?.uid;
    if (pod !== undefined && this.#pods.size < MAX_PODS) this.#pods.set(pod, whereabouts?.home?.pod !== 'unknown');
    const key = verdict === 'unclear' ? `unclear (${reason})` : verdict;
    this.#verdicts.set(key, (this.#verdicts.get(key) ?? 0) + 1);
  }

  setAside(reason: string, count = 1): void {
    this.#asideByReason.set(reason, (this.#asideByReason.get(reason) ?? 0) + count);
  }

  /** Whether something of what was to be read was not. */
  get isIncomplete(): boolean {
    return this.#problemCount > 0;
  }

  problem(problem: TruantError): void {
    this.#problemCount += 1;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
  }

  useLine(use: TokenUse, placement: Placement): string {
    const where = placement.verdict === 'away' ? `away (${placement.where})` : placement.verdict;
    const parts = [
      use.timeText,
      nameOf(use.principal),
      use.source.address ?? '-',
      where,
      placement.reason,
      describe(use.request),
    ];
    return parts.map(printable).join('  ');
  }

  *alerts(alerts: readonly Alert[]): Generator<string> {
    for (const alert of alerts) {
      if (alert.severity === 'info') continue;
      yield* renderAlert(alert, this.#style, this.#io.stdout.columns ?? DEFAULT_WIDTH);
      yield '';
    }
  }

  /** What was looked at, what could not be told, and what would help: on stderr, so that --json stays clean. */
  async end(alerts: readonly Alert[], statuses: readonly SourceStatus[], quiet: boolean): Promise<void> {
    const say = (line: string): Promise<void> => writeLine(this.#io.stderr, printable(line));
    for (const { message, remedy } of this.#problems) {
      await say(`problem: ${message}`);
      if (remedy) await say(`  ${remedy}`);
    }
    const untold = this.#problemCount - this.#problems.length;
    if (untold > 0) await say(`problem: ${counted(untold, 'more file')} cannot be read.`);
    for (const { detail } of statuses) await say(`warning: ${detail}`);
    const strangers = [...this.#pods.values()].filter((isKnown) => !isKnown).length;
    if (this.#mode !== 'none' && strangers > this.#pods.size / 2) {
      await say(
        `warning: the inventory does not know ${strangers} of ${counted(this.#pods.size, 'pod')} whose tokens were used: is it of this cluster, and of the log's time? The log itself was asked instead.`,
      );
    }
    for (const [reason, count] of this.#asideByReason) await say(`set aside: ${counted(count, 'line')} (${reason})`);
    for (const [reason, count] of this.excused) await say(`let pass: ${counted(count, 'read')} (${reason})`);
    if (quiet) return;
    const loud = alerts.filter(({ severity }) => severity !== 'info').length;
    const told = [...this.#verdicts].sort((a, b) => b[1] - a[1]).map(([verdict, count]) => `${count} ${verdict}`);
    await say(`${counted(this.linesRead, 'line')} read; uses of tokens: ${told.join(', ') || 'none'}.`);
    const quieter = alerts.length - loud;
    const notes = quieter > 0 ? `, and ${counted(quieter, 'note')} of severity info (see --json)` : '';
    await say(`${counted(loud, 'alert')}${notes}.`);
    if (this.isIncomplete) await say('Not all could be read: there may be more.');
    await say(SURENESS[this.#mode]);
  }
}

const SURENESS: Record<Whereabouts['inventory'], string> = {
  live: 'Inventory: a recorded watch. Addresses are known as they were at each moment.',
  snapshot:
    'Inventory: a dump. Pods that had gone when it was made are unknown, and who held an address before is not known: some uses are unclear.',
  none: 'No inventory was given: homes were learned from the log, so less is found and confidence is lower. Give --inventory for better answers.',
};
