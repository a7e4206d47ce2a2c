/** What people have made of an alert, how often it changed, and what opens a closed one again. */
import { type Alert, type Finding, SEVERITIES } from '../schema/alert.ts';
import { DAY, formatTime, type Micros, parseTime } from '../time.ts';
import type { Exhibit } from './exhibit.ts';

/** What comes later than that after the closing is an alert of its own. */
export const CLOSED_LASTS: Micros = 7 * DAY;

/** What an alert has shown so far. */
export interface Shown {
  rules: ReadonlySet<string>;
  severity: Finding['severity'];
  /** Whether it was away from home at that address. */
  isAwayAt(address: string): boolean;
}

type Told = Pick<Alert, 'status' | 'assignee' | 'resolution' | 'revision' | 'createdAt' | 'updatedAt'>;

export class AlertLife {
  #status: Alert['status'] = 'open';
  #assignee: string | undefined;
  #resolution: Alert['resolution'];
  #closedAt: Micros = 0;
  #createdAt: Micros | undefined;
  #revision = 0;

  /** It goes on from there. */
  adopt(alert: Told): void {
    this.#status = alert.status;
    this.#assignee = alert.assignee;
    this.#resolution = alert.resolution;
    this.#closedAt = parseTime(alert.resolution?.at ?? alert.updatedAt) ?? 0;
    this.#createdAt ??= parseTime(alert.createdAt);
    this.#revision = Math.max(this.#revision, alert.revision);
  }

  get isClosed(): boolean {
    return this.#status === 'closed';
  }

  /** Closed for so long that what comes now is something else. */
  isOver(now: Micros): boolean {
    return this.isClosed && now - this.#closedAt > CLOSED_LASTS;
  }

  reopen(): void {
    this.#status = 'open';
    this.#resolution = undefined;
  }

  /** What of a finding was not known when it was closed, as a sentence; undefined when all was. */
  newsIn(finding: Finding, exhibits: readonly Exhibit[], { rules, severity, isAwayAt }: Shown): string | undefined {
    if (!rules.has(finding.rule)) return `Since it was closed the rule ${finding.rule} has found something, too.`;
    if (SEVERITIES.indexOf(finding.severity) > SEVERITIES.indexOf(severity)) {
      return `It has become more severe since it was closed: ${finding.severity}, not ${severity}.`;
    }
    const place = exhibits.map(awayAt).find((address) => address !== undefined && !isAwayAt(address));
    if (place !== undefined) return `Since it was closed the theft has gone on from another address, ${place}.`;
    if (this.#resolution?.reason === 'true-positive' && finding.time > this.#closedAt) {
      return 'It was closed as a theft that has ended, and it goes on.';
    }
    return undefined;
  }

  render(now: Micros): Told {
    this.#revision += 1;
    this.#createdAt ??= now;
    return {
      status: this.#status,
      ...(this.#assignee !== undefined && { assignee: this.#assignee }),
      ...(this.#resolution && { resolution: { ...this.#resolution } }),
      createdAt: formatTime(this.#createdAt),
      updatedAt: formatTime(now),
      revision: this.#revision,
    };
  }
}

function awayAt({ observation, placement }: Exhibit): string | undefined {
  if (placement?.verdict !== 'away' || !('source' in observation)) return undefined;
  return observation.source.address ?? undefined;
}
