/** A store of alerts that knows the order of their changes, and nothing else. */
import type { AlertLifeStore, ChangedAlert } from '../../../collector/store/alert-life.ts';
import type { AlertSummary } from '../../../collector/store/store.ts';
import { TruantError } from '../../../shared/errors.ts';
import { alert } from './make.ts';

export class Changes implements Pick<AlertLifeStore, 'changedAlerts' | 'lastChange'> {
  readonly alerts = new Map<string, ChangedAlert>();
  /** Behind which changes it was asked. */
  readonly asked: number[] = [];
  last = 0;
  failing = 0;

  /** @returns the number of the change */
  change(id: string, parts: Partial<AlertSummary> = {}): number {
    this.last += 1;
    const { findings: _1, evidence: _2, story: _3, did: _4, actions: _5, triage: _6, ...summary } = alert(id);
    this.alerts.delete(id);
    this.alerts.set(id, { change: this.last, alert: { ...summary, revision: this.last, ...parts } });
    return this.last;
  }

  async changedAlerts(after: number, limit: number): Promise<ChangedAlert[]> {
    this.asked.push(after);
    if (this.failing > 0) {
      this.failing -= 1;
      throw new TruantError('STORE_UNAVAILABLE', 'not now');
    }
    return [...this.alerts.values()].filter(({ change }) => change > after).slice(0, limit);
  }

  lastChange(): Promise<number> {
    return Promise.resolve(this.last);
  }
}
