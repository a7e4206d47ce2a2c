/** What outputs are handed: an alert as it is now and what became of it, or that more happened than an output may tell. */
import { type Alert, SEVERITIES, type Severity } from '../schema/alert.ts';

/** `create`: the receiver has not been told of it yet; `close`: it is closed now, and was not when last told of. */
export const NOTICE_EVENTS = ['create', 'update', 'close'] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];

export interface AlertNotice {
  kind: 'alert';
  /** The same each time that this state of this alert is sent as this event: what receivers leave duplicates out by. */
  id: string;
  event: NoticeEvent;
  alert: Alert;
  /** Of the alert on the page, if it is known where people reach that. */
  link?: string;
  /** Nothing happened: somebody tries whether alerts arrive. Said wherever it can be seen. */
  isTest?: true;
}

/** Told in place of alerts that came faster than an output may send. All of them can be read at the collector. */
export interface SummaryNotice {
  kind: 'summary';
  id: string;
  /** The output's name. */
  output: string;
  /** RFC 3339: when the first and the last of these alerts changed. */
  since: string;
  until: string;
  total: number;
  severities: Record<Severity, number>;
  /** Most first, at most 10. */
  rules: { rule: string; count: number }[];
  /** The worst first, at most 20. */
  alerts: Pick<Alert, 'id' | 'cluster' | 'title' | 'severity' | 'principal'>[];
  /** Of the list of alerts on the page. */
  link?: string;
}

export type Notice = AlertNotice | SummaryNotice;

export function noticeId({ cluster, id, revision }: Pick<Alert, 'cluster' | 'id' | 'revision'>, event: NoticeEvent) {
  return `${cluster}/${id}/${revision}/${event}`;
}

/** The worst that a notice is about. */
export function severityOf(notice: Notice): Severity {
  if (notice.kind === 'alert') return notice.alert.severity;
  return SEVERITIES.findLast((severity) => notice.severities[severity] > 0) ?? 'info';
}
