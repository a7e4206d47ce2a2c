/**
 * Stands in for a store that has no AlertLifeStore yet: counts by reading all alerts, and numbers changes since the
 * collector started.
 */
import type { Alert } from '../../shared/schema/alert.ts';
import type { AlertLifeStore, ChangedAlert } from './alert-life.ts';
import type { AlertSummary, Cursor, Store, Tally } from './store.ts';

type Interim = Pick<AlertLifeStore, 'changedAlerts' | 'lastChange'> & {
  alertCounts(...given: Parameters<AlertLifeStore['alertCounts']>): Promise<{ rule: Tally<string>[] }>;
};

const MOST_PAGES = 20;

export function alertLifeOf(store: Store, onAlerts: (listener: (alerts: readonly Alert[]) => void) => void): Interim {
  if ('changedAlerts' in store) return store as Store & AlertLifeStore;
  const changes = new Map<string, ChangedAlert>();
  let last = 0;
  onAlerts((alerts) => {
    for (const alert of alerts) {
      const key = `${alert.cluster}\n${alert.id}`;
      changes.delete(key);
      last += 1;
      changes.set(key, { change: last, alert: summaryOf(alert) });
    }
  });
  return {
    lastChange: () => Promise.resolve(last),
    changedAlerts: (after, limit) =>
      Promise.resolve([...changes.values()].filter(({ change }) => change > after).slice(0, limit)),
    alertCounts: async (filter) => {
      const counts = new Map<string, number>();
      let after: Cursor | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const { items, next } = await store.alerts(filter, { limit: 1000, after });
        for (const rule of items.flatMap(({ rules }) => rules)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
        if (!next) break;
        after = next;
      }
      return { rule: [...counts].map(([value, count]) => ({ value, count, firstSeen: 0, lastSeen: 0 })) };
    },
  };
}

function summaryOf(alert: Alert): AlertSummary {
  const { findings: _1, evidence: _2, story: _3, did: _4, actions: _5, triage: _6, ...summary } = alert;
  return summary;
}
