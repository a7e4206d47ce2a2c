/** What the store keeps about alerts besides what was found: what people did, and what is not to be told of again. */
import type { Alert, AlertStatus, Severity } from '../../shared/schema/alert.ts';
import type { ActionRecord, Exception } from '../../shared/schema/handling.ts';
import type { Micros } from '../../shared/time.ts';
import type { AlertSummary, AlertsFilter, Tally } from './store.ts';

/** `newest`: opened last first; `worst`: by severity, then confidence, then newest; `latest`: seen last first. */
export const ALERT_ORDERS = ['newest', 'worst', 'latest'] as const;
export type AlertOrder = (typeof ALERT_ORDERS)[number];

/** How many alerts there are by each of these, of those that a filter leaves. */
export interface AlertCounts {
  total: number;
  severity: Record<Severity, number>;
  status: Record<AlertStatus, number>;
  /** Most first, at most 100; times of first and last seen. An alert may have several rules. */
  rule: Tally<string>[];
  cluster: Tally<string>[];
  principal: Tally<string>[];
}

/** Another alert, and what it has in common with the one that was asked about. */
export interface RelatedAlert {
  alert: AlertSummary;
  because: ('source' | 'principal' | 'credential' | 'node')[];
}

/** Every change of an alert has a number of its own, which only ever grows: what a subscriber has seen up to. */
export interface ChangedAlert {
  change: number;
  alert: AlertSummary;
}

export interface ExceptionsFilter {
  id?: string | undefined;
  cluster?: string | undefined;
  /** In force at this time. */
  activeAt?: Micros | undefined;
}

export interface AlertLifeStore {
  /** Each whole, of those that there are. */
  wholeAlerts(alerts: readonly { cluster: string; id: string }[]): Promise<Alert[]>;
  alertCounts(filter: AlertsFilter): Promise<AlertCounts>;
  /** Of the same principal, credential, node or source address, the newest first. In another cluster: of an address on the internet. */
  relatedAlerts(id: string, cluster: string, limit: number): Promise<RelatedAlert[]>;
  /** Alerts that changed after that change, each as it is now, in order of their changes. */
  changedAlerts(after: number, limit: number): Promise<ChangedAlert[]>;
  /** The number of the newest change; 0 before the first. */
  lastChange(): Promise<number>;
  /** What was done about an alert, newest first. */
  activity(id: string, cluster: string, limit: number): Promise<ActionRecord[]>;
  /** Newest first. */
  exceptions(filter: ExceptionsFilter, limit: number): Promise<Exception[]>;
}
