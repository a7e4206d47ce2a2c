/** What outputs send in the native format: a message is a line of a file, a body of HTTP, or the value of a Kafka record. */
import { z } from 'zod';
import { NOTICE_EVENTS } from '../formats/notice.ts';
import { Alert, Severity } from './alert.ts';

const count = z.int().nonnegative();

export const AlertMessage = z.strictObject({
  /** `create`: it is told for the first time; `close`: it is closed now, and was not when last told of. */
  event: z.enum(NOTICE_EVENTS),
  /** The same each time that this state of this alert is sent as this event: leave out duplicates by it. */
  id: z.string(),
  /** Of the alert on the page. */
  link: z.string().optional(),
  /** Nothing happened: somebody tried whether alerts arrive. */
  test: z.literal(true).optional(),
  alert: Alert,
});
export type AlertMessage = z.infer<typeof AlertMessage>;

/** In place of alerts that came faster than the output may send. */
export const SummaryMessage = z.strictObject({
  summary: z.strictObject({
    id: z.string(),
    output: z.string(),
    /** RFC 3339: when the first and the last of these alerts changed. */
    since: z.string(),
    until: z.string(),
    total: count,
    severities: z.record(Severity, count),
    rules: z.array(z.strictObject({ rule: z.string(), count })),
    alerts: z.array(Alert.pick({ id: true, cluster: true, title: true, severity: true, principal: true })),
    /** Of the list of alerts on the page. */
    link: z.string().optional(),
  }),
});
export type SummaryMessage = z.infer<typeof SummaryMessage>;

export const NoticeMessage = z.union([AlertMessage, SummaryMessage]);
