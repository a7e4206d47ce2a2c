/** OCSF's numbers with their texts, and its form of times. */
import type { Alert, CloseReason, Severity } from '../schema/alert.ts';
import type { Confidence } from '../schema/placement.ts';
import { parseTime } from '../time.ts';
import type { AlertNotice, NoticeEvent } from './notice.ts';

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
export const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

/** Whole milliseconds since 1970; undefined when it is not RFC 3339. */
export function millis(text: string): number | undefined {
  const micros = parseTime(text);
  return micros === undefined ? undefined : Math.floor(micros / 1000);
}

const SEVERITY: Readonly<Record<Severity, [number, string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

export function severityFields(severity: Severity) {
  const [severity_id, text] = SEVERITY[severity];
  return { severity_id, severity: text };
}

const CONFIDENCE: Readonly<Record<Confidence, [number, string]>> = {
  low: [1, 'Low'],
  medium: [2, 'Medium'],
  high: [3, 'High'],
};

export function confidenceFields(confidence: Confidence) {
  const [confidence_id, text] = CONFIDENCE[confidence];
  return { confidence_id, confidence: text };
}

const ACTIVITY: Readonly<Record<NoticeEvent, [number, string]>> = {
  create: [1, 'Create'],
  update: [2, 'Update'],
  close: [3, 'Close'],
};

/** What happened to a finding, and which class that makes it. */
export function classFields(event: NoticeEvent) {
  const [activity_id, activity_name] = ACTIVITY[event];
  return {
    activity_id,
    activity_name,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    type_uid: 200400 + activity_id,
    type_name: `Detection Finding: ${activity_name}`,
  };
}

/** OCSF calls suppressed what was reviewed, and found to be benign or a false positive. */
export function statusFields({ status, resolution }: Pick<Alert, 'status' | 'resolution'>) {
  if (status === 'open') return { status_id: 1, status: 'New' };
  if (status === 'acknowledged') return { status_id: 2, status: 'In Progress' };
  if (!resolution) return { status_id: 99, status: 'closed' };
  return resolution.reason === 'true-positive'
    ? { status_id: 4, status: 'Resolved' }
    : { status_id: 3, status: 'Suppressed' };
}

const VERDICT: Readonly<Record<CloseReason, [number, string]>> = {
  'false-positive': [1, 'False Positive'],
  'true-positive': [2, 'True Positive'],
  benign: [5, 'Benign'],
};

/** Nothing until somebody has said it. */
export function verdictFields({ isTest, alert: { status, resolution } }: AlertNotice) {
  if (isTest) return { verdict_id: 6, verdict: 'Test' };
  if (status !== 'closed' || !resolution) return {};
  const [verdict_id, verdict] = VERDICT[resolution.reason];
  return { verdict_id, verdict };
}
