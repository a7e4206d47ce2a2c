/**
 * What Alertmanager is told (API v2). It knows an alert by its labels, all of them: one whose labels change is another one
 * to it, and the one before has to be resolved. What it is not told again it resolves at `endsAt`.
 */
import { leadingRule, namespaceOf } from '../../../shared/formats/facts.ts';
import { type AlertNotice, type Notice, type SummaryNotice, severityOf } from '../../../shared/formats/notice.ts';
import type { Alert } from '../../../shared/schema/alert.ts';
import { formatTime, HOUR, MINUTE, type Micros, parseTime } from '../../../shared/time.ts';

export type Labels = Readonly<Record<string, string>>;

/** PostableAlert of its OpenAPI description. */
export interface PostableAlert {
  labels: Labels;
  annotations: Record<string, string>;
  /** RFC 3339 */
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

export interface TellOptions {
  now: Micros;
  /** How long an alert that is open lasts without being told again. */
  lasts: Micros;
  /** That each alert has besides; they do not replace any of ours. */
  labels: Labels;
}

const TEST_LASTS = 5 * MINUTE;
/** Longer than people usually have Alertmanager wait before it tells of a group again. */
const SUMMARY_LASTS = HOUR;
const MAX_LABEL = 1024;
const MAX_ANNOTATION = 4096;

export function postableAlert(notice: Notice, options: TellOptions): PostableAlert {
  return notice.kind === 'alert' ? ofAlert(notice, options) : ofSummary(notice, options);
}

/** The same alert to people, which has other labels now. */
export function resolved(alert: PostableAlert, now: Micros): PostableAlert {
  return { ...alert, endsAt: formatTime(Math.max(now, parseTime(alert.startsAt) ?? now)) };
}

function ofAlert(notice: AlertNotice, options: TellOptions): PostableAlert {
  const { alert, link, isTest } = notice;
  const { now } = options;
  // Alertmanager takes nothing that ends before it starts, and a node's clock may be ahead.
  const startsAt = Math.min(parseTime(alert.firstSeen) ?? now, now);
  const lasts = isTest ? TEST_LASTS : options.lasts;
  const closedAt = parseTime(alert.resolution?.at ?? '') ?? now;
  const endsAt = alert.status === 'closed' ? Math.min(Math.max(closedAt, startsAt), now) : now + lasts;
  return {
    labels: labelsOf(notice, options.labels),
    annotations: bounded(annotationsOf(alert, link), MAX_ANNOTATION),
    startsAt: formatTime(startsAt),
    endsAt: formatTime(endsAt),
    ...(link !== undefined && { generatorURL: link }),
  };
}

function labelsOf({ alert, isTest }: AlertNotice, more: Labels): Labels {
  const labels = {
    alertname: `Truant: ${alert.title}`,
    alert_id: alert.id,
    cluster: alert.cluster,
    severity: alert.severity,
    principal: alert.principal,
    namespace: namespaceOf(alert),
    pod: alert.binding.pod?.name,
    rule: leadingRule(alert),
    test: isTest ? 'true' : undefined,
  };
  return bounded({ ...more, ...labels }, MAX_LABEL);
}

function annotationsOf(alert: Alert, link: string | undefined): Record<string, string | undefined> {
  const [kill] = alert.actions;
  return {
    summary: `${alert.title}: ${alert.principal}`,
    description: alert.summary,
    confidence: `${alert.confidence}: ${alert.confidenceWhy}`,
    status: alert.status,
    assignee: alert.assignee,
    sources: alert.sources.map(({ address, where }) => `${address} (${where})`).join(', '),
    kill: kill && `${kill.title}: ${kill.command}`,
    link,
    revision: String(alert.revision),
  };
}

function ofSummary(notice: SummaryNotice, { now, labels }: TellOptions): PostableAlert {
  const { since, until, total, link, output } = notice;
  const severity = severityOf(notice);
  const worst = notice.alerts.map((alert) => `${alert.severity}: ${alert.title}: ${alert.principal}`);
  const annotations = {
    summary: `${total} alerts came faster than the output ${output} may tell`,
    description: `They changed between ${since} and ${until}. The worst of them:\n${worst.join('\n')}`,
    link,
  };
  return {
    labels: bounded({ ...labels, alertname: 'Truant: more alerts than are told', severity, output, since }, MAX_LABEL),
    annotations: bounded(annotations, MAX_ANNOTATION),
    startsAt: formatTime(now),
    endsAt: formatTime(now + SUMMARY_LASTS),
    ...(link !== undefined && { generatorURL: link }),
  };
}

/** An empty label is none. */
function bounded(texts: Readonly<Record<string, string | undefined>>, max: number): Record<string, string> {
  const cut = Object.entries(texts).flatMap(([name, text]) => (text ? [[name, text.slice(0, max)] as const] : []));
  return Object.fromEntries(cut);
}
