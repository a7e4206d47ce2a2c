/** Notices of alerts, and summaries, made up or arbitrary. */
import fc from 'fast-check';
import {
  type AlertNotice,
  NOTICE_EVENTS,
  type Notice,
  noticeId,
  type SummaryNotice,
} from '../../../shared/formats/notice.ts';
import type { Alert } from '../../../shared/schema/alert.ts';
import { arbitraryAlert, hostileText, time } from './arbitrary-alert.ts';

export const LINK = 'https://truant.example/#/alerts/prod/al_1?a=1&b=2';

export function noticeOf(alert: Alert, changes: Partial<AlertNotice> = {}): AlertNotice {
  const event = changes.event ?? 'create';
  return { kind: 'alert', id: noticeId(alert, event), event, alert, link: LINK, ...changes };
}

export const summary: SummaryNotice = {
  kind: 'summary',
  id: 'siem/2030-01-01T00:00:00.000000Z',
  output: 'siem',
  since: '2030-01-01T00:00:00.000000Z',
  until: '2030-01-01T00:05:00.000000Z',
  total: 41,
  severities: { info: 0, low: 0, medium: 30, high: 10, critical: 1 },
  rules: [{ rule: 'token-used-away-from-pod', count: 30 }],
  alerts: [
    {
      id: 'al_1',
      cluster: 'prod',
      title: 'Token used away',
      severity: 'critical',
      principal: 'system:serviceaccount:shop:cart',
    },
  ],
  link: LINK,
};

export const arbitraryNotice: fc.Arbitrary<AlertNotice> = fc
  .record({
    alert: arbitraryAlert,
    event: fc.constantFrom(...NOTICE_EVENTS),
    isTest: fc.boolean(),
    link: fc.option(fc.webUrl({ withQueryParameters: true }), { nil: undefined }),
  })
  .map(({ alert, event, isTest, link }) => ({
    kind: 'alert',
    id: noticeId(alert, event),
    event,
    alert,
    ...(isTest && { isTest }),
    ...(link !== undefined && { link }),
  }));

const count = fc.nat(1000);

const arbitrarySummary: fc.Arbitrary<SummaryNotice> = fc.record({
  kind: fc.constant('summary'),
  id: hostileText(),
  output: hostileText(64),
  since: time,
  until: time,
  total: count,
  severities: fc.record({ info: count, low: count, medium: count, high: count, critical: count }),
  rules: fc.array(fc.record({ rule: hostileText(), count }), { maxLength: 10 }),
  alerts: fc.array(
    arbitraryAlert.map(({ id, cluster, title, severity, principal }) => ({ id, cluster, title, severity, principal })),
    { maxLength: 20 },
  ),
});

export const arbitraryOfAll: fc.Arbitrary<Notice> = fc.oneof(
  { weight: 4, arbitrary: arbitraryNotice },
  { weight: 1, arbitrary: arbitrarySummary },
);
