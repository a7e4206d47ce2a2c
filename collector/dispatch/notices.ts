/** Notices out of alerts. Pure. */
import { type AlertNotice, type NoticeEvent, noticeId, type SummaryNotice } from '../../shared/formats/notice.ts';
import { type Alert, SEVERITIES, type Severity } from '../../shared/schema/alert.ts';
import type { Waiting } from './pending.ts';

const MOST_RULES = 10;
const MOST_ALERTS = 20;

/** @param page where people reach the page, if that is known */
export function alertNotice(alert: Alert, event: NoticeEvent, page: string | undefined): AlertNotice {
  const { cluster, id } = alert;
  const link = page && { link: `${page}/alerts/${encodeURIComponent(cluster)}/${encodeURIComponent(id)}` };
  return { kind: 'alert', id: noticeId(alert, event), event, alert, ...link };
}

/** @param told at least one */
export function summaryNotice(output: string, told: readonly Waiting[], page: string | undefined): SummaryNotice {
  const times = told.map(({ about }) => about.updatedAt).toSorted();
  const changes = told.map(({ change = 0 }) => change);
  const severities = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  const rules = new Map<string, number>();
  for (const { about } of told) {
    severities[about.severity] += 1;
    for (const rule of about.rules) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  }
  return {
    kind: 'summary',
    id: `summary/${output}/${Math.min(...changes)}-${Math.max(...changes)}/${told.length}`,
    output,
    since: times[0] ?? '',
    until: times.at(-1) ?? '',
    total: told.length,
    severities,
    rules: [...rules]
      .map(([rule, count]) => ({ rule, count }))
      .toSorted((a, b) => b.count - a.count || (a.rule < b.rule ? -1 : 1))
      .slice(0, MOST_RULES),
    alerts: told
      .toSorted((a, b) => SEVERITIES.indexOf(b.about.severity) - SEVERITIES.indexOf(a.about.severity))
      .slice(0, MOST_ALERTS)
      .map(({ id, cluster, about: { title, severity, principal } }) => ({ id, cluster, title, severity, principal })),
    ...(page && { link: `${page}/alerts` }),
  };
}
