/** The rules, and how many alerts each has a part in. */
import { TECHNIQUES } from '../../shared/detection/attack.ts';
import type { Rule } from '../../shared/detection/rule.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { AlertCounts } from '../store/alert-life.ts';
import type { AlertsFilter } from '../store/store.ts';
import { NoQuery } from './parameters.ts';
import { RulesAnswer } from './schemas/fleet.ts';

export interface RuleCounts {
  alertCounts(filter: AlertsFilter): Promise<Pick<AlertCounts, 'rule'>>;
}

export function rulesRoute(store: RuleCounts): RegisterRoutes {
  return endpoint({
    method: 'GET',
    url: '/api/v1/rules',
    tag: 'Fleet',
    summary: 'List rules',
    description: 'What is looked for, why, and what to do about it, with how many alerts there are of each.',
    query: NoQuery,
    answer: { schema: RulesAnswer },
    revalidated: true,
    handle: async () => {
      const [all, open] = await Promise.all([
        store.alertCounts({}),
        store.alertCounts({ status: ['open', 'acknowledged'] }),
      ]);
      const [alerts, notClosed] = [all, open].map(
        ({ rule }) => new Map(rule.map(({ value, count }) => [value, count])),
      );
      return {
        items: rules
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .map((rule) => ({ ...shown(rule), open: notClosed?.get(rule.id) ?? 0, alerts: alerts?.get(rule.id) ?? 0 })),
      };
    },
  });
}

function shown(rule: Rule): Omit<RulesAnswer['items'][number], 'open' | 'alerts'> {
  const { id, title, severity, scope, needs, why } = rule;
  return {
    id,
    title,
    severity,
    scope,
    attack: rule.attack.map((technique) => ({ id: technique, ...TECHNIQUES[technique] })),
    observes: [...rule.observes],
    needs,
    why,
    falsePositives: [...rule.falsePositives],
    blindSpots: [...rule.blindSpots],
    triage: [...rule.triage],
  };
}
