/**
 * As what Alertmanager knows each alert, so that it is resolved when its labels change. Only in memory, and of so many:
 * what is forgotten ends by itself, a few minutes later.
 */
import type { Notice } from '../../../shared/formats/notice.ts';
import type { Micros } from '../../../shared/time.ts';
import { type PostableAlert, resolved } from './alerts.ts';

export interface Telling {
  notice: Notice;
  alert: PostableAlert;
}

const MAX_ALERTS = 20_000;

export class LastTold {
  readonly #told = new Map<string, PostableAlert>();

  /** @returns what has to be told in all, and `keep` for when it has been */
  next(tellings: readonly Telling[], now: Micros): { alerts: PostableAlert[]; keep(): void } {
    /** Undefined: it is over. */
    const changed = new Map<string, PostableAlert | undefined>();
    const alerts = tellings.flatMap(({ notice, alert }) => {
      if (notice.kind === 'summary' || notice.isTest) return [alert];
      const key = `${notice.alert.cluster}/${notice.alert.id}`;
      const last = changed.has(key) ? changed.get(key) : this.#told.get(key);
      changed.set(key, notice.alert.status === 'closed' ? undefined : alert);
      return last && !isSame(last, alert) ? [resolved(last, now), alert] : [alert];
    });
    return { alerts, keep: () => this.#keep(changed) };
  }

  #keep(changed: ReadonlyMap<string, PostableAlert | undefined>): void {
    for (const [key, alert] of changed) {
      this.#told.delete(key);
      if (alert) this.#told.set(key, alert);
    }
    for (const key of this.#told.keys()) {
      if (this.#told.size <= MAX_ALERTS) return;
      this.#told.delete(key);
    }
  }
}

function isSame({ labels: a }: PostableAlert, { labels: b }: PostableAlert): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
